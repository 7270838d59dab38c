// Items become frames: placed in windows by their timestamps, sealed by the clock, and what is refused and
// why.
import Bytes
import FrameLog
import Posix
import SimulatedStorage
import Testing
import TimeFrame

extension Story {
    static let ingest = [
        anItemIsInTheFrameOfItsWindow, windowsWithoutItemsGiveFrames, windowsWithoutItemsAreSkipped,
        devicesTimesHaveLimits, anItemThatLostTheRaceGoesToTheOldestOpenWindow,
        timeStandsStillWhereTheClockStepsBack, aChannelHasOneTypeWithinAWindow,
        aWindowHasAsManyChannelsAndItemsAsItMay, itemsOfManyCommitsAndSegmentsComeTogether,
        aGapWithoutWindowsIsNoFlood, aFullDiskIsWaitedOut, memoryDurabilityOutlivesTheProcess,
    ]

    private static let anItemIsInTheFrameOfItsWindow = Story("an item is in the frame of its window") { rig in
        try rig.open()
        rig.expect(rig.post([1, 2, 3, 4]), Array(repeating: .accepted(frame: 1_000_000), count: 4))
        rig.pass(milliseconds: 1_000)
        let frame = try rig.require(rig.store.frames.first)
        rig.expect(frame.startTimestamp, 1_000_000)
        rig.expect(frame.endTimestamp, 1_001_000)
        let mapped = try frame.identity()
        let content = try FrameContent(decoding: mapped.octets)
        let ids = content.channels.map { String(decoding: $0.id, as: UTF8.self) }
        rig.expect(ids, ["channel-1", "channel-2", "channel-0"])
        try rig.expect(rig.numbers(in: mapped.octets.copied()), [1, 4, 2, 3])
        rig.expect(content.channels.first?.items.map(\.timestamp), [1_000_000, 1_000_000])
    }

    private static let windowsWithoutItemsGiveFrames = Story("windows without items give frames") { rig in
        try rig.open()
        rig.pass(milliseconds: 3_000)
        rig.expect(rig.store.frames.map(\.startTimestamp), [1_000_000, 1_001_000, 1_002_000])
        rig.expect(rig.store.frames.map(\.byteCount), [30, 30, 30])
    }

    private static let windowsWithoutItemsAreSkipped = Story("windows without items are skipped") { rig in
        rig.settings.skipsEmptyFrames = true
        try rig.open()
        rig.expect(rig.ingest.nextSealAt, nil)
        rig.pass(milliseconds: 2_500)
        rig.post([1])
        rig.expect(rig.ingest.nextSealAt, 1_003_000)
        rig.pass(milliseconds: 5_000)
        rig.expect(rig.store.frames.map(\.startTimestamp), [1_002_000])
    }

    private static let devicesTimesHaveLimits = Story("devices' times have limits") { rig in
        rig.settings.latenessMilliseconds = 500
        try rig.open()
        rig.pass(milliseconds: 1_499)
        // 1,000,000 to 1,000,999 is open until 1,001,500.
        rig.expect(rig.post([1], timestamp: .device(1_000_000)), [.accepted(frame: 1_000_000)])
        rig.expect(rig.post([2], timestamp: .device(999_999)), [.late(oldestOpen: 1_000_000)])
        rig.expect(rig.post([3], timestamp: .device(1_002_499)), [.accepted(frame: 1_002_000)])
        rig.expect(rig.post([4], timestamp: .device(1_002_500)), [.tooFarAhead(limit: 1_002_499)])
        rig.now += 1
        rig.expect(rig.post([5], timestamp: .device(1_000_999)), [.late(oldestOpen: 1_001_000)])
        rig.expect(rig.post([6], timestamp: .device(1_001_000)), [.accepted(frame: 1_001_000)])
    }

    private static let anItemThatLostTheRaceGoesToTheOldestOpenWindow = Story(
        "an item that lost the race goes to the oldest open window"
    ) { rig in
        try rig.open()
        let arrival = rig.now + 999
        rig.pass(milliseconds: 1_000)
        rig.expect(rig.post([1], timestamp: .server(arrival)), [.accepted(frame: 1_001_000)])
        rig.pass(milliseconds: 1_000)
        let octets = try rig.require(rig.published[1_001_000])
        let content = try FrameContent(decoding: octets.span)
        rig.expect(content.channels.first?.items.map(\.timestamp), [arrival])
    }

    private static let timeStandsStillWhereTheClockStepsBack = Story(
        "time stands still where the clock steps back"
    ) { rig in
        try rig.open()
        rig.pass(milliseconds: 2_000)
        rig.now -= 1_500
        rig.expect(rig.post([1]), [.accepted(frame: 1_002_000)])
        // A stamp that a loop made with a clock that is ahead moves the frame clock.
        rig.expect(rig.post([2], timestamp: .server(1_004_100)), [.accepted(frame: 1_004_000)])
        rig.expect(rig.post([3], timestamp: .device(1_003_999)), [.late(oldestOpen: 1_004_000)])
        rig.now = 1_004_200
    }

