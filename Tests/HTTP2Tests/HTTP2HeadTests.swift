// What the session makes of heads in many frames, or that don't end: who counts what, and since when one is
// awaited. The peer writes its frames by hand.

import HTTP
import Testing

@testable import HTTP2

@Suite struct HTTP2HeadTests {
    private let limits = HTTP2Limits()
    private let session: HTTP2Session

    init() throws {
        session = try #require(HTTP2Session(limits: limits, requestLimits: RequestLimits()))
        let preface = Peer.preface + Peer.settings([]) + Peer.frame(4, flags: 1, 0, [])
        #expect(session.receive(preface.span, now: 0) == preface.count)
        _ = Peer.sent(by: session)
    }

    /// A request's head in one HEADERS frame and so many CONTINUATION frames, in pieces of so many octets.
    private func receive(_ number: Int32, continuations: Int, pieceByteCount: Int) {
        let block = Array(Peer.headers(number, Peer.get("/frame")).dropFirst(9))
        var octets = Peer.frame(1, flags: 1, number, continuations == 0 ? block : [])
        for index in 1...continuations {
            let isLast = index == continuations
            octets += Peer.frame(9, flags: isLast ? 4 : 0, number, isLast ? block : [])
        }
        for start in stride(from: 0, to: octets.count, by: pieceByteCount) {
            let piece = Array(octets[start..<min(octets.count, start + pieceByteCount)])
            _ = session.receive(piece.span, now: 0)
        }
    }

    /// nghttp2 counts a piece of a frame's head as a frame.
    @Test(arguments: [1, 2, 9, 1000]) func continuationsAreCountedAsFrames(pieceByteCount: Int) {
        receive(1, continuations: limits.continuationsMax, pieceByteCount: pieceByteCount)
        #expect(session.events.count == 1)
        receive(3, continuations: limits.continuationsMax, pieceByteCount: pieceByteCount)
        #expect(session.events.count == 2)
        #expect(!session.isOver)
    }

    /// CVE-2024-27316.
    @Test(arguments: [1, 9, 1000]) func oneContinuationTooManyEndsTheConnection(pieceByteCount: Int) {
        receive(1, continuations: limits.continuationsMax + 1, pieceByteCount: pieceByteCount)
        #expect(session.events.isEmpty)
        // ENHANCE_YOUR_CALM
        #expect(Peer.sent(by: session).last.map { $0.type == 7 && $0.payload[7] == 11 } == true)
        #expect(session.excess == .continuations && session.isOver)
    }

    /// The frame's nine octets begin a head, its last octet ends it, and octets in between change nothing.
    @Test func aHeadIsAwaitedFromItsFirstFrameOn() {
        let octets = Peer.headers(1, Peer.get("/frame"))
        #expect(session.headBegunAt == nil)
        for (index, octet) in octets.enumerated() {
            _ = session.receive([octet].span, now: UInt64(1000 + index))
            #expect(session.headBegunAt == (9..<octets.count ~= index + 1 ? 1008 : nil))
        }
    }

    @Test func trailersAreAHeadToo() {
        _ = session.receive(Peer.headers(1, Peer.post("/channel/a"), ends: false).span, now: 1)
        let trailers = Peer.headers(1, [("x-sum", "1")])
        _ = session.receive(Array(trailers.dropLast()).span, now: 2)
        #expect(session.headBegunAt == 2)
        _ = session.receive(Array(trailers.suffix(1)).span, now: 3)
        #expect(session.headBegunAt == nil)
    }

    /// Its stream is over, so nobody waits for the rest.
    @Test func aHeadThatBreaksRulesIsNotAwaited() {
        var octets = Peer.headers(1, Peer.get("/frame") + [("A", "upper case")])
        octets[4] = 1
        _ = session.receive(octets.span, now: 1)
        _ = Peer.sent(by: session)
        #expect(session.streamCount == 0)
        #expect(session.headBegunAt == nil)
    }

    @Test func aPeerIsSentAwayWithoutBeingCountedAsCostly() {
        session.end(.enhanceYourCalm)
        #expect(Peer.sent(by: session).last.map { $0.type == 7 && $0.payload[7] == 11 } == true)
        #expect(session.isOver && !session.isSentAway)
    }

    @Test func whoseWindowIsShut() throws {
        _ = session.receive(Peer.headers(1, Peer.get("/frame")).span, now: 0)
        guard case .request(let stream, _, _)? = session.events.first else { throw Missing() }
        #expect(!session.isWindowShut(of: stream.number) && !session.isWindowShut)
        _ = session.receive(Peer.settings([(4, 0)]).span, now: 0)
        #expect(session.isWindowShut(of: stream.number) && !session.isWindowShut)
    }

    private struct Missing: Error {}
}
