import ArgumentParser
import Bytes
import Posix

/// `syncstreamer get`: fetches frames, and lets nothing out that was not checked.
struct GetCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "get",
        abstract: "Fetch a frame to a file or standard output, or many to a directory, checking digests.",
        discussion: """
            Nothing is written before a frame is there as a whole and its octets are those that the server \
            vouches for; a file that was there before is replaced at once, or left as it was.

            With --since, --from or --to all frames of that time go to the directory that --out names, as \
            ID.frame. What is there already and what the server has is not fetched again, so a copy that was \
            interrupted goes on where it was. Exit status 1 says that a frame is missing.

            Examples:

              syncstreamer get latest --output latest.frame
              syncstreamer get 2026-11-23T10:36:56Z | syncstreamer inspect -
              syncstreamer get --since 10m --out frames
            """)

    @Argument(
        help: "A frame's id, 'latest', or a time in it: milliseconds since 1970 or 2026-11-23T10:36:56Z.")
    var frame: FrameSelector?

    @Option(help: ArgumentHelp("Where the frame is written. (default: standard output)", valueName: "file"))
    var output: String?

    @Option(
        help: ArgumentHelp("Where the frames of a time are written; made if missing.", valueName: "directory")
    )
    var out: String?

    @OptionGroup(title: "Time") var rangeOptions: RangeOptions
    @OptionGroup(title: "Server") var serverOptions: ServerOptions

    func validate() throws {
        if rangeOptions.isGiven {
            if frame != nil { throw ValidationError("give a frame, or --since, --from and --to, not both") }
            if output != nil { throw ValidationError("frames of a time go to a directory: give --out") }
            if out == nil { throw ValidationError("say where the frames are to go: --out DIRECTORY") }
        } else {
            if out != nil { throw ValidationError("--out is for --since, --from and --to") }
            if frame == nil {
                throw ValidationError("say which frame: an id, 'latest', a time, or --since with --out")
            }
        }
    }

    func run() throws {
        if let out { return try copyRange(to: out) }
        guard let frame else { preconditionFailure("validated") }
        if output == nil && Terminal.isOutput {
            throw ValidationError(
                "a frame is no text: give --output FILE, or pipe it into 'syncstreamer inspect -'")
        }
        let server = try serverOptions.server()
        if let output, output != "-" {
            try fetch(frame, from: server, to: output)
        } else {
            try fetchToStandardOutput(frame, from: server)
        }
    }

    private func copyRange(to directory: String) throws {
        // First of all, so that a signal leaves no temporary file behind.
        let interruption = try Interruption()
        let server = try serverOptions.server()
        let range = try rangeOptions.range(of: server)
        let entries = try server.frames(in: range) { interruption.isRequested }
        guard let first = entries.first else {
            throw CommandFailure("\(server.base.text) has no frame of that time")
        }
        if first.startAt > range.from && range.from > 0 {
            Lines.say("the first frame is of \(Quantities.moment(first.startAt)); there is none before it")
        }
        var copy = try FrameCopy(from: server, to: directory) { interruption.isRequested }
        do {
            try copy.run(entries)
        } catch {
            Lines.say(copy.summary)
            throw error
        }
        Lines.say(copy.summary)
        if copy.removedCount > 0 { throw ExitCode.failure }
    }

    private func fetch(_ frame: FrameSelector, from server: RemoteServer, to path: String) throws {
        // From here on a signal must not leave the temporary file behind.
        let interruption = try Interruption()
        let target = try TemporaryFile(beside: path)
        let byteCount = try fetch(frame, from: server, into: target.file) { interruption.isRequested }
        try target.keep()
        Lines.say("\(path): \(Quantities.size(byteCount))")
    }

    private func fetchToStandardOutput(_ frame: FrameSelector, from server: RemoteServer) throws {
        let target = try TemporaryFile(in: Environment.value(of: "TMPDIR") ?? "/tmp")
        target.remove()
        let byteCount = try fetch(frame, from: server, into: target.file) { false }
        var position: UInt64 = 0
        var buffer = Buffer()
        while position < byteCount {
            buffer.removeAll()
            position += UInt64(try target.file.read(at: position, count: Self.pieceByteCount, into: &buffer))
            if !StandardStreams.writeOutput(buffer.octets) { throw CommandFailure.outputFailed }
        }
    }

    /// Fetches the frame that is meant and checks it; returns its length.
    private func fetch(
        _ frame: FrameSelector, from server: RemoteServer, into file: File, unless isCancelled: () -> Bool
    ) throws -> UInt64 {
        switch frame {
        case .latest: return try fetch(server.latestFrame(), from: server, into: file, unless: isCancelled)
        case .moment(let milliseconds):
            return try fetch(covering: milliseconds, from: server, into: file, unless: isCancelled)
        case .number(let number):
            do {
                return try fetch(String(number), from: server, into: file, unless: isCancelled)
            } catch let refusal as ServerRefusal where refusal.status == 404 {
                // No frame begins there, but one may cover it.
                guard let id = try server.frame(at: number) else { throw refusal }
                return try fetch(id, from: server, into: file, unless: isCancelled)
            }
        }
    }

    private func fetch(
        covering milliseconds: UInt64, from server: RemoteServer, into file: File,
        unless isCancelled: () -> Bool
    ) throws -> UInt64 {
        guard let id = try server.frame(at: milliseconds) else {
            throw CommandFailure("\(server.base.text) has no frame of \(Quantities.moment(milliseconds))")
        }
        return try fetch(id, from: server, into: file, unless: isCancelled)
    }

    private func fetch(
        _ id: String, from server: RemoteServer, into file: File, unless isCancelled: () -> Bool
    ) throws -> UInt64 {
        guard
            let byteCount = try server.fetch(
                id, into: file, progress: ProgressBar(), unless: isCancelled)
        else { preconditionFailure("nothing was there that could be the frame") }
        return byteCount
    }

    private static let pieceByteCount = 64 * 1024
}
