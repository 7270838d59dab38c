// Shows that frames are stored whole or not at all, found again by their names, coded where that pays, and
// removed by retention with a memory of what was removed.
import Bytes
import Posix
import SimulatedStorage
import Testing

@testable import FrameLog

@Suite struct StoreTests {
    /// Windows of one item each, their frames stored.
    private func rig(windows: Int, padding: Int = 0, _ change: (Rig) -> Void = { _ in }) throws -> Rig {
        let rig = Rig()
        change(rig)
        try rig.open()
        for number in 0..<windows {
            rig.post([number], padding: padding)
            rig.pass(milliseconds: 1_000)
        }
        return rig
    }

    @Test func framesAreFoundAgain() throws {
        let rig = try rig(windows: 3, padding: 200)
        let before = rig.store.frames.map {
            [$0.startTimestamp, $0.endTimestamp, $0.byteCount, $0.gzipByteCount ?? 0]
        }
        let digests = rig.store.frames.map(\.digest)
        #expect(before.count == 3)
        #expect(rig.store.storedThrough == 1_003_000)
        rig.disk.restart()
        try rig.open()
        #expect(rig.warnings == [])
        let after = rig.store.frames.map {
            [$0.startTimestamp, $0.endTimestamp, $0.byteCount, $0.gzipByteCount ?? 0]
        }
        #expect(before == after)
        #expect(rig.store.frames.map(\.digest) == digests)
        #expect(rig.store.storedThrough == 1_003_000)
    }

    @Test func aFormIsCodedWhereThatPays() throws {
        let rig = try rig(windows: 1, padding: 500)
        let frame = try #require(rig.store.frames.first)
        let coded = try #require(frame.gzipByteCount)
        #expect(coded * 10 <= frame.byteCount * 9)
        let mapped = try #require(try frame.gzip())
        #expect(UInt64(mapped.byteCount) == coded)
        // Items of few octets don't get shorter by run lengths.
        let other = try self.rig(windows: 1)
        #expect(try #require(other.store.frames.first).gzipByteCount == nil)
        #expect(try #require(other.store.frames.first).gzip() == nil)
        #expect(other.disk.names(in: "data/frames").allSatisfy { $0.hasSuffix(".frame") })
    }

