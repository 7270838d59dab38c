import Bytes

/// What records of an MCAP file begin with (mcap.dev/spec, "Records"): an opcode and the content's length, 8
/// octets in little-endian order, as all numbers of the format are.
enum MCAPRecord: UInt8 {
    case header = 0x01
    case footer = 0x02
    case schema = 0x03
    case channel = 0x04
    case message = 0x05
    case chunk = 0x06
    case messageIndex = 0x07
    case chunkIndex = 0x08
    case statistics = 0x0B
    case summaryOffset = 0x0E
    case dataEnd = 0x0F

    /// What every file begins and ends with.
    static let magic: [UInt8] = [0x89, 0x4D, 0x43, 0x41, 0x50, 0x30, 0x0D, 0x0A]
    /// The octets of opcode and length.
    static let prefixByteCount = 9
    /// The octets of a message's content before its data.
    static let messageHeadByteCount = 22
    /// The octets of a footer's record up to its checksum.
    static let footerHeadByteCount = prefixByteCount + 16

    /// Appends a record whose content is known.
    func append(_ content: Span<UInt8>, to buffer: inout Buffer) {
        appendPrefix(byteCount: UInt64(content.count), to: &buffer)
        buffer.append(copying: content)
    }

    /// Appends what precedes a content of so many octets.
    func appendPrefix(byteCount: UInt64, to buffer: inout Buffer) {
        buffer.append(rawValue)
        buffer.append(littleEndian: byteCount)
    }
}

extension OctetSink where Self: ~Copyable {
    /// Appends `value` with its lowest octet first.
    mutating func append(littleEndian value: some FixedWidthInteger & UnsignedInteger) {
        append(bigEndian: value.byteSwapped)
    }

    /// Appends a string: its length in 4 octets, and its octets.
    mutating func append(mcapString octets: [UInt8]) {
        append(littleEndian: UInt32(octets.count))
        append(copying: octets.span)
    }
}
