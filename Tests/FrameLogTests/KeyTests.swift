// Shows that an upload with a key stores nothing twice, however often and whenever it is tried again: within
// a window, behind its seal, after restarts, with the log's segments gone, and with the disk failing at any
// operation.
import Bytes
import SimulatedStorage
import Testing

@testable import FrameLog

/// A client that sends numbered items under one key, and begins anew when it is told to.
private final class KeyedClient {
    let key: UploadKey
    let numbers: [Int]
    private(set) var claim: KeyClaim?

    /// What claims are called in the rig's account, where no item has that number.
    private static let claimTicket = 1 << 30

    init(_ numbers: [Int], key: UInt64 = 1) {
        var octets: [UInt8] = []
        octets.append(bigEndian: key)
        octets.append(bigEndian: key)
        self.key = UploadKey(digest: octets.span)
        self.numbers = numbers
    }

    /// Asks how far the upload is stored.
    @discardableResult
    func begin(_ rig: Rig) -> ItemVerdict {
        var batch = ItemBatch()
        batch.claim(key, ticket: UInt64(Self.claimTicket))
        rig.commit([batch])
        let verdict = rig.lastOutcomes[0].verdict
        if case .claimed(let claim) = verdict { self.claim = claim } else { claim = nil }
        return verdict
    }

    /// Sends what isn't stored, as far as `end`; returns the verdicts.
    @discardableResult
    func send(_ rig: Rig, to end: Int? = nil) -> [ItemVerdict] {
        guard let claim else { return [] }
        let rest = Int(claim.progress.through)..<max(Int(claim.progress.through), end ?? numbers.count)
        let seed: [UInt8] = []
        var digest = BodyDigest(seed: seed.span)
        for number in numbers[..<rest.lowerBound] { digest.add("\(number)") }
        if rest.lowerBound > 0 { #expect(claim.progress.digest == digest.value) }
        return rig.post(
            keyed: rest.map { index in
                let number = numbers[index]
                digest.add("\(number)")
                let place = KeyedPlace(
                    key: key, claim: claim.number, index: UInt64(index), digest: digest.value)
                return (number, place)
            })
    }
}

extension BodyDigest {
    /// Reads an item.
    fileprivate mutating func add(_ item: String) {
        read(Array(item.utf8).span)
        endItem()
    }
}

extension Rig {
    /// Sends items of an upload with a key.
    fileprivate func post(keyed items: [(number: Int, place: KeyedPlace)]) -> [ItemVerdict] {
        var batch = ItemBatch()
        for (number, place) in items {
            promise(number)
            batch.append(
                channelID: Array("keyed".utf8).span, channelType: Array("text".utf8).span,
                timestamp: .server(now), data: Array("\(number)".utf8).span, ticket: UInt64(number),
                place: place)
        }
        commit([batch])
        return lastOutcomes.map(\.verdict)
    }
}

@Suite struct KeyTests {
    @Test func aClaimSaysWhatIsStored() throws {
        let rig = Rig()
        try rig.open()
        let client = KeyedClient([1, 2, 3])
        client.begin(rig)
        #expect(client.claim?.progress == UploadProgress())
        #expect(client.send(rig, to: 2).count == 2)
        client.begin(rig)
        #expect(client.claim?.progress.through == 2)
        #expect(client.claim?.progress.storedCount == 2)
        #expect(client.claim?.progress.lastFrame == 1_000_000)
        client.send(rig)
        client.begin(rig)
        #expect(client.send(rig) == [])
        try rig.checkPromises()
    }

    /// The connection of the first try may still be there, with items on their way.
    @Test func aLaterClaimEndsTheEarlierOne() throws {
        let rig = Rig()
        try rig.open()
        let first = KeyedClient([1, 2])
        first.begin(rig)
        let second = KeyedClient([1, 2])
        second.begin(rig)
        #expect(first.send(rig) == [.superseded, .superseded])
        second.send(rig)
        try rig.checkPromises()
    }

    @Test func keysAreTheirOwn() throws {
        let rig = Rig()
        try rig.open()
        let clients = [KeyedClient([1, 2], key: 1), KeyedClient([3, 4], key: 2)]
        for client in clients { client.begin(rig) }
        for client in clients { client.send(rig) }
        for client in clients {
            client.begin(rig)
            #expect(client.claim?.progress.through == 2)
        }
        try rig.checkPromises()
    }

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