    @Test func whatAnInterruptedRunLeftIsRemoved() throws {
        let rig = try rig(windows: 2, padding: 500)
        let names = rig.disk.names(in: "data/frames")
        #expect(names.count == 4)
        let folder = SimulatedStorage(rig.disk, path: "data/frames")
        _ = try folder.open("1002000.tmp", .create)
        try folder.remove(names[0])
        try rig.open()
        #expect(names[1] == names[0] + ".gz")
        #expect(
            rig.disk.names(in: "data/frames").filter { !$0.hasPrefix("100") || $0.hasSuffix(".tmp") } == [])
        #expect(rig.store.frames.map(\.startTimestamp) == [1_001_000])
    }

    @Test func aDamagedFrameIsLeftOutAndNamed() throws {
        let rig = try rig(windows: 4)
        let paths = rig.disk.names(in: "data/frames").map { "data/frames/" + $0 }
        rig.disk.change(paths[0]) { $0.removeLast() }
        rig.disk.change(paths[1]) { $0[1] = 2 }
        rig.disk.change(paths[2]) { $0[21] ^= 1 }
        try rig.open()
        #expect(rig.store.frames.map(\.startTimestamp) == [1_003_000])
        #expect(rig.warnings.count == 3)
        for (warning, path) in zip(rig.warnings, paths) { #expect(warning.hasPrefix(path + ": left out")) }
        // Its window is done all the same: an id never has two contents.
        #expect(rig.store.storedThrough == 1_004_000)
    }

    /// The frame clock goes on from the newest frame's end.
    @Test func aDamagedEndSetsNoClock() throws {
        let rig = try rig(windows: 1)
        let path = "data/frames/" + rig.disk.names(in: "data/frames")[0]
        rig.disk.flip(bit: 8 * 23, of: path)
        rig.disk.restart()
        try rig.open()
        #expect(rig.warnings.count == 1)
        #expect(rig.store.storedThrough == 1_000_001)
        #expect(rig.ingest.clockFloor <= rig.now)
        #expect(rig.post([1]) == [.accepted(frame: 1_001_000)])
    }

    @Test func theOldestGoFirst() throws {
        let byCount = try rig(windows: 5) { $0.retention.framesMax = 2 }
        #expect(byCount.store.frames.map(\.startTimestamp) == [1_003_000, 1_004_000])
        let one = try #require(byCount.store.frames.first).byteCount
        let byBytes = try rig(windows: 5) { $0.retention.byteCountMax = 3 * one + 1 }
        #expect(byBytes.store.frames.map(\.startTimestamp) == [1_002_000, 1_003_000, 1_004_000])
        let byAge = try rig(windows: 5) { $0.retention.ageMillisecondsMax = 1_000 }
        #expect(byAge.store.frames.map(\.startTimestamp) == [1_003_000, 1_004_000])
        byAge.now += 60_000
        #expect(try byAge.store.retire(now: byAge.now).map(\.startTimestamp) == [1_003_000, 1_004_000])
        #expect(byAge.store.frames.isEmpty)
        // Who has looked one of them up before can still open it.
        #expect(byAge.disk.names(in: "data/frames").count > 1)
        byAge.store.removeRetired()
        #expect(byAge.disk.names(in: "data/frames") == ["retired"])
    }

    @Test func whatWasRemovedIsRemembered() throws {
        let rig = try rig(windows: 5) { $0.retention.framesMax = 2 }
        for _ in 0..<2 {
            #expect(
                [999_000, 1_000_000, 1_000_500, 1_001_000, 1_002_000, 1_003_000].map {
                    rig.store.wasRetired(id: $0)
                }
                    == [false, true, false, true, true, false])
            rig.disk.restart()
            try rig.open()
        }
        // Where all frames are gone, what was stored last is known still.
        rig.retention.framesMax = 0
        try rig.open()
        _ = try rig.store.retire(now: rig.now)
        rig.store.removeRetired()
        try rig.open()
        #expect(rig.store.frames.isEmpty)
        #expect(rig.store.storedThrough == 1_005_000)
    }

    /// What the disk has changed since is given to nobody, whether a check or a reader comes upon it first.
    @Test(arguments: [false, true], [40, 1_100_000])
    func aFrameThatIsDamagedIsNotGivenOut(isRead: Bool, padding: Int) throws {
        let rig = Rig()
        rig.settings.itemByteCountMax = 2 << 20
        rig.settings.segmentByteCount = 4 << 20
        try rig.open()
        for number in 0..<3 {
            rig.post([number], padding: padding)
            rig.pass(milliseconds: 1_000)
        }
        let names = rig.disk.names(in: "data/frames").filter { $0.hasSuffix(".frame") }.sorted()
        // Of the data of the first frame's item.
        rig.disk.flip(bit: 8 * 100, of: "data/frames/" + names[0])
        rig.disk.restart()
        try rig.open()
        #expect(rig.warnings.isEmpty)
        let frame = rig.store.frames[0]
        if isRead {
            let isLarge = frame.byteCount > StoredFrame.checkedAtOnceByteCountMax
            if isLarge {
                _ = try frame.identity()
            } else {
                let error = #expect(throws: SystemError.self) { try frame.identity() }
                #expect(error?.code == SystemError.badContent)
            }
        }
        var damage: [String] = []
        while case .checked(let more) = rig.checkNext() { damage += more }
        #expect(damage == ["data/frames/" + names[0]])
        let error = #expect(throws: SystemError.self) { try frame.identity() }
        #expect(error?.code == SystemError.badContent)
        for sound in rig.store.frames[1...] {
            let mapped = try sound.identity()
            #expect(mapped.octets.copied() == rig.published[sound.startTimestamp])
        }
    }

    @Test func aGzipFormThatIsDamagedIsDoneWithout() throws {
        let rig = try rig(windows: 1, padding: 500)
        let name = try #require(rig.disk.names(in: "data/frames").first { $0.hasSuffix(".gz") })
        rig.disk.flip(bit: 8 * 9, of: "data/frames/" + name)
        rig.disk.restart()
        try rig.open()
        let frame = rig.store.frames[0]
        // Not before it is checked.
        #expect(try frame.gzip() == nil)
        let outcome = rig.checkNext()
        #expect(outcome == .checked(damage: ["data/frames/" + name]))
        #expect(try frame.gzip() == nil)
        let mapped = try frame.identity()
        #expect(mapped.octets.copied() == rig.published[frame.startTimestamp])
    }

    @Test func aCheckThatIsBrokenOffBeginsAnew() throws {
        let rig = try rig(windows: 2, padding: 500)
        rig.disk.restart()
        try rig.open()
        var outcomes = [rig.checkNext(isCancelled: true)]
        rig.disk.arrange([.failure(operation: rig.disk.operationCount + 1, code: 24)])
        outcomes.append(rig.checkNext())
        #expect(outcomes == [.putOff, .putOff])
        // A disk that can't read is as good as one that has changed what it reads.
        rig.disk.arrange([.failure(operation: rig.disk.operationCount + 2, code: 5)])
        outcomes = (0..<3).map { _ in rig.checkNext() }
        let name = try #require(rig.disk.names(in: "data/frames").filter { $0.hasSuffix(".frame") }.max())
        #expect(outcomes == [.checked(damage: ["data/frames/" + name]), .checked(damage: []), .done])
        #expect(rig.store.frames.map(\.gzipCondition) == [.sound, .sound])
    }

    @Test func aFrameThatIsRemovedCanBeReadToTheEnd() throws {
        let rig = try rig(windows: 1)
        let frame = try #require(rig.store.frames.first)
        let mapped = try frame.identity()
        rig.now += 60_000
        rig.retention.ageMillisecondsMax = 1
        try rig.open()
        _ = try rig.store.retire(now: rig.now)
        rig.store.removeRetired()
        #expect(mapped.octets.copied() == rig.published[1_000_000])
        frame.unmap()
        #expect(throws: SystemError.self) { try frame.identity() }
    }

    /// Whatever had it mapped: its octets would take room on the disk for as long as it is kept.
    @Test func aFrameThatIsRemovedIsKeptByNothing() throws {
        let rig = try rig(windows: 1) { $0.retention.framesMax = 1 }
        weak let frame = rig.store.frames.first
        _ = try frame?.identity()
        #expect(frame != nil)
        rig.post([2])
        rig.pass(milliseconds: 1_000)
        #expect(frame == nil)
    }

    @Test func aStoreIsKeptByNoFrameThatIsMapped() throws {
        let rig = try rig(windows: 1)
        _ = try rig.store.frames[0].identity()
        weak let frame = rig.store.frames[0]
        try rig.open()
        #expect(frame == nil)
    }

    /// The same windows, with the power failing at any operation of their storing and removing.
    @Test func powerFailsWhileFramesComeAndGo() throws {
        var operation = 1
        while true {
            let rig = Rig(seed: UInt64(operation))
            rig.retention.framesMax = 2
            try rig.open()
            rig.disk.arrange([.crash(operation: rig.disk.operationCount + operation)])
            for number in 0..<5 where !rig.disk.isDown {
                rig.post([number], padding: 300)
                rig.pass(milliseconds: 1_000)
            }
            if !rig.disk.hasFired { break }
            let last = rig.published.keys.max()
            rig.disk.restart()
            try rig.open()
            #expect(rig.warnings.allSatisfy { $0.contains("torn") }, "operation \(operation)")
            for (start, octets) in rig.published {
                let frame = rig.store.frames.first { $0.startTimestamp == start }
                let isThere =
                    frame.map { rig.disk.octets(of: "data/frames/" + rig.name(of: $0)) == octets } ?? false
                #expect(isThere != rig.store.wasRetired(id: start), "frame \(start), operation \(operation)")
            }
            if let last { #expect(try #require(rig.store.storedThrough) > last) }
            operation += 1
        }
        #expect(operation > 50)
    }

    @Test func aFrameThatCouldNotBeStoredIsStoredLater() throws {
        let rig = Rig()
        try rig.open()
        rig.post([1, 2, 3])
        rig.disk.limit(byteCount: 0)
        rig.pass(milliseconds: 2_000)
        #expect(rig.store.frames.isEmpty)
        #expect(rig.waiting.map(\.start) == [1_000_000, 1_001_000])
        #expect(rig.disk.names(in: "data/frames") == [])
        rig.disk.limit(byteCount: nil)
        rig.storeWaiting()
        #expect(rig.store.frames.map(\.startTimestamp) == [1_000_000, 1_001_000])
        try rig.checkPromises()
    }

    /// A bit of an item turns over between its commit and its frame.
    @Test func damageIsNotFrozenIntoAFrame() throws {
        let rig = Rig()
        try rig.open()
        rig.post([1], padding: 100)
        let path = "data/log/" + rig.disk.names(in: "data/log")[0]
        let octets = try #require(rig.disk.octets(of: path))
        let last = try #require(octets.lastIndex { $0 == 32 })
        rig.disk.flip(bit: last * 8, of: path)
        rig.now += 1_000
        var none: [ItemBatch] = []
        let sealed = rig.ingest.commit(&none, now: rig.now)
        let thrown = #expect(throws: FrameLogError.self) { try rig.store.store(sealed[0]) }
        let error = try #require(thrown)
        #expect(error.reason == .corrupt)
        #expect(error.path == path)
        // No frame can follow it, so nothing is taken that would wait behind it.
        rig.ingest.close(error)
        #expect(rig.post([2]) == [.logClosed])
        #expect(rig.ingest.nextSealAt == nil)
        guard case .damaged(error) = rig.ingest.health else {
            Issue.record("the log doesn't say that it is damaged")
            return
        }
        // Also not where the disk fails otherwise: what was found first is what has to be repaired.
        rig.disk.limit(byteCount: 0)
        #expect(rig.post([3], padding: 3_000) == [.logClosed])
        guard case .damaged = rig.ingest.health else {
            Issue.record("the log has forgotten that it is damaged")
            return
        }
    }
}
