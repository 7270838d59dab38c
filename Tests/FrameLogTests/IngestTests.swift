// Shows that items become frames: placed in windows by their timestamps, sealed by the clock, each in exactly
// one frame, and what is refused and why. All on a simulated disk, with the time passed in.
import Bytes
import FrameLog
import Posix
import SimulatedStorage
import Testing
import TimeFrame

@Suite struct IngestTests {
    @Test func anItemIsInTheFrameOfItsWindow() throws {
        let rig = Rig()
        try rig.open()
        #expect(rig.post([1, 2, 3, 4]) == Array(repeating: .accepted(frame: 1_000_000), count: 4))
        rig.pass(milliseconds: 1_000)
        let frame = try #require(rig.store.frames.first)
        #expect(frame.startTimestamp == 1_000_000)
        #expect(frame.endTimestamp == 1_001_000)
        let mapped = try frame.identity()
        let content = try FrameContent(decoding: mapped.octets)
        let ids = content.channels.map { String(decoding: $0.id, as: UTF8.self) }
        #expect(ids == ["channel-1", "channel-2", "channel-0"])
        #expect(try rig.numbers(in: #require(rig.published[1_000_000])) == [1, 4, 2, 3])
        #expect(content.channels[0].items.map(\.timestamp) == [1_000_000, 1_000_000])
        try rig.checkPromises()
    }

    @Test func windowsWithoutItemsGiveFramesOrNot() throws {
        let rig = Rig()
        try rig.open()
        rig.pass(milliseconds: 3_000)
        #expect(rig.store.frames.map(\.startTimestamp) == [1_000_000, 1_001_000, 1_002_000])
        #expect(rig.store.frames.map(\.byteCount) == [30, 30, 30])

        let skipping = Rig()
        skipping.settings.skipsEmptyFrames = true
        try skipping.open()
        #expect(skipping.ingest.nextSealAt == nil)
        skipping.pass(milliseconds: 2_500)
        skipping.post([1])
        #expect(skipping.ingest.nextSealAt == 1_003_000)
        skipping.pass(milliseconds: 5_000)
        #expect(skipping.store.frames.map(\.startTimestamp) == [1_002_000])
        try skipping.checkPromises()
    }

    @Test func devicesTimesHaveLimits() throws {
        let rig = Rig()
        rig.settings.latenessMilliseconds = 500
        try rig.open()
        rig.pass(milliseconds: 1_499)
        // 1,000,000 to 1,000,999 is open until 1,001,500.
        #expect(rig.post([1], timestamp: .device(1_000_000)) == [.accepted(frame: 1_000_000)])
        #expect(rig.post([2], timestamp: .device(999_999)) == [.late(oldestOpen: 1_000_000)])
        #expect(rig.post([3], timestamp: .device(1_002_499)) == [.accepted(frame: 1_002_000)])
        #expect(rig.post([4], timestamp: .device(1_002_500)) == [.tooFarAhead(limit: 1_002_499)])
        rig.now += 1
        #expect(rig.post([5], timestamp: .device(1_000_999)) == [.late(oldestOpen: 1_001_000)])
        #expect(rig.post([6], timestamp: .device(1_001_000)) == [.accepted(frame: 1_001_000)])
        try rig.checkPromises()
    }

    @Test func anItemThatLostTheRaceGoesToTheOldestOpenWindow() throws {
        let rig = Rig()
        try rig.open()
        let arrival = rig.now + 999
        rig.pass(milliseconds: 1_000)
        #expect(rig.post([1], timestamp: .server(arrival)) == [.accepted(frame: 1_001_000)])
        rig.pass(milliseconds: 1_000)
        let octets = try #require(rig.published[1_001_000])
        let content = try FrameContent(decoding: octets.span)
        #expect(content.channels[0].items[0].timestamp == arrival)
        try rig.checkPromises()
    }

    @Test func timeStandsStillWhereTheClockStepsBack() throws {
        let rig = Rig()
        try rig.open()
        rig.pass(milliseconds: 2_000)
        rig.now -= 1_500
        #expect(rig.post([1]) == [.accepted(frame: 1_002_000)])
        // A stamp that a loop made with a clock that is ahead moves the frame clock.
        #expect(rig.post([2], timestamp: .server(1_004_100)) == [.accepted(frame: 1_004_000)])
        #expect(rig.post([3], timestamp: .device(1_003_999)) == [.late(oldestOpen: 1_004_000)])
        rig.now = 1_004_200
        try rig.checkPromises()
    }

    @Test func aChannelHasOneTypeWithinAWindow() throws {
        let rig = Rig()
        try rig.open()
        #expect(rig.post([1], channel: { _ in "a" }, type: "video") == [.accepted(frame: 1_000_000)])
        let conflict = ItemVerdict.typeConflict(type: Array("video".utf8))
        #expect(rig.post([2], channel: { _ in "a" }, type: "audio") == [conflict])
        // Within one commit too, and the first of them decides.
        var batches = [ItemBatch(), ItemBatch()]
        for (place, type) in ["text", "json"].enumerated() {
            batches[place].append(
                channelID: Array("b".utf8).span, channelType: Array(type.utf8).span,
                timestamp: .server(rig.now),
                data: [UInt8(ascii: "3") + UInt8(place)].span, ticket: UInt64(3 + place))
        }
        _ = rig.ingest.commit(&batches, now: rig.now)
        #expect(batches[0].outcomes.map(\.verdict) == [.accepted(frame: 1_000_000)])
        #expect(batches[1].outcomes.map(\.verdict) == [.typeConflict(type: Array("text".utf8))])
        rig.pass(milliseconds: 1_000)
        #expect(rig.post([5], channel: { _ in "a" }, type: "audio") == [.accepted(frame: 1_001_000)])
    }

    @Test func aWindowHasAsManyChannelsAndItemsAsItMay() throws {
        let rig = Rig()
        rig.settings.channelsMax = 2
        rig.settings.itemsMax = 5
        try rig.open()
        let full = ItemVerdict.windowFull(end: 1_001_000)
        let taken = ItemVerdict.accepted(frame: 1_000_000)
        #expect(rig.post([0, 1, 2, 3, 4]) == [taken, taken, full, taken, taken])
        #expect(rig.post([6, 7]) == [taken, full])
        try rig.checkPromises()
    }

    @Test func itemsOfManyCommitsAndSegmentsComeTogether() throws {
        let rig = Rig()
        try rig.open()
        for commit in 0..<50 { rig.post(Array(commit * 20..<commit * 20 + 20), padding: 100) }
        #expect(rig.disk.names(in: "data/log").count > 5)
        try rig.checkPromises()
        #expect(rig.promises.values.allSatisfy { $0 == .accepted(frame: 1_000_000) })
        // The log keeps nothing that is in the store.
        #expect(rig.disk.names(in: "data/log").count == 1)
    }

    @Test func aGapWithoutWindowsIsNoFlood() throws {
        let rig = Rig()
        try rig.open()
        rig.post([1])
        rig.now += 86_400_000
        rig.commit([])
        #expect(rig.store.frames.map(\.startTimestamp) == [1_000_000])
        #expect(rig.post([2]) == [.accepted(frame: 87_400_000)])
        try rig.checkPromises()
    }
}
