import ArgumentParser
import Bytes
import Posix
import TimeFrame

/// `syncstreamer export`: writes frames into a file of another format.
struct ExportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Write frames into an MCAP file, the container of robotics logs (mcap.dev).",
        discussion: """
            The frames are those of a server (--since, --from, --to), or files, and all *.frame of \
            directories. Each item is a message with the item's time, its octets as they were posted, on a \
            topic with the channel's id. JSON has the encoding 'json' and a schema that says what the \
            channel's first item tells; for other items the encoding is the channel's type, and there is no \
            schema. A file that was there is replaced when the new one is whole.

            Examples:

              syncstreamer export --mcap last-hour.mcap --since 1h
              syncstreamer export --mcap run.mcap data/frames
            """)

    @Option(help: ArgumentHelp("The file to write.", valueName: "file"))
    var mcap: String

    @Argument(help: "Files of frames, and directories. (default: a server's frames)")
    var frames: [String] = []

    @Flag(help: "The frames have each channel's id before its type, as 'serve --compat-go' writes them.")
    var idFirst = false

    @OptionGroup(title: "Time") var rangeOptions: RangeOptions
    @OptionGroup(title: "Server") var serverOptions: ServerOptions

    func validate() throws {
        if frames.isEmpty != rangeOptions.isGiven {
            throw ValidationError(
                "say which frames: files or directories, or a server's with --since or --from")
        }
    }

    func run() throws {
        // First of all, so that a signal leaves no temporary file behind.
        let interruption = try Interruption()
        let source = try source { interruption.isRequested }
        let target = try TemporaryFile(beside: mcap)
        let index = try TemporaryFile(in: Environment.value(of: "TMPDIR") ?? "/tmp")
        index.remove()
        var writer = try MCAPWriter(
            to: target.file, indexFile: index.file, library: "syncstreamer \(SyncStreamer.version)")
        var removedCount: UInt64 = 0
        try write(source, to: &writer, removed: { removedCount += 1 }, unless: { interruption.isRequested })
        try writer.finish()
        try target.keep()
        if writer.cappedCount > 0 {
            Lines.say(
                "\(Quantities.count(writer.cappedCount, "item")) of times that MCAP can't say, past the "
                    + "year 2554, have the latest that it can")
        }
        Lines.say(
            "\(mcap): \(Quantities.count(writer.messageCount, "message")), "
                + Quantities.size(writer.byteCount))
        if removedCount > 0 {
            throw CommandFailure(
                "\(Quantities.count(removedCount, "frame")) of that time had been removed by the server "
                    + "before it was fetched")
        }
    }

    private func source(unless isCancelled: () -> Bool) throws -> FrameSource {
        if !frames.isEmpty { return .files(try frames.flatMap { try FramePath.frames(at: $0) }) }
        let server = try serverOptions.server()
        let range = try rangeOptions.range(of: server)
        let entries = try server.frames(in: range, unless: isCancelled)
        if entries.isEmpty { throw CommandFailure("\(server.base.text) has no frame of that time") }
        return .server(server, entries)
    }

    private func write(
        _ source: FrameSource, to writer: inout MCAPWriter, removed: () -> Void,
        unless isCancelled: () -> Bool
    ) throws {
        var progress = ProgressBar()
        defer { progress.finish() }
        var doneCount: UInt64 = 0
        func advance() {
            doneCount += 1
            let words = "\(doneCount) of \(source.count) frames"
            progress.update(ProgressBar.line(doneCount, of: UInt64(source.count), words: words))
        }
        let order: MetadataOrder = idFirst ? .idFirst : .typeFirst
        let skip = { (_: String) in
            removed()
            advance()
        }
        try source.forEach(order: order, unless: isCancelled, removed: skip) { frame in
            try writer.add(frame)
            advance()
        }
    }
}
