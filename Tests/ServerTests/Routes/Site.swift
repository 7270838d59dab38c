// Support for tests of the routes: requests as octets, and what a loop hands to the routes beside them.

import Bytes
import HTTP
import TLS
import Testing

@testable import FrameLog
@testable import Server

/// Routes with a catalogue, a secret and a clock that stands: what a loop hands them, without the loop.
struct Site {
    /// A window of 10 s begins here.
    static let now: UInt64 = 1_732_310_405_250
    static let secret = "open sesame"

    var context: RequestContext
    /// Who asks.
    var requester = Requester()

    init(
        catalog: FrameCatalog = FrameCatalog(files: [], retired: RetiredFrames()), corsOrigin: String = "*",
        latenessMilliseconds: UInt64 = 0, patterns: [ChannelPattern] = [.all],
        rates: RateLimits = RateLimits(), isGoCompatible: Bool = false
    ) {
        let entry = SecretEntry(name: "test", secret: Array(Self.secret.utf8).span, patterns: patterns)
        context = RequestContext(
            nowMilliseconds: Self.now, receivedMicroseconds: Self.now * 1000 + 42, catalog: catalog,
            secrets: SecretSet([entry]), limiter: RateLimiter(rates),
            settings: RouteSettings(
                corsOrigin: corsOrigin, itemByteCountMax: 1000, frameDurationMilliseconds: 10_000,
                latenessMilliseconds: latenessMilliseconds, isGoCompatible: isGoCompatible))
    }

    /// The answer to a request that needs no body: its line without the version, and field lines.
    func ask(_ line: String, _ fields: String...) throws -> Answer {
        try ask(line, fields)
    }

    func ask(_ line: String, _ fields: [String]) throws -> Answer {
        let (decision, answer) = try decide(line, fields)
        guard case .respond = decision else {
            Issue.record("there is no answer yet: \(line)")
            throw Refused()
        }
        return answer
    }

    /// The upload that a POST's head leads to.
    func accept(_ line: String, _ fields: String...) throws -> Upload { try accept(line, fields) }

    func accept(_ line: String, _ fields: [String]) throws -> Upload {
        let (decision, answer) = try decide(line, fields)
        guard case .receive(let upload) = decision else {
            Issue.record("refused: \(answer.status) \(answer.text)")
            throw Refused()
        }
        return upload
    }

    /// What a request waits for.
    func follow(_ line: String, _ fields: String...) throws -> Followed { try follow(line, fields) }

    func follow(_ line: String, _ fields: [String]) throws -> Followed {
        let (decision, answer) = try decide(line, fields)
        guard case .follow(let followed) = decision else {
            Issue.record("it is answered at once: \(answer.status) \(answer.text)")
            throw Refused()
        }
        return followed
    }

    /// What becomes of a whole body: a timestamp for the log, or an answer.
    func finish(_ upload: inout Upload, _ body: String) throws -> (timestamp: ItemTimestamp?, answer: Answer)
    {
        let (pending, batch) = try receive(upload, Array(body.utf8))
        upload = pending.head
        if let entry = batch.entries.first {
            return (
                entry.isServerStamped ? .server(entry.timestamp) : .device(entry.timestamp),
                Answer(Response())
            )
        }
        return (nil, answer(pending))
    }

    /// The answer to an upload of one item that the log has decided on.
    func answer(_ verdict: ItemVerdict, _ upload: Upload) throws -> Answer {
        let (pending, _) = try receive(upload, Array("1".utf8))
        pending.decide(verdict, byteCount: 1, nowMilliseconds: context.nowMilliseconds)
        return answer(pending)
    }

    /// The answer to an upload whose body has ended.
    func answer(_ pending: PendingUpload) -> Answer {
        var response = Response()
        guard pending.isDecided, let ending = pending.ending else { preconditionFailure("not decided yet") }
        Router.answer(pending.tally, ending, of: pending.head, context, &response)
        return Answer(response)
    }

    /// An upload whose body has come as a whole, and its items on their way to the log.
    func receive(_ upload: Upload, _ body: [UInt8]) throws -> (pending: PendingUpload, batch: ItemBatch) {
        let pending = try PendingUpload(upload)
        var batch = ItemBatch()
        pending.take(body.span)
        pending.finishContent()
        while pending.work(into: &batch, ticket: 1, context) {}
        return (pending, batch)
    }

    /// Has the log decide on all that is on its way.
    func decide(_ pending: PendingUpload, _ batch: ItemBatch, _ verdict: (Int) -> ItemVerdict) {
        for index in 0..<batch.count {
            pending.decide(
                verdict(index), byteCount: batch.payloadByteCount(at: index),
                nowMilliseconds: context.nowMilliseconds)
        }
    }

    private func decide(_ line: String, _ fields: [String]) throws -> (Decision, Answer) {
        let text = "\(line) HTTP/1.1\r\nHost: example.org\r\n" + fields.map { $0 + "\r\n" }.joined() + "\r\n"
        let octets = Array(text.utf8)
        var head = RequestHead()
        try head.parse(octets.span)
        var response = Response()
        // What an earlier request left behind must not show.
        response.fields.append("Stale: 1\r\n")
        response.text.append("stale")
        response.failure = "stale"
        let decision = Router.route(head, octets.span, context, from: requester, &response)
        return (decision, Answer(response))
    }
}

struct Refused: Error {}
