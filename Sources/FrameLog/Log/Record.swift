import Bytes

/// What a record in the log is.
enum RecordKind: UInt8 {
    /// An item of a channel.
    case item = 1
    /// The end of a window: what stands before it and belongs there is the window's frame.
    case seal = 2
    /// Windows from here on begin at or after a time, and have a length of their own.
    case resume = 3
}

/// What all records begin with.
///
/// | at | size | field |
/// | --- | --- | --- |
/// | 0 | 4 | the whole record's size |
/// | 4 | 4 | CRC-32C of everything after it |
/// | 8 | 1 | kind |
/// | 9 | 1 | flags, 0: a later version marks fields of its own here |
///
/// Integers are unsigned and in network byte order.
enum Record {
    static let prefixByteCount = 10
    /// Where the part begins that the checksum covers.
    static let checkedFrom = 8

    /// Begins a record whose size and checksum `finish` fills in.
    static func begin(_ kind: RecordKind, in octets: inout [UInt8]) {
        let prefix: InlineArray<10, UInt8> = [0, 0, 0, 0, 0, 0, 0, 0, kind.rawValue, 0]
        octets.append(copying: prefix.span)
    }

    /// Ends the record that began at `start` with all octets behind it, and returns its checksum.
    static func finish(from start: Int, in octets: inout [UInt8]) -> UInt32 {
        let byteCount = UInt32(octets.count - start)
        let checksum = CRC32C.checksum(octets.span.extracting((start + checkedFrom)..<octets.count))
        for index in 0..<4 {
            octets[start + index] = UInt8(truncatingIfNeeded: byteCount >> (24 - 8 * UInt32(index)))
            octets[start + 4 + index] = UInt8(truncatingIfNeeded: checksum >> (24 - 8 * UInt32(index)))
        }
        return checksum
    }
}

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
enum ItemRecord {
    /// The octets before the channel id.
    static let prefixByteCount = 20
    /// The most octets a record has beside its data.
    static let overheadByteCountMax = prefixByteCount + 2 * 255

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
