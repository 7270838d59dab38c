import Bytes
import Posix

/// The making of a frame's gzip form.
enum GzipForm {
    /// Frames below this have no gzip form: header and trailer alone are 18 octets.
    static let frameByteCountMin = 128
    /// Octets that are coded at a time.
    static let pieceByteCount = 128 << 10
    /// Where the first octets don't get smaller, as with video, the rest is not tried: 1 MiB takes some 20
    /// ms.
    static let sampleByteCount = 1 << 20

    /// Whether `coded` octets are at least 10 % fewer than `plain` ones.
    static func isWorthwhile(coded: Int, plain: Int) -> Bool { coded <= plain / 10 * 9 }

    /// Writes the coded form of `octets` to `file`, and returns its size, or nil where it isn't worthwhile.
    static func write<Coding: ContentCoding & ~Copyable>(
        _ octets: Span<UInt8>, to file: some StorageFile, with coding: consuming Coding
    ) throws -> UInt64? {
        var position: UInt64 = 0
        var coded = Buffer(capacity: pieceByteCount)
        var offset = 0
        while offset < octets.count {
            let end = min(offset + pieceByteCount, octets.count)
            coding.update(octets.extracting(offset..<end), into: &coded)
            offset = end
            if offset == octets.count { coding.finish(into: &coded) }
            try file.write(coded.octets, at: position)
            position += UInt64(coded.count)
            coded.removeAll()
            if offset >= sampleByteCount && !isWorthwhile(coded: Int(position), plain: offset) { return nil }
        }
        return isWorthwhile(coded: Int(position), plain: octets.count) ? position : nil
    }
}
