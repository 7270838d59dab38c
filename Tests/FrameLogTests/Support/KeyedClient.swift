// A client whose uploads have keys.
import Bytes
import SimulatedStorage
import Testing

@testable import FrameLog

/// A client that sends numbered items under one key, and begins anew when it is told to.
final class KeyedClient {
    let key: UploadKey
    let numbers: [Int]
    private(set) var claim: KeyClaim?

    /// What claims are called in the rig's account, where no item has that number.
    private static let claimTicket = 1 << 30
    private static let endTicket = claimTicket + 1
    static let endDigest: UInt64 = 42

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

    /// Has the log note that the upload has ended.
    @discardableResult
    func end(_ rig: Rig) -> [ItemVerdict] {
        guard let claim else { return [] }
        var batch = ItemBatch()
        let place = KeyedPlace(
            key: key, claim: claim.number, index: UInt64(numbers.count), digest: Self.endDigest)
        batch.end(place, ticket: UInt64(Self.endTicket))
        rig.commit([batch])
        return rig.lastOutcomes.map(\.verdict)
    }

    /// Tries again, and finds that all is stored then, each item once.
    func retry(_ rig: Rig, _ context: String = "", sourceLocation: SourceLocation = #_sourceLocation) {
        begin(rig)
        send(rig)
        begin(rig)
        let count = UInt64(numbers.count)
        #expect(claim?.progress.through == count, "\(context)", sourceLocation: sourceLocation)
        #expect(claim?.progress.storedCount == count, "\(context)", sourceLocation: sourceLocation)
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
