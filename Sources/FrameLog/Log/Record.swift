import Bytes

/// What all records of the log begin with.
///
/// | at | size | field |
/// | --- | --- | --- |
/// | 0 | 4 | the whole record's size |
/// | 4 | 4 | CRC-32C of everything after it |
/// | 8 | 1 | kind |
/// | 9 | 1 | flags, 0: a later version marks fields of its own here |
///
/// Integers are unsigned and in network byte order.
struct Record {
    enum Kind: UInt8 {
        /// An item of a channel: `ItemRecord`.
        case item = 1
        /// The end of a window: what stands before it and belongs there is the window's frame. Start and end
        /// of the window, 8 octets each.
        case seal = 2
        /// No window begins before a time any more, and windows have a length from there on: 8 octets each.
        case resume = 3
        /// An item of an upload that has a key: `ItemRecord`.
        case keyedItem = 4
    }

    static let prefixByteCount = 10
    /// Where the part begins that the checksum covers.
    static let checkedFrom = 8
    /// No time in a log is later, in milliseconds since the UNIX epoch: so that a window's length, or a
    /// lateness, can be added to any time that was read.
    static let timeMax: UInt64 = 1 << 62
    /// The octets of a seal and of a resume.
    static let controlByteCount = prefixByteCount + 16

    let byteCount: Int
    let checksum: UInt32
    /// Reads what stands at the beginning of `octets`, and checks the checksum. Nil where that is no record.
    init?(checking octets: Span<UInt8>) {
        if octets.count < Self.prefixByteCount { return nil }
        byteCount = Int(octets.bigEndian(at: 0, as: UInt32.self))
        checksum = octets.bigEndian(at: 4, as: UInt32.self)
        if byteCount < Self.prefixByteCount || byteCount > octets.count { return nil }
        if CRC32C.checksum(octets.extracting(Self.checkedFrom..<byteCount)) != checksum { return nil }
    }

    /// What kind a checked record is, or nil for one that this version doesn't know.
    static func kind(of record: Span<UInt8>) -> Kind? { record[9] == 0 ? Kind(rawValue: record[8]) : nil }

    /// The two numbers of a seal or a resume, or nil where it hasn't two that can be times or lengths.
    static func control(of record: Span<UInt8>) -> (first: UInt64, second: UInt64)? {
        if record.count != controlByteCount { return nil }
        let first = record.bigEndian(at: prefixByteCount, as: UInt64.self)
        let second = record.bigEndian(at: 18, as: UInt64.self)
        return max(first, second) <= timeMax ? (first, second) : nil
    }

    /// Begins a record whose size and checksum `finish` fills in.
    static func begin(_ kind: Kind, in octets: inout [UInt8]) {
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

    /// Appends a seal or a resume, and returns its checksum.
    static func append(_ kind: Kind, _ first: UInt64, _ second: UInt64, to octets: inout [UInt8]) -> UInt32 {
        let start = octets.count
        begin(kind, in: &octets)
        octets.append(bigEndian: first)
        octets.append(bigEndian: second)
        return finish(from: start, in: &octets)
    }
}
