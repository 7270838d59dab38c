import ArgumentParser
import Bytes
import HTTPClient
import Posix
import TimeFrame

/// `syncstreamer tail`: prints items as they come.
struct TailCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tail",
        abstract: "Follow: each item as it is sealed, or with --live as it arrives, as a line of JSON.",
        discussion: """
            A line is {"channel", "type", "timestamp", "frame", "data"}: 'data' is the JSON value as it was \
            posted; of other items it is base 64, and "encoding": "base64" says so. Frames are taken whole, \
            in their order. A server that goes away is tried again until it is back, and no item is left out \
            or printed twice; if the server has removed frames meanwhile, that is said. Ctrl-C ends it, and \
            so does a reader that goes away; both with exit status 0.

            With --live items come as soon as they are durable, before their frame is sealed, without \
            "frame". Items that pass while the connection is lost, or faster than they are \
            read, are left out, and that is said.

            Examples:

              syncstreamer tail kitchen | jq .data.celsius
              syncstreamer tail --since 1h > last-hour.ndjson
              syncstreamer tail --live kitchen hall
            """)

    @Argument(help: "The ids of channels. (default: all)")
    var channels: [String] = []

    @Flag(help: "Print items as they arrive instead of as they are sealed.")
    var live = false

    @Option(help: ArgumentHelp("Begin with the frames of so long ago, such as 10m.", valueName: "duration"))
    var since: TimeSpan?

    @Option(
        help: ArgumentHelp(
            "Begin with the frames of a time: milliseconds since 1970 or 2026-11-23T10:36:56Z. "
                + "(default: the next frame)", valueName: "time"))
    var from: Moment?

    @OptionGroup(title: "Server") var serverOptions: ServerOptions

    func validate() throws {
        if live && channels.isEmpty { throw ValidationError("--live takes the ids of channels") }
        if live && (since != nil || from != nil) {
            throw ValidationError("--live begins now; leave out --since and --from")
        }
        if since != nil && from != nil { throw ValidationError("give --since or --from, not both") }
        if channels.contains("") { throw ValidationError("a channel's id can't be empty") }
    }

    func run() throws {
        // First of all, so that no thread takes a signal by itself.
        let end = try TailEnd()
        if live {
            try LiveTail.run(channels, makeServer: { try serverOptions.server() }, until: end)
        } else {
            try follow(serverOptions.server(), until: end)
        }
    }

    private func follow(_ server: RemoteServer, until end: TailEnd) throws {
        var patience = Patience { end.wait(milliseconds: $0) }
        let start = {
            let range = try range(of: server)
            return try FrameFollower(of: server, from: range) { end.hasCome }
        }
        guard var follower = try patience.attempt(start) else { return }
        let wanted = Set(channels.map { Array($0.utf8) })
        while let step = try patience.attempt({ try follower.next { end.hasCome } }) {
            switch step {
            case .none(let milliseconds):
                if end.wait(milliseconds: milliseconds) { return }
            case .gap(let from, let to):
                Lines.say(
                    "the server had removed the frames from \(Quantities.moment(from)) to "
                        + "\(Quantities.moment(to)) before they could be read")
            case .frame(let entry):
                do {
                    guard let frame = try patience.attempt({ try fetch(entry, from: server, until: end) })
                    else { return }
                    if try !print(frame, entry.id, wanted, until: end) { return }
                } catch let refusal as ServerRefusal where refusal.status == 404 || refusal.status == 410 {
                    Lines.say("frame \(entry.id) was removed before it could be read")
                }
                follower.take(entry)
            }
        }
    }

    private func range(of server: RemoteServer) throws -> FrameRange? {
        if let from { return FrameRange(from: from.milliseconds, to: nil) }
        guard let since else { return nil }
        let now = try server.nowMilliseconds()
        return FrameRange(from: now > since.milliseconds ? now - since.milliseconds : 0, to: nil)
    }

    private func fetch(
        _ entry: IndexEntry, from server: RemoteServer, until end: TailEnd
    ) throws -> MappedFile {
        let file = try TemporaryFile(in: Environment.value(of: "TMPDIR") ?? "/tmp")
        file.remove()
        _ = try server.fetch(entry.id, into: file.file) { end.hasCome }
        return try file.file.map()
    }

    /// Prints a frame's items; false where nobody reads any more, or the end was asked for.
    private func print(
        _ frame: MappedFile, _ id: String, _ wanted: Set<[UInt8]>, until end: TailEnd
    ) throws -> Bool {
        // It was checked when it came.
        let reader = try FrameReader(inEitherOrder: frame.octets)
        var lines = Buffer()
        for index in 0..<reader.channelCount {
            let channel = reader.channel(at: index)
            if !wanted.isEmpty && !wanted.contains(channel.id.copied()) { continue }
            var items = channel.items
            while let item = items.next() {
                ItemLine.append(item, of: channel, frame: id, to: &lines)
                if lines.count >= Self.pieceByteCount {
                    if !StandardStreams.writeOutput(lines.octets, unless: { end.hasCome }) { return false }
                    lines.removeAll()
                }
            }
        }
        return StandardStreams.writeOutput(lines.octets, unless: { end.hasCome })
    }

    private static let pieceByteCount = 64 * 1024
}
