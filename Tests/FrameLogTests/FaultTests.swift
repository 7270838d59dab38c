// Shows that what was promised holds when the power fails or the disk errs at any operation: the same story
// is told again and again with the fault one operation later, until it is told to the end without.
import Bytes
import FrameLog
import Posix
import SimulatedStorage
import Testing

private let ioError: Int32 = 5
private let noSpace: Int32 = 28

@Suite struct FaultTests {
    /// Opens, posts for some windows, restarts once in between; stops as soon as something is refused by the
    /// disk.
    private func tell(_ rig: Rig) {
        var number = 0
        for chapter in 0..<2 {
            do { try rig.open() } catch { return }
            for turn in 0..<8 {
                rig.post(Array(number..<number + 3), padding: turn % 4 == 3 ? 3_000 : 40)
                number += 3
                rig.post([number], timestamp: .device(rig.now + 700))
                number += 1
                if turn % 3 == 1 { try? rig.ingest.stock.refill() }
                rig.pass(milliseconds: 450)
                if rig.disk.isDown { return }
            }
            if chapter == 0 { rig.disk.restartProcess() }
        }
    }

    private func rig(seed: UInt64) -> Rig {
        let rig = Rig(seed: seed)
        rig.settings.segmentByteCount = 12 << 10
        rig.settings.latenessMilliseconds = 300
        return rig
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func powerFailsAtAnyOperation(seed: UInt64) throws {
        var operation = 1
        while true {
            let rig = rig(seed: seed &* 1_000 + UInt64(operation))
            rig.disk.arrange([.crash(operation: operation)])
            tell(rig)
            if !rig.disk.hasFired { break }
            rig.disk.restart()
            try rig.open()
            try rig.checkPromises("seed \(seed), crash at operation \(operation)")
            operation += 1
        }
        #expect(operation > 100)
    }

    /// The machine goes on, the process starts anew, and later the power fails too.
    @Test(arguments: [ioError, noSpace])
    func anyOperationFails(code: Int32) throws {
        var operation = 1
        while true {
            let rig = rig(seed: UInt64(operation))
            rig.disk.arrange([.failure(operation: operation, code: code)])
            tell(rig)
            if !rig.disk.hasFired { break }
            rig.disk.arrange([])
            rig.disk.restartProcess()
            try rig.open()
            rig.post([100_000])
            rig.disk.restart()
            try rig.open()
            try rig.checkPromises("error \(code) at operation \(operation)")
            operation += 1
        }
        #expect(operation > 100)
    }

    /// The disk errs, and from then on at every operation, until the power fails.
    @Test func theDiskDies() throws {
        var operation = 1
        while true {
            let rig = rig(seed: UInt64(operation))
            rig.disk.arrange((operation..<operation + 400).map { .failure(operation: $0, code: ioError) })
            tell(rig)
            if !rig.disk.hasFired { break }
            rig.disk.restart()
            try rig.open()
            try rig.checkPromises("disk dead from operation \(operation)")
            operation += 7
        }
        #expect(operation > 100)
    }

    @Test func aFullDiskIsWaitedOut() throws {
        let rig = Rig()
        try rig.open()
        rig.disk.limit(byteCount: 40 << 10)
        var number = 0
        while rig.post([number], padding: 3_000) == [.accepted(frame: 1_000_000)] { number += 1 }
        #expect(number > 3)
        #expect(rig.lastOutcomes.map(\.verdict) == [.noSpace])
        if case .full = rig.ingest.health {
        } else {
            Issue.record("the log doesn't say that the disk is full")
        }
        // Windows end all the same; the store has to wait with what has no room.
        rig.pass(milliseconds: 3_000)
        #expect(rig.post([1_000], padding: 3_000) == [.noSpace])
        rig.disk.limit(byteCount: nil)
        rig.pass(milliseconds: 1_000)
        rig.storeWaiting()
        if case .healthy = rig.ingest.health {} else { Issue.record("the log doesn't take items again") }
        #expect(rig.post([1_001], padding: 3_000) == [.accepted(frame: 1_004_000)])
        try rig.checkPromises()
        rig.disk.restart()
        try rig.open()
        try rig.checkPromises()
    }

    @Test func aFailedSyncClosesTheLog() throws {
        let rig = Rig()
        try rig.open()
        rig.post([1])
        // The write, then the sync of a commit.
        rig.disk.arrange([.failure(operation: rig.disk.operationCount + 2, code: ioError)])
        #expect(rig.post([2]) == [.logClosed])
        if case .closed(let error) = rig.ingest.health {
            #expect(error.description == "fdatasync data/log/00000001.segment: Input/output error")
        } else {
            Issue.record("the log is open")
        }
        #expect(rig.post([3]) == [.logClosed])
        #expect(rig.ingest.nextSealAt == nil)
        rig.disk.restartProcess()
        try rig.open()
        #expect(rig.post([4]) == [.accepted(frame: 1_000_000)])
        try rig.checkPromises()
    }

    @Test func whatCanNotBeTakenBackIsInDoubt() throws {
        let rig = Rig()
        try rig.open()
        let next = rig.disk.operationCount + 1
        rig.disk.arrange((next + 1..<next + 10).map { .failure(operation: $0, code: ioError) })
        #expect(rig.post([1]) == [.inDoubt])
        #expect(rig.post([2]) == [.logClosed])
        rig.disk.arrange([])
        rig.disk.restartProcess()
        try rig.open()
        rig.post([3])
        rig.disk.restart()
        try rig.open()
        try rig.checkPromises()
    }

    @Test func memoryDurabilityOutlivesTheProcess() throws {
        let rig = Rig()
        rig.settings.durability = .memory
        try rig.open()
        let syncs = rig.disk.operationCount
        rig.post([1])
        #expect(rig.disk.operationCount == syncs + 1)
        rig.disk.restartProcess()
        try rig.open()
        try rig.checkPromises()
    }

    /// With durability in memory a power failure may lose items, but never mistakes the loss for damage.
    @Test func memoryDurabilityLosesOnlyTheEnd() throws {
        for seed in 1...60 as ClosedRange<UInt64> {
            let rig = Rig(seed: seed)
            rig.settings.durability = .memory
            try rig.open()
            for number in 0..<12 { rig.post([number], padding: 900) }
            rig.disk.restart()
            try rig.open()
            rig.pass(milliseconds: 1_000)
            let found = try rig.published[1_000_000].map { try rig.numbers(in: $0).sorted() } ?? []
            #expect(found == Array(0..<found.count), "seed \(seed)")
        }
    }
}
