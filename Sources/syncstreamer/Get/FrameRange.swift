import ArgumentParser
import Bytes
import HTTPClient
import Posix

/// A stretch of time, in milliseconds since the UNIX epoch, of which frames are asked for.
struct FrameRange: Equatable {
    let from: UInt64
    /// Exclusive; nil for all that there is.
    let to: UInt64?
}

/// Options that name a stretch of time.
struct RangeOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp("The frames of so long ago until now, such as 10m.", valueName: "duration"))
    var since: TimeSpan?

    @Option(
        help: ArgumentHelp(
            "The frames from a time on: milliseconds since 1970 or 2026-11-23T10:36:56Z.", valueName: "time"))
    var from: Moment?

    @Option(help: ArgumentHelp("And before this one. (default: all that there are)", valueName: "time"))
    var to: Moment?

    /// Whether any is given.
    var isGiven: Bool { since != nil || from != nil || to != nil }

    func validate() throws {
        if since != nil && from != nil { throw ValidationError("give --since or --from, not both") }
        if let from, let to, from.milliseconds >= to.milliseconds {
            throw ValidationError("--from is to be before --to")
        }
    }

    /// The time that the options name; "now" is the server's, whose clock the frames go by.
    func range(of server: RemoteServer) throws -> FrameRange {
        try range { try server.nowMilliseconds() }
    }

    /// The same, by the clock that `now` reads where it is needed.
    func range(now: () throws -> UInt64) throws -> FrameRange {
        var start = from?.milliseconds ?? 0
        if let since {
            let now = try now()
            start = now > since.milliseconds ? now - since.milliseconds : 0
        }
        return FrameRange(from: start, to: to?.milliseconds)
    }
}

extension RemoteServer {
    /// The server's clock, which is this machine's where the server tells none.
    func nowMilliseconds() throws -> UInt64 {
        do {
            let answer = try get(["time"])
            // With a fraction, which is of no use here.
            guard case .number(let text) = JSONValue(answer.body.span)?["sentAt"] else {
                return Clock.wallMilliseconds()
            }
            return Array(text.utf8.prefix { $0 != UInt8(ascii: ".") }).span.decimal()
                ?? Clock.wallMilliseconds()
        } catch let refusal as ServerRefusal where refusal.status == 404 {
            return Clock.wallMilliseconds()
        }
    }
}
