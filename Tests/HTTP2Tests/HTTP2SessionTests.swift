// The session between octets and events: requests, content, responses.

import Bytes
import HTTP
import Testing

@testable import HTTP2

@Suite struct HTTP2SessionTests: SessionSuite {
    let session: HTTP2Session

    init() throws { session = try Self.makeSession() }

    @Test func itsOwnPrefaceSaysItsLimits() throws {
        let session = try #require(HTTP2Session(limits: limits, requestLimits: RequestLimits()))
        let settings = Peer.preface + Peer.settings([])
        _ = session.receive(settings.span, now: 0)
        let frames = sent(by: session)
        #expect(frames.first?.type == 4)
        // Streams, window, field section, no priorities of RFC 7540.
        let names = stride(from: 1, to: 24, by: 6).map { frames[0].payload[$0] }
        #expect(names == [3, 4, 6, 9])
        #expect(Array(frames[0].payload[2..<6]) == [0, 0, 0, 128])
        // More room for the connection, and the peer's settings acknowledged.
        #expect(frames.dropFirst().map(\.type).sorted() == [4, 8])
    }

    @Test func aRequestInOctets() throws {
        let fields = Peer.get("/frame?limit=1") + [("accept", "*/*"), ("x-other", "1")]
        let octets = Peer.headers(1, fields)
        for octet in octets.dropLast() { #expect(try receive([octet]).isEmpty) }
        let events = try receive([octets.last!])
        #expect(events.count == 1)
        guard case .request(let stream, .success(let range), hasContent: false)? = events.first else {
            throw MissingRequest()
        }
        #expect(stream == HTTP2StreamID(number: 1, slot: 0))
        #expect(session.streamCount == 1)
        // Four pseudo-fields and one that the server knows, each behind its code and its length.
        #expect(range.count == 5 * 5 + "GEThttps/frame?limit=1localhost*/*".count)
    }

    @Test func contentIsARangeOfWhatCame() throws {
        let stream = try request(1, Peer.post("/channel/a"), ends: false)
        let data = Peer.frame(0, 1, Array("12345".utf8))
        #expect(try receive(Array(data[0..<11])) == [.content(stream, 9..<11)])
        #expect(try receive(Array(data[11...])) == [.content(stream, 0..<3)])
        #expect(try receive(Peer.frame(0, flags: 1, 1, [])) == [.contentEnd(stream)])
    }

    /// What this side breaks off is told with the pieces that say so, whoever is to blame.
    @Test func whatIsBrokenOffIsToldOf() throws {
        func breaks() -> [HTTP2Break] {
            _ = session.makePieces(byteCountMax: 1 << 20)
            defer { session.removePieces() }
            return session.breaks
        }
        #expect(breaks() == [])
        let first = try request(1)
        session.reset(first, .cancel)
        #expect(breaks() == [.stream(code: 8)])
        #expect(breaks() == [])
        // Content beyond the window.
        let second = try request(3, Peer.post("/channel/a"), ends: false)
        let pieceCount = limits.streamWindowByteCount / 16_384 + 1
        for _ in 0..<pieceCount {
            _ = try receive(Peer.frame(0, second.number, [UInt8](repeating: 0, count: 16_384)))
        }
        #expect(breaks() == [.stream(code: 3)])
        session.announceEnd()
        #expect(breaks() == [.connection(code: 0)])
        // DATA on stream 0.
        _ = try receive(Peer.frame(0, 0, [1]))
        #expect(breaks() == [.connection(code: 1)])
    }

    @Test func trailersEndTheContent() throws {
        let stream = try request(1, Peer.post("/channel/a"), ends: false)
        #expect(try receive(Peer.headers(1, [("x-sum", "1")])) == [.contentEnd(stream)])
    }

    /// What was not consumed holds the window shut, and who sends beyond it is cut off.
    @Test func windowsOpenByConsumption() throws {
        let stream = try request(1, Peer.post("/channel/a"), ends: false)
        _ = sent()
        let piece = Peer.frame(0, 1, [UInt8](repeating: 0, count: 16_384))
        let pieces = limits.streamWindowByteCount / 16_384
        for _ in 0..<pieces { #expect(try receive(piece).count == 1) }
        #expect(sent().isEmpty)
        session.consume(limits.streamWindowByteCount, of: stream)
        let updates = sent().filter { $0.type == 8 }
        #expect(updates.contains { $0.stream == 1 } && updates.contains { $0.stream == 0 })
        for _ in 0..<pieces { #expect(try receive(piece).count == 1) }
        _ = try receive(piece)
        // FLOW_CONTROL_ERROR
        #expect(sent().contains { $0.type == 3 && $0.payload == [0, 0, 0, 3] })
    }

    @Test func aResponseEndsItsStream() throws {
        let stream = try request(1)
        _ = sent()
        respond(stream, contentByteCount: 20_000)
        let frames = sent()
        #expect(frames.map(\.type) == [1, 0, 0])
        // A frame and its head of nine octets fill a record.
        #expect(frames.map(\.payload.count)[1...] == [16_375, 3_625])
        #expect(frames.map(\.endsStream) == [false, false, true])
        #expect(session.events.last == .closed(stream, isWhole: true))
        #expect(session.streamCount == 0)
    }

    /// Its content goes on whenever there is more, and ends when that is said.
    @Test func anOpenEndedResponseWaitsForMore() throws {
        let stream = try request(1)
        _ = sent()
        var lines = Buffer()
        session.respond(stream, status: 200, lines: &lines, contentByteCount: 0, isOpenEnded: true)
        #expect(sent().map(\.type) == [1])
        #expect(sent().isEmpty)
        session.offer(stream, byteCount: 3)
        session.offer(stream, byteCount: 2)
        var frames = sent()
        #expect(frames.map(\.type) == [0] && frames[0].payload.count == 5 && !frames[0].endsStream)
        // What other streams ask for goes on meanwhile.
        respond(try request(3), contentByteCount: 0)
        #expect(sent().map(\.stream) == [3])
        session.offer(stream, byteCount: 1)
        session.finish(stream)
        frames = sent()
        #expect(frames.map(\.type) == [0] && frames[0].payload.count == 1 && frames[0].endsStream)
        session.offer(stream, byteCount: 1)
        #expect(sent().isEmpty)
    }

    @Test func anOpenEndedResponseMayEndWithNothing() throws {
        let stream = try request(1)
        _ = sent()
        var lines = Buffer()
        session.respond(stream, status: 200, lines: &lines, contentByteCount: 3, isOpenEnded: true)
        #expect(sent().map(\.type) == [1, 0])
        session.finish(stream)
        let frames = sent()
        #expect(frames.map(\.type) == [0] && frames[0].payload.isEmpty && frames[0].endsStream)
    }

    @Test func aResponseWithoutContentIsOneFrame() throws {
        let stream = try request(1)
        _ = sent()
        respond(stream, contentByteCount: 0)
        let frames = sent()
        #expect(frames.map(\.type) == [1])
        #expect(frames[0].endsStream)
    }

    @Test func smallResponsesPassALargeOne() throws {
        respond(try request(1), contentByteCount: 1 << 30)
        _ = try receive(Peer.windowUpdate(0, 1 << 30) + Peer.windowUpdate(1, 1 << 30))
        _ = sent(byteCountMax: 100_000)
        for number in [3, 5, 7] as [Int32] { respond(try request(number), contentByteCount: 1000) }
        let frames = sent(byteCountMax: 100_000)
        let ended = frames.filter { $0.type == 0 && $0.endsStream }.map(\.stream)
        #expect(ended.sorted() == [3, 5, 7])
        #expect(frames.contains { $0.stream == 1 })
    }

    /// Two large ones share what there is.
    @Test func largeResponsesTakeTurns() throws {
        for number in [1, 3] as [Int32] {
            respond(try request(number), contentByteCount: 1 << 30)
            _ = try receive(Peer.windowUpdate(number, 1 << 30))
        }
        _ = try receive(Peer.windowUpdate(0, 1 << 30))
        let frames = sent(byteCountMax: 1 << 20).filter { $0.type == 0 }
        let first = frames.filter { $0.stream == 1 }.count
        #expect(abs(first - frames.count / 2) <= 1)
    }

    @Test func piecesKeepToTheirLimit() throws {
        let stream = try request(1)
        _ = sent()
        respond(stream, contentByteCount: 1 << 20)
        _ = try receive(Peer.windowUpdate(0, 1 << 24) + Peer.windowUpdate(1, 1 << 24))
        let byteCount = sent(byteCountMax: 50_000).reduce(0) { $0 + $1.payload.count }
        #expect(50_000...50_000 + 16_384 ~= byteCount)
    }

    @Test func aWindowOfOneOctet() throws {
        _ = try receive(Peer.settings([(4, 1)]))
        let stream = try request(1)
        _ = sent()
        respond(stream, contentByteCount: 3)
        #expect(sent().filter { $0.type == 0 }.map(\.payload.count) == [1])
        #expect(sent().isEmpty)
        for isLast in [false, true] {
            _ = try receive(Peer.windowUpdate(1, 1))
            #expect(sent().filter { $0.type == 0 }.map(\.endsStream) == [isLast])
        }
    }

    @Test func anAnswerBeforeTheRequestsEndIsSaidToBe() throws {
        let stream = try request(1, Peer.post("/channel/a"), ends: false)
        _ = sent()
        session.removeEvents()
        respond(stream, contentByteCount: 5)
        #expect(sent().map(\.type) == [1, 0])
        #expect(session.events == [.answeredEarly(stream)])
        session.reset(stream, .noError)
        #expect(sent().map(\.payload) == [[0, 0, 0, 0]])
        #expect(session.events.last == .closed(stream, isWhole: true))
    }

    @Test func theContentIsAskedFor() throws {
        let stream = try request(1, Peer.post("/channel/a"), ends: false)
        _ = sent()
        session.respondContinue(stream)
        let frames = sent()
        #expect(frames.map(\.type) == [1])
        #expect(!frames[0].endsStream)
    }

    @Test func aSlotIsUsedAgain() throws {
        let first = try request(1)
        #expect(try receive(Peer.reset(1)) == [.closed(first, isWhole: false)])
        #expect(!session.isOpen(first))
        let second = try request(3)
        #expect(second.slot == first.slot)
        #expect(session.isOpen(second) && !session.isOpen(first))
        respond(first, contentByteCount: 5)
        #expect(!sent().contains { $0.stream == 1 })
    }
}
