// Shows that an upload with a key stores nothing twice, however often and whenever it is tried again: within
// a window, behind its seal, after restarts, with the log's segments gone, and with the disk failing at any
// operation.
import Bytes
import SimulatedStorage
import Testing

@testable import FrameLog

@Suite struct KeyTests {
    @Test(arguments: Story.keys)
    func nothingIsStoredTwice(story: Story) throws { try story.tell() }

    @Test func thereAreOnlySoManyKeys() throws {
        let rig = Rig()
        rig.settings.keysMax = 2
        try rig.open()
        for key in 1...2 { KeyedClient([], key: UInt64(key)).begin(rig) }
        #expect(KeyedClient([], key: 3).begin(rig) == .keysFull)
        rig.pass(milliseconds: KeyTable.keptMilliseconds + 20_000)
        let client = KeyedClient([], key: 3)
        client.begin(rig)
        #expect(client.claim != nil)
    }

    /// One sender's keys leave room for another's, and those that are known stay good.
    @Test func eachSenderHasOnlySoManyKeys() throws {
        let rig = Rig()
        rig.settings.keysPerOwnerMax = 2
        try rig.open()
        let others: UInt64 = 1 << 32
        let first = KeyedClient([1], key: 1)
        first.begin(rig)
        first.send(rig)
        KeyedClient([], key: 2).begin(rig)
        #expect(KeyedClient([], key: 3).begin(rig) == .keysFull)
        for key in [others, others + 1] {
            let client = KeyedClient([], key: key)
            client.begin(rig)
            #expect(client.claim != nil)
        }
        #expect(KeyedClient([], key: others + 2).begin(rig) == .keysFull)
        first.begin(rig)
        #expect(first.claim?.progress.through == 1)
        rig.pass(milliseconds: KeyTable.keptMilliseconds + 20_000)
        for key in 3...4 as ClosedRange<UInt64> {
            let client = KeyedClient([], key: key)
            client.begin(rig)
            #expect(client.claim != nil)
        }
    }

    @Test(arguments: [false, true])
    func keysLiveFiveMinutesBehindTheirWindow(restarts: Bool) throws {
        for (milliseconds, through) in [
            (KeyTable.keptMilliseconds, 1), (KeyTable.keptMilliseconds + 20_000, 0),
        ] {
            let rig = Rig()
            rig.settings.skipsEmptyFrames = true
            try rig.open()
            let client = KeyedClient([1])
            client.begin(rig)
            client.send(rig)
            rig.pass(milliseconds: 1_000)
            rig.now += milliseconds - 1_000
            rig.commit([])
            if restarts {
                rig.disk.restart()
                try rig.open()
            }
            client.begin(rig)
            #expect(client.claim?.progress.through == UInt64(through))
        }
    }

    @Test func aDamagedFileOfKeysStopsTheStart() throws {
        let rig = Rig()
        try rig.open()
        let client = KeyedClient([1])
        client.begin(rig)
        client.send(rig)
        rig.pass(milliseconds: 2_000)
        let names = try SimulatedStorage(rig.disk, path: "data/keys").names()
        let name = try #require(names.first)
        rig.disk.flip(bit: 8 * 20, of: "data/keys/" + name)
        rig.disk.restart()
        #expect(throws: FrameLogError.self) { try rig.open() }
    }

    @Test func namesOfFiles() {
        #expect(KeyFileName("5-7.keys") == KeyFileName(windowStart: 5, goodUntil: 7))
        for name in ["5.keys", "5-7", "05-7.keys", "5-7-9.keys", "-7.keys", "5-7.keys.tmp", "retired"] {
            #expect(KeyFileName(name) == nil)
        }
    }

    // MARK: An upload's end

    @Test func anEndOfNothingOrOfAnEarlierClaimIsNotNoted() throws {
        let rig = Rig()
        try rig.open()
        let client = KeyedClient([1, 2])
        client.begin(rig)
        #expect(client.end(rig) == [.ended])
        client.send(rig)
        let other = KeyedClient([1, 2])
        other.begin(rig)
        #expect(client.end(rig) == [.ended])
        other.begin(rig)
        #expect(other.claim?.progress.end == nil)
    }

    /// A refusal that passes, and room again before the client has heard of it.
    @Test func nothingIsStoredBehindWhatHadNoRoom() throws {
        let rig = Rig()
        try rig.open()
        let client = KeyedClient([1, 2, 3])
        client.begin(rig)
        let claim = try #require(client.claim)
        func send(_ index: Int, heardOfCommit: UInt64 = 0) -> ItemOutcome {
            var batch = ItemBatch()
            batch.begin(loop: 1, heardOfCommit: heardOfCommit)
            let place = KeyedPlace(key: client.key, claim: claim.number, index: UInt64(index), digest: 0)
            batch.append(
                channelID: Array("a".utf8).span, channelType: Array("b".utf8).span,
                timestamp: .server(rig.now), data: Array("1".utf8).span, ticket: 5, place: place)
            if index == 2 {
                batch.end(KeyedPlace(key: client.key, claim: claim.number, index: 3, digest: 0), ticket: 5)
            }
            var batches = [batch]
            _ = rig.ingest.commit(&batches, now: rig.now)
            return batches[0].outcomes[0]
        }
        rig.disk.arrange([.failure(operation: rig.disk.operationCount + 1, code: 28)])
        #expect(send(0).verdict == .noSpace)
        rig.now += 300
        #expect(send(1).verdict == .noSpace)
        #expect(send(2).verdict == .noSpace)
        #expect(rig.post([100]) != [.noSpace])
        client.begin(rig)
        #expect(client.claim?.progress == UploadProgress())
    }

    /// What could not be written is not stored, and is not said to be.
    @Test func aFailedCommitIsNotNoted() throws {
        let rig = Rig()
        try rig.open()
        let client = KeyedClient([1, 2])
        client.begin(rig)
        client.send(rig, to: 1)
        client.begin(rig)
        rig.disk.arrange([.failure(operation: rig.disk.operationCount + 1, code: 28)])
        #expect(client.send(rig) == [.noSpace])
        rig.pass(milliseconds: 1_000)
        client.begin(rig)
        #expect(client.claim?.progress.through == 1)
        #expect(client.send(rig).count == 1)
        try rig.checkPromises()
    }
}
