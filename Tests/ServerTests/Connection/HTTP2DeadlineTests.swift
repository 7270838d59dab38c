// Shows under which time limits an HTTP/2 connection and its streams stand: what renews one, and what must
// not. Time is passed in.

import HTTP2
import Testing

@testable import Server

@Suite struct HTTP2DeadlineTests {
    /// 10 octets a second, over a second.
    private static var slow: ConnectionLimits {
        var limits = ConnectionLimits()
        limits.octetsPerSecondMin = 10
        limits.rateWindowMilliseconds = 1_000
        return limits
    }

    // MARK: Heads

    /// The octets of a head but for the last, at `start`, the last one at `end`.
    private func sendSlowly(_ rig: inout ConnectionRig, from start: UInt64, to end: UInt64, stream: UInt8) {
        let head = Frames.get(stream)
        rig.now = start
        rig.send(Array(head.dropLast(2)))
        rig.now = start + 5_000
        rig.send([head[head.count - 2]])
        let isOverdue = rig.isOverdue(at: end)
        #expect(isOverdue == (end >= start + 10_000))
        if !isOverdue { rig.send([head[head.count - 1]]) }
    }

    private func expectSentAway(_ rig: inout ConnectionRig) {
        _ = rig.timeOut()
        // GOAWAY with ENHANCE_YOUR_CALM
        #expect(rig.frames().contains { $0.type == 7 && $0.payload[7] == 11 })
        #expect(rig.connection.phase == .linger)
        #expect(rig.timeouts(.head) == 1)
    }

    @Test func theFirstHeadMustEndInTime() throws {
        var rig = try ConnectionRig(isHTTP2: true)
        sendSlowly(&rig, from: 1_000, to: 10_999, stream: 1)
        #expect(rig.frames().contains { $0.type == 1 && $0.stream == 1 })
        var other = try ConnectionRig(isHTTP2: true)
        sendSlowly(&other, from: 1_000, to: 11_000, stream: 1)
        expectSentAway(&other)
    }

    @Test func aLaterHeadMustEndInTime() throws {
        for (end, isInTime) in [(69_999, true), (70_000, false)] as [(UInt64, Bool)] {
            var rig = try ConnectionRig(isHTTP2: true)
            rig.send(Frames.get(1))
            sendSlowly(&rig, from: 60_000, to: end, stream: 3)
            if !isInTime { expectSentAway(&rig) }
        }
    }

    /// Another stream's limit is not the head's.
    @Test func aHeadBesideAnUploadMustEndInTime() throws {
        for (end, isInTime) in [(69_999, true), (70_000, false)] as [(UInt64, Bool)] {
            var rig = try ConnectionRig(isHTTP2: true)
            rig.send(Frames.post(1, "application/x-ndjson"))
            sendSlowly(&rig, from: 60_000, to: end, stream: 3)
            if !isInTime { expectSentAway(&rig) }
        }
    }

    /// One head after the other has its own time.
    @Test func headsDontShareTheirTime() throws {
        var rig = try ConnectionRig(isHTTP2: true)
        rig.send(Frames.post(1, "application/x-ndjson"))
        let heads = [3, 5, 7].map { Frames.get($0) }
        rig.send(Array(heads[0].dropLast()))
        for index in 1...2 {
            rig.now += 9_000
            rig.send(Array(heads[index - 1].suffix(1) + heads[index].dropLast()))
        }
        let early = rig.isOverdue(at: 27_999)
        let late = rig.isOverdue(at: 28_000)
        #expect(!early && late)
    }

    // MARK: Idle

    @Test func pingsDontRenewTheIdleLimit() throws {
        var rig = try ConnectionRig(isHTTP2: true)
        rig.send(Frames.get(1))
        for second in 1...74 {
            rig.now = UInt64(second) * 1_000
            rig.send(Frames.ping)
        }
        let early = rig.isOverdue(at: 74_999)
        let late = rig.isOverdue(at: 75_000)
        #expect(!early && late)
    }

    // MARK: Uploads

    @Test func onlyItsOwnContentRenewsAStreamsLimit() throws {
        var rig = try ConnectionRig(isHTTP2: true)
        rig.send(Frames.post(1, "application/x-ndjson"))
        rig.send(Frames.post(3, "application/x-ndjson"))
        rig.now = 100_000
        rig.send(Frames.content(1, "1"))
        for second in 101...399 {
            rig.now = UInt64(second) * 1_000
            rig.send(Frames.ping + Frames.content(3, "1") + Frames.frame(0, 1, []))
            _ = rig.sent()
        }
        let early = rig.isOverdue(at: 399_999)
        let late = rig.isOverdue(at: 400_000)
        #expect(!early && late)
        _ = rig.timeOut()
        #expect(rig.timeouts(.body) == 1)
        #expect(rig.frames().contains { $0.type == 1 && $0.stream == 1 })
    }

    @Test func aBodyMustKeepToTheRateByItself() throws {
        for (octets, isEnough) in [("123456789", false), ("1234567890", true)] {
            var rig = try ConnectionRig(limits: Self.slow, isHTTP2: true)
            rig.send(Frames.post(1, "application/x-ndjson"))
            rig.send(Frames.post(3, "application/octet-stream"))
            rig.now = 500
            rig.send(Frames.content(3, octets) + Frames.ping)
            let isOverdue = rig.isOverdue(at: 1_000)
            #expect(isOverdue == !isEnough)
        }
    }

