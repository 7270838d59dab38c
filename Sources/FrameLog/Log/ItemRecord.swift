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
struct ItemRecord {
    /// The octets before the channel id.
    static let prefixByteCount = 20
    /// The most octets a record has beside its data.
    static let overheadByteCountMax = prefixByteCount + 2 * 255

    let timestamp: UInt64
    /// Where the parts stand in the record.
    let id: Range<Int>
    let type: Range<Int>
    let payload: Range<Int>

    /// Reads a record whose checksum is right. Nil where it can't be an item's all the same.
    init?(decoding record: Span<UInt8>) {
        if record.count < Self.prefixByteCount { return nil }
        id = Self.idRange(count: record[10], from: 0)
        type = id.upperBound..<id.upperBound + Int(record[11])
        if id.isEmpty || type.upperBound > record.count { return nil }
        payload = type.upperBound..<record.count
        timestamp = record.bigEndian(at: 12, as: UInt64.self)
    }

    /// Where the channel id of a record that begins at `start` stands.
    static func idRange(count: UInt8, from start: Int) -> Range<Int> {
        start + prefixByteCount..<start + prefixByteCount + Int(count)
    }

    /// Appends an item's record and returns its checksum.
    static func append(
        channelID: Span<UInt8>, channelType: Span<UInt8>, timestamp: UInt64, data: Span<UInt8>,
        to octets: inout [UInt8]
    ) -> UInt32 {
        precondition(!channelID.isEmpty && channelID.count <= 255, "a channel id has 1 to 255 octets")
        precondition(channelType.count <= 255, "a channel type has at most 255 octets")
        let start = octets.count
        Record.begin(.item, in: &octets)
        octets.append(UInt8(channelID.count))
        octets.append(UInt8(channelType.count))
        octets.append(bigEndian: timestamp)
        octets.append(copying: channelID)
        octets.append(copying: channelType)
        octets.append(copying: data)
        return Record.finish(from: start, in: &octets)
    }
}