    private static let aChannelHasOneTypeWithinAWindow = Story("a channel has one type within a window") {
        rig in
        try rig.open()
        rig.expect(rig.post([1], channel: { _ in "a" }, type: "video"), [.accepted(frame: 1_000_000)])
        let conflict = ItemVerdict.typeConflict(type: Array("video".utf8))
        rig.expect(rig.post([2], channel: { _ in "a" }, type: "audio"), [conflict])
        // Within one commit too, and the first of them decides.
        var batches = [ItemBatch(), ItemBatch()]
        for (place, type) in ["text", "json"].enumerated() {
            rig.promise(3 + place)
            batches[place].append(
                channelID: Array("b".utf8).span, channelType: Array(type.utf8).span,
                timestamp: .server(rig.now),
                data: [UInt8(ascii: "3") + UInt8(place)].span, ticket: UInt64(3 + place))
        }
        rig.commit(batches)
        rig.expect(
            rig.lastOutcomes.map(\.verdict),
            [.accepted(frame: 1_000_000), .typeConflict(type: Array("text".utf8))])
        rig.pass(milliseconds: 1_000)
        rig.expect(rig.post([5], channel: { _ in "a" }, type: "audio"), [.accepted(frame: 1_001_000)])
    }

    private static let aWindowHasAsManyChannelsAndItemsAsItMay = Story(
        "a window has as many channels and items as it may"
    ) { rig in
        rig.settings.channelsMax = 2
        rig.settings.itemsMax = 5
        try rig.open()
        let full = ItemVerdict.windowFull(end: 1_001_000)
        let taken = ItemVerdict.accepted(frame: 1_000_000)
        rig.expect(rig.post([0, 1, 2, 3, 4]), [taken, taken, full, taken, taken])
        rig.expect(rig.post([6, 7]), [taken, full])
    }

    private static let itemsOfManyCommitsAndSegmentsComeTogether = Story(
        "items of many commits and segments come together"
    ) { rig in
        rig.settings.segmentByteCount = 4 << 10
        rig.settings.itemByteCountMax = 1 << 10
        try rig.open()
        for commit in 0..<12 {
            rig.post(Array(commit * 5..<commit * 5 + 5), padding: 200)
            // Now and then the next segment is made in advance, which may fail.
            if commit % 3 == 1 { try? rig.ingest.stock.refill() }
        }
        rig.expect(rig.disk.names(in: "data/log").count > 5, true)
        rig.end()
        rig.expect(rig.promises.values.allSatisfy { $0 == .accepted(frame: 1_000_000) }, true)
        // The log keeps nothing that is in the store.
        rig.expect(rig.disk.names(in: "data/log").filter { $0.hasSuffix(".segment") }.count, 1)
    }

    private static let aGapWithoutWindowsIsNoFlood = Story("a gap without windows is no flood") { rig in
        try rig.open()
        rig.post([1])
        rig.now += 86_400_000
        rig.commit([])
        rig.expect(rig.store.frames.map(\.startTimestamp), [1_000_000])
        rig.expect(rig.post([2]), [.accepted(frame: 87_400_000)])
    }

    private static let aFullDiskIsWaitedOut = Story("a full disk is waited out") { rig in
        try rig.open()
        rig.disk.limit(byteCount: 40 << 10)
        var number = 0
        while rig.post([number], padding: 3_000) == [.accepted(frame: 1_000_000)] { number += 1 }
        rig.expect(number > 3, true)
        rig.expect(rig.lastOutcomes.map(\.verdict), [.noSpace])
        rig.expect(rig.isFull, true)
        // Windows end all the same; the store has to wait with what has no room.
        rig.pass(milliseconds: 3_000)
        rig.expect(rig.post([1_000], padding: 3_000), [.noSpace])
        rig.disk.limit(byteCount: nil)
        rig.pass(milliseconds: 1_000)
        rig.storeWaiting()
        rig.expect(rig.isFull, false)
        rig.expect(rig.post([1_001], padding: 3_000), [.accepted(frame: 1_004_000)])
    }

    private static let memoryDurabilityOutlivesTheProcess = Story("memory durability outlives the process") {
        rig in
        rig.settings.durability = .memory
        try rig.open()
        let operationCount = rig.disk.operationCount
        rig.post([1])
        rig.expect(rig.disk.operationCount, operationCount + 1)
        rig.disk.restartProcess()
        try rig.open()
        rig.post([2])
        rig.pass(milliseconds: 1_000)
        rig.post([3])
    }
}

extension Rig {
    fileprivate var isFull: Bool {
        if case .full = ingest.health { return true }
        return false
    }
}
