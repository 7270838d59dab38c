// What the session takes no more of, and how it ends.

import Bytes
import HTTP
import Testing

@testable import HTTP2

@Suite struct HTTP2LimitTests: SessionSuite {
    let session: HTTP2Session

    init() throws { session = try Self.makeSession() }

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
            guard case .request(_, .failure(let fault), _)? = events.first else { throw MissingRequest() }
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
