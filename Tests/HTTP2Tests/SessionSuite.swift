// What the tests of the session share: one that is open, and a peer that writes its frames by hand.

import Bytes
import HTTP
import Testing

@testable import HTTP2

protocol SessionSuite {
    var session: HTTP2Session { get }
}

struct MissingRequest: Error {}

extension SessionSuite {
    var limits: HTTP2Limits { HTTP2Limits() }

    static func makeSession() throws -> HTTP2Session {
        let session = try #require(HTTP2Session(limits: HTTP2Limits(), requestLimits: RequestLimits()))
        _ = session.makePieces(byteCountMax: 1000)
        session.removePieces()
        // Settings count once they are acknowledged.
        let preface = Peer.preface + Peer.settings([]) + Peer.frame(4, flags: 1, 0, [])
        _ = session.receive(preface.span, now: 0)
        return session
    }

    /// Gives octets to the session and returns what they came to.
    func receive(_ octets: [UInt8], now: UInt64 = 0) throws -> [HTTP2Event] {
        session.removeEvents()
        let count = session.receive(octets.span, now: now)
        #expect(count == octets.count)
        return session.events
    }

    /// What the session has to say, with zeros for content.
    func sent(byteCountMax: Int = 1 << 20) -> [Peer.Frame] {
        sent(by: session, byteCountMax: byteCountMax)
    }

    func sent(by session: HTTP2Session, byteCountMax: Int = 1 << 20) -> [Peer.Frame] {
        Peer.sent(by: session, byteCountMax: byteCountMax)
    }

    func respond(_ stream: HTTP2StreamID, contentByteCount: Int) {
        var lines = Buffer()
        lines.append("Content-Type: text/plain\r\n")
        session.respond(stream, status: 200, lines: &lines, contentByteCount: contentByteCount)
    }

    func request(
        _ number: Int32, _ fields: [(String, String)] = Peer.get("/frame"), ends: Bool = true
    )
        throws -> HTTP2StreamID
    {
        let events = try receive(Peer.headers(number, fields, ends: ends))
        guard case .request(let stream, .success, _)? = events.first else { throw MissingRequest() }
        return stream
    }
}
