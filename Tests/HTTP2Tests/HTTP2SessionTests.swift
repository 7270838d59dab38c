// The session between octets and events, with a peer that writes its frames by hand.

import Bytes
import HTTP
import Testing

@testable import HTTP2

@Suite struct HTTP2SessionTests {
    private let session: HTTP2Session
    private let limits = HTTP2Limits()

    init() throws {
        session = try Self.makeSession()
    }

    private static func makeSession() throws -> HTTP2Session {
        let session = try #require(HTTP2Session(limits: HTTP2Limits(), requestLimits: RequestLimits()))
        _ = session.makePieces(byteCountMax: 1000)
        session.removePieces()
        // Settings count once they are acknowledged.
        let preface = Peer.preface + Peer.settings([]) + Peer.frame(4, flags: 1, 0, [])
        _ = session.receive(preface.span, now: 0)
        return session
    }

    /// Gives octets to the session and returns what they came to.
    private func receive(_ octets: [UInt8], now: UInt64 = 0) throws -> [HTTP2Event] {
        session.removeEvents()
        let count = session.receive(octets.span, now: now)
        #expect(count == octets.count)
        return session.events
    }

    /// What the session has to say, with zeros for content.
    private func sent(byteCountMax: Int = 1 << 20) -> [Peer.Frame] {
        sent(by: session, byteCountMax: byteCountMax)
    }

    private func sent(by session: HTTP2Session, byteCountMax: Int = 1 << 20) -> [Peer.Frame] {
        Peer.sent(by: session, byteCountMax: byteCountMax)
    }

    private func respond(_ stream: HTTP2StreamID, contentByteCount: Int) {
        var lines = Buffer()
        lines.append("Content-Type: text/plain\r\n")
        session.respond(stream, status: 200, lines: &lines, contentByteCount: contentByteCount)
    }

    private func request(
        _ number: Int32, _ fields: [(String, String)] = Peer.get("/frame"), ends: Bool = true
    )
        throws -> HTTP2StreamID
    {
        let events = try receive(Peer.headers(number, fields, ends: ends))
        guard case .request(let stream, .success, _)? = events.first else { throw Missing() }
        return stream
    }

    private struct Missing: Error {}

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
            throw Missing()
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

    @Test func moreStreamsThanThereMayBe() throws {
        _ = sent()
        var streams: [HTTP2StreamID] = []
        for index in 0..<Int32(limits.streamsMax) {
            streams.append(try request(2 * index + 1, ends: false))
        }
        // REFUSED_STREAM, once and for that one alone (RFC 9113 section 5.1.2).
        var next = 2 * Int32(limits.streamsMax) + 1
        for _ in 0..<3 {
            #expect(try receive(Peer.headers(next, Peer.get("/"))).isEmpty)
            #expect(session.streamCount == limits.streamsMax)
            let frames = sent()
            #expect(frames.map(\.type) == [3] && frames[0].stream == next)
            #expect(frames[0].payload == [0, 0, 0, 7])
            next += 2
        }
        // The others go on, and one that ends makes room.
        respond(streams[0], contentByteCount: 5)
        _ = try receive(Peer.reset(1))
        _ = sent()
        session.removeEvents()
        _ = try request(next)
    }

    @Test func headsBeyondTheLimitsAreSaidToBe() throws {
        let many = Peer.get("/") + (0..<101).map { ("a\($0)", "1") }
        let large = Peer.get("/") + ["a", "b"].map { ($0, String(repeating: "1", count: 16_500)) }
        let long = Peer.get("/" + String(repeating: "1", count: 8192))
        var number: Int32 = 1
        for (fields, status) in [(many, UInt16(431)), (large, 431), (long, 414)] {
            let events = try receive(Peer.headers(number, fields))
            guard case .request(_, .failure(let fault), _)? = events.first else { throw Missing() }
            #expect(fault.status == status)
            #expect(session.fields.count == 0)
            number += 2
        }
    }

