import Bytes

/// Items that one event loop took in a turn, on their way to the log's writer and, with outcomes, back.
///
/// The items stand in it as the log's records, checksums included, so that the loops share that work and the
/// writer only hands the octets on. A batch that has been used before appends without allocating.
package struct ItemBatch: Sendable {
    /// What the writer has to know of a record without reading it.
    struct Entry {
        enum Kind {
            case item
            /// No item, but the claim of a key.
            case claim
            /// No item, but the end of an upload with a key.
            case end
        }

        let kind: Kind
        let ticket: UInt64
        let timestamp: UInt64
        /// Where the record begins in `records`, and how long it is.
        let start: UInt32
        let byteCount: UInt32
        let checksum: UInt32
        let idByteCount: UInt8
        let typeByteCount: UInt8
        let isServerStamped: Bool
        let isJSON: Bool
        /// Where in `places` the item's place in its upload stands, or what is claimed or has ended; -1
        /// without a key.
        let placeIndex: Int32

        var isKeyed: Bool { placeIndex >= 0 }
        var payloadByteCount: Int {
            if kind != .item { return 0 }
            return Int(byteCount) - ItemRecord.prefixByteCount(isKeyed: isKeyed) - Int(idByteCount)
                - Int(typeByteCount)
        }
        var range: Range<Int> { Int(start)..<Int(start) + Int(byteCount) }
        var idRange: Range<Int> { ItemRecord.idRange(count: idByteCount, from: Int(start), isKeyed: isKeyed) }
        var typeRange: Range<Int> { idRange.upperBound..<idRange.upperBound + Int(typeByteCount) }
        var dataRange: Range<Int> { typeRange.upperBound..<range.upperBound }
    }

    /// Memory for records that an emptied batch keeps; what one large item took beyond it is given back.
    static let keptByteCountMax = 1 << 20

    private(set) var records: [UInt8] = []
    private(set) var entries: [Entry] = []
    private(set) var places: [KeyedPlace] = []
    /// The latest time the server stamped an item with: the frame clock is at least there.
    private(set) var latestServerTimestamp: UInt64 = 0
    /// Which loop's it is: a ticket is known within its loop.
    package private(set) var loop: UInt32 = 0
    /// The latest commit of whose outcomes that loop had heard when it began the batch.
    package private(set) var heardOfCommit: UInt64 = 0
    /// What became of the items, in the order in which they were appended: filled by `Ingest.commit`.
    package internal(set) var outcomes: [ItemOutcome] = []
    /// The commit that filled them, by number from 1 on.
    package internal(set) var decidedInCommit: UInt64 = 0

    package init() {}

    /// Says whose batch it is; before the first item. No upload of a loop has another's ticket, ever.
    ///
    /// - Parameter heardOfCommit: the greatest `decidedInCommit` of the loop's batches that came back.
    package mutating func begin(loop: UInt32, heardOfCommit: UInt64) {
        self.loop = loop
        self.heardOfCommit = heardOfCommit
    }

    /// Whether no item has been appended.
    package var isEmpty: Bool { entries.isEmpty }

    /// The items appended.
    package var count: Int { entries.count }

    /// The octets of an item's data.
    package func payloadByteCount(at index: Int) -> Int { entries[index].payloadByteCount }

    /// An item as it was appended; its index must not be that of a claim or an end.
    @_lifetime(borrow self)
    package func item(at index: Int) -> BatchItem {
        let entry = entries[index]
        precondition(entry.kind == .item, "a claim and an end are no items")
        let records = records.span
        return BatchItem(
            channelID: records.extracting(entry.idRange), channelType: records.extracting(entry.typeRange),
            timestamp: entry.timestamp, isJSON: entry.isJSON, data: records.extracting(entry.dataRange))
    }

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
    ///   - isJSON: whether the data is known to be JSON. The log doesn't keep it.
    ///   - place: where it stands in an upload that has a key.
    package mutating func append(
        channelID: Span<UInt8>, channelType: Span<UInt8>, timestamp: ItemTimestamp, data: Span<UInt8>,
        ticket: UInt64, isJSON: Bool = false, place: KeyedPlace? = nil
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
                kind: .item, ticket: ticket, timestamp: milliseconds, start: UInt32(start),
                byteCount: UInt32(records.count - start), checksum: checksum,
                idByteCount: UInt8(channelID.count), typeByteCount: UInt8(channelType.count),
                isServerStamped: isServerStamped, isJSON: isJSON,
                placeIndex: place == nil ? -1 : Int32(places.count)))
        if let place { places.append(place) }
        if isServerStamped { latestServerTimestamp = max(latestServerTimestamp, milliseconds) }
    }

    /// Claims an upload's key: the outcome is `claimed`, `keysFull`, or what the log says of items. From then
    /// on no items of an earlier claim are taken.
    package mutating func claim(_ key: UploadKey, ticket: UInt64) {
        append(.claim, KeyedPlace(key: key, claim: 0, index: 0, digest: 0), ticket: ticket)
    }

    /// Says that an upload with a key has come to its end, behind its items: a retry with another end is
    /// another upload from then on. Where an item of it was refused for a reason that passes, nothing is
    /// noted. The outcome is `ended`, or what the log says of items, and means nothing.
    ///
    /// - Parameter place: how many items there are, and the digest of the whole body.
    package mutating func end(_ place: KeyedPlace, ticket: UInt64) { append(.end, place, ticket: ticket) }

    private mutating func append(_ kind: Entry.Kind, _ place: KeyedPlace, ticket: UInt64) {
        entries.append(
            Entry(
                kind: kind, ticket: ticket, timestamp: 0, start: UInt32(records.count), byteCount: 0,
                checksum: 0, idByteCount: 0, typeByteCount: 0, isServerStamped: false, isJSON: false,
                placeIndex: Int32(places.count)))
        places.append(place)
    }
}

/// An item of a batch, borrowed from it.
package struct BatchItem: ~Escapable {
    package let channelID: Span<UInt8>
    package let channelType: Span<UInt8>
    /// Milliseconds since the UNIX epoch.
    package let timestamp: UInt64
    /// Whether the data is known to be JSON.
    package let isJSON: Bool
    package let data: Span<UInt8>

    @_lifetime(copy channelID, copy channelType, copy data)
    init(
        channelID: Span<UInt8>, channelType: Span<UInt8>, timestamp: UInt64, isJSON: Bool, data: Span<UInt8>
    ) {
        self.channelID = channelID
        self.channelType = channelType
        self.timestamp = timestamp
        self.isJSON = isJSON
        self.data = data
    }
}