    /// What one stream has sent and the log has not taken may be all that the connection's window holds.
    @Test func aWaitForTheLogIsNobodysFault() throws {
        var rig = try ConnectionRig(limits: Self.slow, isHTTP2: true)
        rig.send(Frames.post(1, "application/octet-stream"))
        rig.send(Frames.post(3, "application/octet-stream"))
        rig.workspace.undecidedByteCount = TurnLimits.queueByteCountMax
        rig.send(Frames.content(1, "12345"))
        let held = rig.isOverdue(at: 60_000)
        #expect(!held)
        rig.workspace.undecidedByteCount = 0
        _ = rig.work()
        let goesOn = rig.isOverdue(at: 60_999)
        let isOver = rig.isOverdue(at: 61_000)
        #expect(!goesOn && isOver)
    }

    // MARK: Responses

    /// Pings, windows of other streams and uploads move octets, and none of them reads the response.
    @Test func aStreamThatIsNotReadIsBrokenOff() throws {
        var rig = try ConnectionRig(limits: Self.slow, isHTTP2: true)
        rig.send(Frames.window(0))
        rig.send(Frames.get(1) + Frames.post(3, "application/x-ndjson"))
        for step in 1...9 {
            rig.now = UInt64(step) * 100
            let isOverdue = rig.isOverdue(at: rig.now)
            #expect(!isOverdue)
            rig.send(
                Frames.ping + Frames.ping + Frames.content(3, "12345678901234567890")
                    + Frames.windowUpdate(0, 1))
        }
        _ = rig.frames()
        let isOverdue = rig.isOverdue(at: 1_000)
        #expect(isOverdue)
        let outcome = rig.timeOut()
        #expect(outcome == .keep)
        // RST_STREAM with CANCEL, and the others go on.
        #expect(rig.frames() == [Frames.Frame(type: 3, flags: 0, stream: 1, payload: [0, 0, 0, 8])])
        #expect(rig.timeouts(.response) == 1)
        #expect(rig.connection.exchange?.session.streamCount == 1)
    }

    @Test(arguments: [9, 10]) func aStreamMustBeReadAtTheLeastRate(byteCount: UInt8) throws {
        var rig = try ConnectionRig(limits: Self.slow, isHTTP2: true)
        rig.send(Frames.window(0) + Frames.get(1) + Frames.get(3))
        for second in 0...3 {
            rig.now = UInt64(second) * 1_000 + 500
            rig.send(Frames.windowUpdate(1, byteCount))
            rig.send(Frames.windowUpdate(3, 20))
            let isOverdue = rig.isOverdue(at: UInt64(second + 1) * 1_000)
            #expect(isOverdue == (byteCount < 10))
            if isOverdue { break }
        }
    }

    /// The connection's window is for all of them, and is shared: what all together take is what counts.
    @Test(arguments: [9, 10]) func theConnectionMustBeReadAtTheLeastRate(byteCount: UInt8) throws {
        var rig = try ConnectionRig(limits: Self.slow, isHTTP2: true)
        var number: UInt8 = 1
        // The connection's window is 65,535 octets, some sixty pages.
        while rig.connection.exchange?.session.isWindowShut == false && number < 250 {
            rig.send(Frames.get(number))
            number += 2
        }
        rig.send(Frames.get(number))
        #expect(rig.connection.exchange?.session.isWindowShut == true)
        for second in 0...3 {
            rig.now = UInt64(second) * 1_000 + 500
            rig.send(Frames.windowUpdate(0, byteCount) + Frames.ping + Frames.ping)
            let isOverdue = rig.isOverdue(at: UInt64(second + 1) * 1_000)
            #expect(isOverdue == (byteCount < 10))
            if !isOverdue { continue }
            let outcome = rig.timeOut()
            #expect(outcome == .close)
            #expect(rig.timeouts(.response) == 1)
            break
        }
    }

    // MARK: Draining

    @Test func aDrainRefusesNewStreamsAfterANotice() throws {
        var rig = try ConnectionRig(isHTTP2: true)
        rig.send(Frames.post(1, "application/octet-stream"))
        _ = rig.sent()
        rig.drain()
        #expect(rig.frames().first { $0.type == 7 }?.payload.prefix(4) == [0x7F, 0xFF, 0xFF, 0xFF])
        rig.send(Frames.get(3))
        #expect(rig.frames().contains { $0.type == 1 && $0.stream == 3 })
        let early = rig.isOverdue(at: TurnLimits.noticeMilliseconds - 1)
        let late = rig.isOverdue(at: TurnLimits.noticeMilliseconds)
        #expect(!early && late)
        _ = rig.timeOut()
        #expect(rig.frames().first { $0.type == 7 }?.payload.prefix(8) == [0, 0, 0, 3, 0, 0, 0, 0])
        rig.send(Frames.get(5))
        #expect(rig.frames().isEmpty)
        let again = rig.isOverdue(at: TurnLimits.noticeMilliseconds + 1)
        #expect(!again)
    }
}
