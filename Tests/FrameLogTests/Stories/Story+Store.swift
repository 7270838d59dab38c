// Frames come, are found again, read, checked, and go.
import Bytes
import Posix
import SimulatedStorage
import Testing

@testable import FrameLog

extension Story {
    static let store = [
        framesAreFoundAgain, aFormIsCodedWhereThatPays, theOldestGoFirst, theLargestSumGoesFirst,
        whatIsTooOldGoes, whatWasRemovedIsRemembered, aFrameThatIsRemovedCanBeReadToTheEnd,
        aFrameThatCouldNotBeStoredIsStoredLater, framesAreCheckedAndRead,
    ]

    private static let framesAreFoundAgain = Story("frames are found again") { rig in
        try rig.open()
        rig.storeWindows(3, padding: 200)
        let before = rig.store.frames.map {
            [$0.startTimestamp, $0.endTimestamp, $0.byteCount, $0.gzipByteCount ?? 0]
        }
        let digests = rig.store.frames.map(\.digest)
        rig.expect(before.count, 3)
        rig.expect(rig.store.storedThrough, 1_003_000)
        rig.disk.restart()
        try rig.open()
        rig.expect(rig.warnings, [])
        let after = rig.store.frames.map {
            [$0.startTimestamp, $0.endTimestamp, $0.byteCount, $0.gzipByteCount ?? 0]
        }
        rig.expect(before, after)
        rig.expect(rig.store.frames.map(\.digest), digests)
        rig.expect(rig.store.storedThrough, 1_003_000)
    }

    private static let aFormIsCodedWhereThatPays = Story("a form is coded where that pays") { rig in
        try rig.open()
        rig.storeWindows(1, padding: 500)
        // Items of few octets don't get shorter by run lengths.
        rig.post([1])
        rig.pass(milliseconds: 1_000)
        let frame = try rig.require(rig.store.frames.first)
        let coded = try rig.require(frame.gzipByteCount)
        rig.expect(coded * 10 <= frame.byteCount * 9, true)
        try rig.expect(frame.gzip().map { UInt64($0.byteCount) }, coded)
        let other = try rig.require(rig.store.frames.last)
        rig.expect(other.gzipByteCount, nil)
        try rig.expect(other.gzip() == nil, true)
        rig.expect(rig.disk.names(in: "data/frames").filter { $0.hasSuffix(".gz") }.count, 1)
    }

    private static let theOldestGoFirst = Story("the oldest go first") { rig in
        rig.retention.framesMax = 2
        try rig.open()
        rig.storeWindows(5, padding: 300)
        rig.expect(rig.store.frames.map(\.startTimestamp), [1_003_000, 1_004_000])
    }

    private static let theLargestSumGoesFirst = Story("frames go where they are too large together") { rig in
        // Three frames of one item with the shortest number.
        rig.retention.byteCountMax = 3 * 76 + 1
        try rig.open()
        rig.storeWindows(5)
        rig.expect(rig.store.frames.first?.byteCount, 76)
        rig.expect(rig.store.frames.map(\.startTimestamp), [1_002_000, 1_003_000, 1_004_000])
    }

    private static let whatIsTooOldGoes = Story("what is too old goes") { rig in
        rig.retention.ageMillisecondsMax = 1_000
        try rig.open()
        rig.storeWindows(5)
        rig.expect(rig.store.frames.map(\.startTimestamp), [1_003_000, 1_004_000])
        rig.now += 60_000
        try rig.expect(
            rig.store.retire(now: rig.now).map(\.startTimestamp), [1_003_000, 1_004_000])
        rig.expect(rig.store.frames.count, 0)
        // Who has looked one of them up before can still open it.
        rig.expect(rig.disk.names(in: "data/frames").count > 1, true)
        rig.store.removeRetired()
        rig.expect(rig.disk.names(in: "data/frames"), ["retired"])
    }

    private static let whatWasRemovedIsRemembered = Story("what was removed is remembered") { rig in
        rig.retention.framesMax = 2
        try rig.open()
        rig.storeWindows(5)
        for _ in 0..<2 {
            rig.expect(
                [999_000, 1_000_000, 1_000_500, 1_001_000, 1_002_000, 1_003_000].map {
                    rig.store.wasRetired(id: $0)
                }, [false, true, false, true, true, false])
            rig.disk.restart()
            try rig.open()
        }
        // Where all frames are gone, what was stored last is known still.
        rig.retention.framesMax = 0
        try rig.open()
        _ = try rig.store.retire(now: rig.now)
        rig.store.removeRetired()
        try rig.open()
        rig.expect(rig.store.frames.count, 0)
        rig.expect(rig.store.storedThrough, 1_005_000)
    }

    private static let aFrameThatIsRemovedCanBeReadToTheEnd = Story(
        "a frame that is removed can be read to the end"
    ) { rig in
        try rig.open()
        rig.storeWindows(1)
        let frame = try rig.require(rig.store.frames.first)
        let mapped = try frame.identity()
        rig.now += 60_000
        rig.retention.ageMillisecondsMax = 1
        try rig.open()
        _ = try rig.store.retire(now: rig.now)
        rig.store.removeRetired()
        rig.expect(mapped.octets.copied(), rig.published[1_000_000] ?? [])
        frame.unmap()
        // Whatever it fails with.
        rig.expect((try? frame.identity()) == nil, true)
    }

    private static let aFrameThatCouldNotBeStoredIsStoredLater = Story(
        "a frame that could not be stored is stored later"
    ) { rig in
        try rig.open()
        rig.post([1, 2, 3])
        rig.disk.limit(byteCount: 0)
        rig.pass(milliseconds: 2_000)
        rig.expect(rig.store.frames.count, 0)
        rig.expect(rig.waiting.map(\.start), [1_000_000, 1_001_000])
        rig.expect(rig.disk.names(in: "data/frames"), [])
        rig.disk.limit(byteCount: nil)
        rig.storeWaiting()
        rig.expect(rig.store.frames.map(\.startTimestamp), [1_000_000, 1_001_000])
    }

    /// Whoever comes first: readers, or the check of what a start has found.
    private static let framesAreCheckedAndRead = Story("frames are checked and read") { rig in
        try rig.open()
        rig.storeWindows(3, padding: 300)
        rig.read()
        rig.disk.restart()
        try rig.open()
        _ = rig.checkNext()
        rig.read()
        while case .checked(let damage) = rig.checkNext() { rig.expect(damage, []) }
        rig.read()
        rig.expect(rig.store.frames.map(\.gzipCondition), [.sound, .sound, .sound])
    }
}

extension Rig {
    /// Windows of one item each, their frames stored.
    fileprivate func storeWindows(_ count: Int, padding: Int = 0) {
        for number in 0..<count {
            post([number], padding: padding)
            pass(milliseconds: 1_000)
        }
    }
}