    /// Restarts with and without the window's seal in between, and with so much else that its segment is
    /// gone.
    @Test(arguments: [0, 500, 5_000, 200_000], [0, 300] as [UInt64])
    func restartsForgetNothing(milliseconds: UInt64, lateness: UInt64) throws {
        let rig = Rig()
        rig.settings.latenessMilliseconds = lateness
        try rig.open()
        let client = KeyedClient([1, 2, 3, 4])
        client.begin(rig)
        client.send(rig, to: 2)
        rig.pass(milliseconds: milliseconds)
        if milliseconds > 1_000 {
            for number in 100..<130 {
                rig.post([number], padding: 3_000)
                rig.pass(milliseconds: 1_000)
            }
        }
        rig.disk.restart()
        try rig.open()
        client.begin(rig)
        #expect(client.claim?.progress.through == 2)
        client.send(rig, to: 3)
        rig.disk.restart()
        try rig.open()
        client.begin(rig)
        #expect(client.claim?.progress.through == 3)
        #expect(client.claim?.progress.storedCount == 3)
        client.send(rig)
        try rig.checkPromises()
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

    @Test func filesOfKeysAreRemovedInTheirTime() throws {
        let rig = Rig()
        rig.retention.framesMax = 5
        try rig.open()
        for number in 0..<20 {
            let client = KeyedClient([number], key: UInt64(number))
            client.begin(rig)
            client.send(rig)
            rig.pass(milliseconds: 1_000)
        }
        let folder = SimulatedStorage(rig.disk, path: "data/keys")
        #expect(try folder.names().count == 20)
        rig.pass(milliseconds: KeyTable.keptMilliseconds + 5_000)
        #expect(try folder.names().isEmpty)
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

    /// Has the log note that an upload of two items has ended.
    private func end(_ client: KeyedClient, _ rig: Rig) throws {
        let claim = try #require(client.claim)
        var batch = ItemBatch()
        batch.end(
            KeyedPlace(key: client.key, claim: claim.number, index: 2, digest: 42), ticket: UInt64(9_999))
        rig.commit([batch])
        #expect(rig.lastOutcomes.map(\.verdict) == [.ended])
    }

    @Test(arguments: [false, true])
    func anEndIsKnown(restarts: Bool) throws {
        let rig = Rig()
        try rig.open()
        let client = KeyedClient([1, 2])
        client.begin(rig)
        client.send(rig)
        try end(client, rig)
        if restarts {
            // With the next window it comes to the disk.
            rig.pass(milliseconds: 2_000)
            rig.disk.restart()
            try rig.open()
        }
        client.begin(rig)
        #expect(client.claim?.progress.end == UploadEnd(itemCount: 2, digest: 42))
    }

    @Test func anEndOfNothingOrOfAnEarlierClaimIsNotNoted() throws {
        let rig = Rig()
        try rig.open()
        let client = KeyedClient([1, 2])
        client.begin(rig)
        try end(client, rig)
        client.send(rig)
        let other = KeyedClient([1, 2])
        other.begin(rig)
        try end(client, rig)
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

    /// Whatever happens, who tries again until all is accepted finds each item in one frame, once.
    @Test(arguments: [1, 2] as [UInt64])
    func retriesAcrossACrashAtAnyOperation(seed: UInt64) throws {
        var operation = 1
        while true {
            let rig = Rig(seed: seed &* 1_000 + UInt64(operation))
            rig.settings.segmentByteCount = 12 << 10
            rig.disk.arrange([.crash(operation: operation)])
            let clients = (0..<6).map { client in
                KeyedClient(Array(client * 10..<client * 10 + 6), key: UInt64(client))
            }
            func tell() {
                do { try rig.open() } catch { return }
                for (turn, client) in clients.enumerated() {
                    client.begin(rig)
                    client.send(rig, to: 3)
                    rig.post([1000 + turn], padding: 3_000)
                    rig.pass(milliseconds: 700)
                    client.begin(rig)
                    client.send(rig)
                    if rig.disk.isDown { return }
                }
            }
            tell()
            let isOver = !rig.disk.hasFired
            rig.disk.restart()
            try rig.open()
            for client in clients {
                client.begin(rig)
                client.send(rig)
                client.begin(rig)
                #expect(client.claim?.progress.through == 6, "seed \(seed), operation \(operation)")
                #expect(client.claim?.progress.storedCount == 6)
            }
            try rig.checkPromises("seed \(seed), crash at operation \(operation)")
            let keyed = try rig.stored().filter { $0 < 1000 }.sorted()
            #expect(keyed == clients.flatMap(\.numbers), "seed \(seed), crash at operation \(operation)")
            if isOver { break }
            operation += 1
        }
        #expect(operation > 100)
    }
}
