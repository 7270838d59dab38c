import ArgumentParser
import FrameLog
import Server

/// Options of `serve`: what uploads, and the windows they fill, may take of the server's memory.
struct UploadLimitOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The largest item, at most 1GiB. (default: 16MiB)", valueName: "size"))
    var maxItemSize: ByteSize?

    @Option(
        help: ArgumentHelp(
            "For items that have not come whole, of all uploads together; each event loop has an equal part, "
                + "and room for two of the largest items at least. (default: 512MiB)",
            valueName: "size"))
    var maxUploadMemory: ByteSize?

    func apply(_ source: OptionSource, to configuration: inout ServerConfiguration) throws {
        if let size = try source.value(maxItemSize, "max-item-size") {
            try OptionSource.check(
                size.byteCount, within: 1...Self.itemByteCountMax, "max-item-size", "1 to 1GiB")
            configuration.log.itemByteCountMax = Int(size.byteCount)
            // A segment holds an item of the greatest size with what is said about it.
            configuration.log.segmentByteCount = max(
                configuration.log.segmentByteCount, Int(size.byteCount) + Self.segmentRoomByteCount)
        }
        if let size = try source.value(maxUploadMemory, "max-upload-memory") {
            try OptionSource.check(
                size.byteCount, within: 1 << 20...1 << 40, "max-upload-memory", "1MiB to 1TiB")
            configuration.limits.uploadByteCountMax = Int(size.byteCount)
        }
    }

    /// An item is held in memory while it arrives, so what is allowed must be far below what a machine has.
    private static let itemByteCountMax: UInt64 = 1 << 30
    private static let segmentRoomByteCount = 4 << 20
}
