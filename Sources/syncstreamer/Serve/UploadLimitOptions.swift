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

    @Option(
        help: ArgumentHelp(
            "How many times its size a body in gzip may stand for, at most 1100. (default: 200)",
            valueName: "count"))
    var maxGzipRatio: Int?

    @Option(help: ArgumentHelp("Channels in a frame, at most 16777216. (default: 65536)", valueName: "count"))
    var maxFrameChannels: Int?

    @Option(
        help: ArgumentHelp("Items in a frame, at most 1073741824. (default: 67108864)", valueName: "count"))
    var maxFrameItems: Int?

    @Option(
        help: ArgumentHelp(
            "Idempotency-Keys remembered at a time, at most 16777216. (default: 500000)", valueName: "count"))
    var maxKeys: Int?

    @Option(
        help: ArgumentHelp(
            "Of those, by one secret or client certificate. (default: 250000)", valueName: "count"))
    var maxKeysPerSecret: Int?

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
        if let ratio = try source.value(maxGzipRatio, "max-gzip-ratio") {
            try OptionSource.check(ratio, within: 1...1100, "max-gzip-ratio", "1 to 1100")
            configuration.gzipRatioMax = UInt64(ratio)
        }
        if let count = try count(source.value(maxFrameChannels, "max-frame-channels"), "max-frame-channels") {
            configuration.log.channelsMax = count
        }
        if let count = try source.value(maxFrameItems, "max-frame-items") {
            try OptionSource.check(count, within: 1...1 << 30, "max-frame-items", "1 to 1073741824")
            configuration.log.itemsMax = count
        }
        if let count = try count(source.value(maxKeys, "max-keys"), "max-keys") {
            configuration.log.keysMax = count
        }
        let keysPerSecret = try source.value(maxKeysPerSecret, "max-keys-per-secret")
        if let count = try count(keysPerSecret, "max-keys-per-secret") {
            configuration.log.keysPerOwnerMax = count
        }
    }

    private func count(_ value: Int?, _ option: String) throws -> Int? {
        if let value { try OptionSource.check(value, within: 1...1 << 24, option, "1 to 16777216") }
        return value
    }

    /// An item is held in memory while it arrives, so what is allowed must be far below what a machine has.
    private static let itemByteCountMax: UInt64 = 1 << 30
    private static let segmentRoomByteCount = 4 << 20
}
