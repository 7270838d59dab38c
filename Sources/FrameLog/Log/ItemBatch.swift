import Bytes

/// Items that one event loop took in a turn, on their way to the log's writer and, with outcomes, back.
///
/// The items stand in it as the log's records, checksums included, so that the loops share that work and the
/// writer only hands the octets on. A batch that has been used before appends without allocating.
package struct ItemBatch: Sendable {
    /// What the writer has to know of a record without reading it.
    struct Entry {
        let ticket: UInt64
        let timestamp: UInt64
        /// Where the record begins in `records`, and how long it is.
        let start: UInt32
        let byteCount: UInt32
        let checksum: UInt32
        let idByteCount: UInt8
        let typeByteCount: UInt8
        let isServerStamped: Bool
        /// Where in `places` the item's place in its upload stands, or what is claimed; -1 without a key.
        let placeIndex: Int32

        var isKeyed: Bool { placeIndex >= 0 }
        /// No item, but the claim of a key.
        var isClaim: Bool { byteCount == 0 }
        var payloadByteCount: Int {
            if isClaim { return 0 }
            return Int(byteCount) - ItemRecord.prefixByteCount(isKeyed: isKeyed) - Int(idByteCount)
                - Int(typeByteCount)
        }
        var range: Range<Int> { Int(start)..<Int(start) + Int(byteCount) }
        var idRange: Range<Int> { ItemRecord.idRange(count: idByteCount, from: Int(start), isKeyed: isKeyed) }
        var typeRange: Range<Int> { idRange.upperBound..<idRange.upperBound + Int(typeByteCount) }
    }

    /// Memory for records that an emptied batch keeps; what one large item took beyond it is given back.
    static let keptByteCountMax = 1 << 20

    private(set) var records: [UInt8] = []
    private(set) var entries: [Entry] = []
    private(set) var places: [KeyedPlace] = []
    /// The latest time the server stamped an item with: the frame clock is at least there.
    private(set) var latestServerTimestamp: UInt64 = 0
    /// What became of the items, in the order in which they were appended: filled by `Ingest.commit`.
    package internal(set) var outcomes: [ItemOutcome] = []

    package init() {}

    /// Whether no item has been appended.
    package var isEmpty: Bool { entries.isEmpty }

    /// The items appended.
    package var count: Int { entries.count }

    /// The octets of an item's data.
    package func payloadByteCount(at index: Int) -> Int { entries[index].payloadByteCount }

    /// The octets of their records.
    package var byteCount: Int { records.count }

    /// Forgets items and outcomes and keeps up to 1 MiB of memory for the next ones.
    package mutating func removeAll() {
        records.removeAll(keepingCapacity: records.capacity <= Self.keptByteCountMax)
        entries.removeAll(keepingCapacity: true)
        places.removeAll(keepingCapacity: true)
        outcomes.removeAll(keepingCapacity: true)
        latestServerTimestamp = 0
    }

    /// Appends an item.
    ///
    /// - Parameters:
    ///   - channelID: 1 to 255 octets of UTF-8.
    ///   - channelType: at most 255 octets of UTF-8.
    ///   - data: at most `FrameLogSettings.itemByteCountMax` octets. A batch holds less than 2 GiB.
    ///   - ticket: comes back in the item's outcome.
    ///   - place: where it stands in an upload that has a key.
    package mutating func append(
        channelID: Span<UInt8>, channelType: Span<UInt8>, timestamp: ItemTimestamp, data: Span<UInt8>,
        ticket: UInt64, place: KeyedPlace? = nil
    ) {
        let start = records.count
        let (milliseconds, isServerStamped) =
            switch timestamp {
            case .server(let time): (time, true)
            case .device(let time): (time, false)
            }
        let checksum = ItemRecord.append(
            channelID: channelID, channelType: channelType, timestamp: milliseconds, place: place,
            data: data, to: &records)
        precondition(records.count <= Int(Int32.max), "a batch holds less than 2 GiB")
        entries.append(
            Entry(
                ticket: ticket, timestamp: milliseconds, start: UInt32(start),
                byteCount: UInt32(records.count - start), checksum: checksum,
                idByteCount: UInt8(channelID.count), typeByteCount: UInt8(channelType.count),
                isServerStamped: isServerStamped, placeIndex: place == nil ? -1 : Int32(places.count)))
        if let place { places.append(place) }
        if isServerStamped { latestServerTimestamp = max(latestServerTimestamp, milliseconds) }
    }

    /// Claims an upload's key: the outcome is `claimed`, `keysFull`, or what the log says of items. From then
    /// on no items of an earlier claim are taken.
    package mutating func claim(_ key: UploadKey, ticket: UInt64) {
        entries.append(
            Entry(
                ticket: ticket, timestamp: 0, start: UInt32(records.count), byteCount: 0, checksum: 0,
                idByteCount: 0, typeByteCount: 0, isServerStamped: false, placeIndex: Int32(places.count)))
        places.append(KeyedPlace(key: key, claim: 0, index: 0, digest: 0))
    }
}
