// Shows that what was promised holds when the power fails, the process is killed or the disk errs at any
// operation: each story is told again and again with the fault one operation later, until it is told to the
// end without.
import Bytes
import FrameLog
import Posix
import SimulatedStorage
import Testing

private let ioError: Int32 = 5

@Suite struct FaultTests {
    @Test(arguments: Story.all)
    func anyOperationFails(story: Story) throws {
        let count = try story.tellWithFaults()
        #expect(count > (Thoroughness.isSanitized ? 3 : 30))
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

    /// Where a commit and what takes it back could both not be synced, the disk may have items that the
    /// system's memory has not. What a start has not found is not to come back when the power fails.
    @Test(arguments: 1...8 as ClosedRange<UInt64>)
    func whatAStartHasNotFoundStaysAway(seed: UInt64) throws {
        let rig = Rig(seed: seed)
        try rig.open()
        rig.disk.arrange([
            .call(CallFault(.fdatasync, number: 1, code: ioError, extent: .some, isLasting: true))
        ])
        #expect(rig.post([1]) == [.inDoubt])
        rig.disk.arrange([])
        rig.disk.restartProcess()
        try rig.open()
        #expect(rig.ingest.openItemCount == 0)
        rig.disk.restart()
        try rig.open()
        #expect(rig.ingest.openItemCount == 0)
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
