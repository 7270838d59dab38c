import Bytes

/// A file `keys/<window start>-<good until>.keys`: which uploads had items stored before that window was
/// sealed, and how far. It is there so that the log's segments need not be kept for as long as keys are.
///
/// | at | size | field |
/// | --- | --- | --- |
/// | 0 | 8 | "SYNCSKEY" |
/// | 8 | 4 | CRC-32C of everything after it |
/// | 12 | 4 | version, 2 |
/// | 16 | 72 each | key (16), items decided, items stored, digest, last frame, end of the last window, |
/// | | | items and digest of the whole upload |
///
/// Where the upload's end is not known, the last two have all bits set. Version 1 has records of 56 octets,
/// without them.
enum KeyFile {
    private static let version: UInt32 = 2
    private static let prefixByteCount = 16
    private static let recordByteCount = 72
    private static let recordByteCountBefore = 56

    static func encode(_ records: [KeyRecord]) -> [UInt8] {
        var rest: [UInt8] = []
        rest.reserveCapacity(4 + records.count * recordByteCount)
        rest.append(bigEndian: version)
        for record in records {
            rest.append(bigEndian: record.key.high)
            rest.append(bigEndian: record.key.low)
            rest.append(bigEndian: record.progress.through)
            rest.append(bigEndian: record.progress.storedCount)
            rest.append(bigEndian: record.progress.digest)
            rest.append(bigEndian: record.progress.lastFrame)
            rest.append(bigEndian: record.windowEnd)
            rest.append(bigEndian: record.progress.end?.itemCount ?? .max)
            rest.append(bigEndian: record.progress.end?.digest ?? .max)
        }
        var octets: [UInt8] = []
        octets.append("SYNCSKEY")
        octets.append(bigEndian: CRC32C.checksum(rest.span))
        octets.append(copying: rest.span)
        return octets
    }

    /// Reads a file, or returns nil where it is damaged or of another version.
    static func decode(_ octets: Span<UInt8>) -> [KeyRecord]? {
        if octets.count < prefixByteCount { return nil }
        let rest = octets.extracting(12..<octets.count)
        if !octets.hasPrefix("SYNCSKEY") || octets.bigEndian(at: 8, as: UInt32.self) != CRC32C.checksum(rest)
        {
            return nil
        }
        let version = rest.bigEndian(at: 0, as: UInt32.self)
        if version != 1 && version != Self.version { return nil }
        let recordByteCount = version == 1 ? recordByteCountBefore : recordByteCount
        if (octets.count - prefixByteCount) % recordByteCount != 0 { return nil }
        var records: [KeyRecord] = []
        var offset = prefixByteCount
        while offset < octets.count {
            func field(_ number: Int) -> UInt64 {
                octets.bigEndian(at: offset + 8 * number, as: UInt64.self)
            }
            var end: UploadEnd?
            if version > 1 && field(7) != .max { end = UploadEnd(itemCount: field(7), digest: field(8)) }
            records.append(
                KeyRecord(
                    key: UploadKey(digest: octets.extracting(offset..<offset + 16)),
                    progress: UploadProgress(
                        through: field(2), storedCount: field(3), digest: field(4), lastFrame: field(5),
                        end: end),
                    windowEnd: field(6)))
            offset += recordByteCount
        }
        return records
    }
}

/// The name of a key file.
struct KeyFileName: Equatable {
    let windowStart: UInt64
    /// From then on, by the frame clock, the file may be removed.
    let goodUntil: UInt64

    var text: String { "\(windowStart)-\(goodUntil).keys" }

    init(windowStart: UInt64, goodUntil: UInt64) {
        self.windowStart = windowStart
        self.goodUntil = goodUntil
    }

    /// Nil for other names.
    init?(_ text: String) {
        guard text.hasSuffix(".keys") else { return nil }
        let numbers = text.dropLast(5).split(separator: "-", omittingEmptySubsequences: false)
        guard numbers.count == 2, let start = UInt64(numbers[0]), let end = UInt64(numbers[1]) else {
            return nil
        }
        self.init(windowStart: start, goodUntil: end)
        if self.text != text { return nil }
    }
}
