import Bytes

/// The record of an item.
///
/// | at | size | field |
/// | --- | --- | --- |
/// | 0 | 10 | as in `Record` |
/// | 10 | 1 | channel id size, I |
/// | 11 | 1 | channel type size, T |
/// | 12 | 8 | timestamp, milliseconds since the UNIX epoch |
/// | 20 | I | channel id |
/// | 20+I | T | channel type |
/// | 20+I+T | rest | data |
///
/// That of an item of an upload with a key has, between the timestamp and the channel id, the key (16), the
/// item's number (8), and the digest of the body through it (8).
struct ItemRecord {
    /// The octets before the channel id.
    static func prefixByteCount(isKeyed: Bool) -> Int { isKeyed ? 52 : 20 }
    /// The most octets a record has beside its data.
    static let overheadByteCountMax = prefixByteCount(isKeyed: true) + 2 * 255

    let timestamp: UInt64
    /// Nil for an item without a key; the claim is 0.
    let place: KeyedPlace?
    /// Where the parts stand in the record.
    let id: Range<Int>
    let type: Range<Int>
    let payload: Range<Int>

    /// Reads a record of either kind whose checksum is right. Nil where it can't be an item's all the same.
    init?(decoding record: Span<UInt8>) {
        let isKeyed = Record.kind(of: record) == .keyedItem
        if record.count < Self.prefixByteCount(isKeyed: isKeyed) { return nil }
        id = Self.idRange(count: record[10], from: 0, isKeyed: isKeyed)
        type = id.upperBound..<id.upperBound + Int(record[11])
        if id.isEmpty || type.upperBound > record.count { return nil }
        payload = type.upperBound..<record.count
        timestamp = record.bigEndian(at: 12, as: UInt64.self)
        place =
            isKeyed
            ? KeyedPlace(
                key: UploadKey(digest: record.extracting(20..<36)), claim: 0,
                index: record.bigEndian(at: 36, as: UInt64.self),
                digest: record.bigEndian(at: 44, as: UInt64.self)) : nil
        if timestamp > Record.timeMax || place?.index == .max { return nil }
    }

    /// Where the channel id of a record that begins at `start` stands.
    static func idRange(count: UInt8, from start: Int, isKeyed: Bool) -> Range<Int> {
        let id = start + prefixByteCount(isKeyed: isKeyed)
        return id..<id + Int(count)
    }

    /// Appends an item's record and returns its checksum.
    static func append(
        channelID: Span<UInt8>, channelType: Span<UInt8>, timestamp: UInt64, place: KeyedPlace?,
        data: Span<UInt8>, to octets: inout [UInt8]
    ) -> UInt32 {
        precondition(!channelID.isEmpty && channelID.count <= 255, "a channel id has 1 to 255 octets")
        precondition(channelType.count <= 255, "a channel type has at most 255 octets")
        let start = octets.count
        Record.begin(place == nil ? .item : .keyedItem, in: &octets)
        octets.append(UInt8(channelID.count))
        octets.append(UInt8(channelType.count))
        octets.append(bigEndian: timestamp)
        if let place {
            octets.append(bigEndian: place.key.high)
            octets.append(bigEndian: place.key.low)
            octets.append(bigEndian: place.index)
            octets.append(bigEndian: place.digest)
        }
        octets.append(copying: channelID)
        octets.append(copying: channelType)
        octets.append(copying: data)
        return Record.finish(from: start, in: &octets)
    }
}
