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

    @Test(arguments: Story.store)
    func framesComeAndGo(story: Story) throws { try story.tell() }

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

    /// A frame that can't be opened, and an older one that can.
    @Test func aFrameThatCannotBeReadKeepsNoOtherFromBeingChecked() throws {
        let rig = try rig(windows: 2, padding: 500)
        rig.disk.restart()
        try rig.open()
        rig.disk.arrange([.failure(operation: rig.disk.operationCount + 1, code: 24)])
        let outcomes = (0..<2).map { _ in rig.checkNext() }
        #expect(outcomes == [.putOff, .checked(damage: [])])
        #expect(rig.store.frames.map(\.gzipCondition) == [.sound, .unchecked])
        let again = (0..<2).map { _ in rig.checkNext() }
        #expect(again == [.checked(damage: []), .done])
        #expect(rig.store.frames.map(\.gzipCondition) == [.sound, .sound])
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