    /// A few octets that unfold to much are taken up to a bound, and the rest waits.
    @Test func headsThatUnfoldWaitToBeHandled() throws {
        // An entry of 4,000 octets in the dynamic table: `if-match`, literal with indexing.
        let value = [UInt8](repeating: UInt8(ascii: "1"), count: 4000)
        let plain = [0x82, 0x87, 0x84] as [UInt8]
        let entry = [0x40, 8] + Array("if-match".utf8) + [0x7F, 0xA1, 0x1E] + value
        _ = try receive(Peer.frame(1, flags: 5, 1, plain + [1, 1] + Array("a".utf8) + entry))
        let bomb = Peer.frame(
            1, flags: 5, 3, plain + [1, 1] + Array("a".utf8) + [0xBE, 0xBE, 0xBE, 0xBE, 0xBE, 0xBE, 0xBE])
        var octets: [UInt8] = []
        for index in 0..<100 {
            var frame = bomb
            frame[8] = UInt8(truncatingIfNeeded: 3 + 2 * index)
            octets += frame
        }
        session.removeEvents()
        let received = session.receive(octets.span, now: 0)
        let count = try #require(received)
        #expect(count < octets.count)
        #expect(session.fields.count < HTTP2Session.fieldsByteCountMax + 33_000)
    }

    @Test func aThousandFramesForNothingAreEnough() throws {
        for kind in [
            Peer.ping, Peer.settings([]), Peer.frame(2, 1, [0, 0, 0, 0, 0]), Peer.windowUpdate(0, 1),
        ] {
            let session = try Self.makeSession()
            var count = 0
            while !session.isOver && count < 2 * limits.idleFramesMax {
                _ = session.receive(kind.span, now: 0)
                _ = session.makePieces(byteCountMax: 1 << 20)
                session.removePieces()
                count += 1
            }
            #expect(limits.idleFramesMax - 2...limits.idleFramesMax + 1 ~= count)
        }
    }

    @Test func resetsInARowEndTheConnection() throws {
        var number: Int32 = 1
        while !session.isOver && number < 10_000 {
            let octets = Peer.headers(number, Peer.get("/")) + Peer.reset(number)
            _ = session.receive(octets.span, now: 0)
            session.removeEvents()
            _ = session.makePieces(byteCountMax: 1 << 20)
            session.removePieces()
            number += 2
        }
        #expect(Int(number) / 2 <= limits.idleFramesMax / 2)
    }

    @Test func whoIsSentAwayIsToldWhy() throws {
        let ping = Peer.ping
        for _ in 0...limits.idleFramesMax { _ = session.receive(ping.span, now: 0) }
        // ENHANCE_YOUR_CALM
        #expect(sent().contains { $0.type == 7 && Array($0.payload[4..<8]) == [0, 0, 0, 11] })
        #expect(session.isOver)
    }

    @Test func timeGivesFramesBack() throws {
        for second in 0..<100 {
            for _ in 0..<50 { #expect(try receive(Peer.ping, now: UInt64(second) * 1000).isEmpty) }
            _ = sent()
        }
        #expect(!session.isOver)
    }

    @Test func theEndIsAnnouncedAndOpenStreamsGoOn() throws {
        let stream = try request(1)
        _ = sent()
        session.announceEnd()
        #expect(sent().first { $0.type == 7 }?.payload.prefix(4) == [0x7F, 0xFF, 0xFF, 0xFF])
        session.refuseStreams()
        #expect(sent().first { $0.type == 7 }?.payload.prefix(8) == [0, 0, 0, 1, 0, 0, 0, 0])
        #expect(!session.isOver)
        respond(stream, contentByteCount: 5)
        #expect(sent().map(\.type) == [1, 0])
        #expect(session.isOver)
    }

    /// A peer that has said goodbye and has no stream left is done, in whatever pieces it says more.
    @Test func aRequestBehindAGoodbyeIsNone() throws {
        let goodbye = Peer.frame(7, 0, [UInt8](repeating: 0, count: 8))
        let more = Peer.headers(1, Peer.get("/"))
        #expect(try receive(goodbye + more).isEmpty)
        let another = try Self.makeSession()
        for octets in [goodbye, more] { #expect(another.receive(octets.span, now: 0) == octets.count) }
        #expect(another.events.isEmpty)
        for session in [session, another] {
            _ = sent(by: session)
            #expect(session.isOver)
        }
    }

    @Test func aRequestBeforeAGoodbyeIsAnswered() throws {
        let goodbye = Peer.frame(7, 0, [UInt8](repeating: 0, count: 8))
        let events = try receive(Peer.headers(1, Peer.get("/")) + goodbye + Peer.headers(3, Peer.get("/")))
        #expect(events.count == 2)
    }

    @Test func whatIsNoPrefaceEndsAtOnce() throws {
        let session = try #require(HTTP2Session(limits: limits, requestLimits: RequestLimits()))
        #expect(session.receive(Array("GET / HTTP/1.1\r\nHost: a\r\n\r\n".utf8).span, now: 0) == nil)
        #expect(session.isOver)
    }
}
