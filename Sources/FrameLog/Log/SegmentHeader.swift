import Bytes

/// What a segment file begins with: it says that the file is one, and which.
///
/// | at | size | field |
/// | --- | --- | --- |
/// | 0 | 8 | "SYNCSLOG" |
/// | 8 | 4 | CRC-32C of everything after it |
/// | 12 | 4 | version, 1 |
/// | 16 | 4 | sequence number |
/// | 20 | 4 | the file's size in octets |
/// | 24 | 8 | salt: a number of this segment that no client can know |
///
/// Groups follow from octet 512 on, each from a multiple of 512: a sector, the most that a disk writes whole,
/// is never shared by octets that were on the disk and octets that are being written.
struct SegmentHeader: Equatable {
    static let byteCount = 32
    static let sectorByteCount = 512
    static let version: UInt32 = 1
    /// A segment's offsets have 32 bits.
    static let segmentByteCountMax = Int(Int32.max) / sectorByteCount * sectorByteCount

    let sequence: UInt32
    let segmentByteCount: UInt32
    let salt: UInt64

    init(sequence: UInt32, segmentByteCount: UInt32, salt: UInt64) {
        self.sequence = sequence
        self.segmentByteCount = segmentByteCount
        self.salt = salt
    }

    /// The offset of the next sector, or `offset` where it is one.
    static func aligned(_ offset: Int) -> Int {
        (offset + sectorByteCount - 1) / sectorByteCount * sectorByteCount
    }

    func encoded() -> [UInt8] {
        var rest: [UInt8] = []
        rest.append(bigEndian: Self.version)
        rest.append(bigEndian: sequence)
        rest.append(bigEndian: segmentByteCount)
        rest.append(bigEndian: salt)
        var octets: [UInt8] = []
        octets.append("SYNCSLOG")
        octets.append(bigEndian: CRC32C.checksum(rest.span))
        octets.append(copying: rest.span)
        return octets
    }

    /// Reads the header of the file at `path`, which is named for the sequence number it has to have.
    init(decoding octets: Span<UInt8>, sequence expected: UInt32, path: String) throws(FrameLogError) {
        func damaged(_ detail: String) -> FrameLogError {
            FrameLogError(reason: .corrupt, path: path, offset: 0, detail: detail)
        }
        if octets.count < Self.byteCount || !octets.hasPrefix("SYNCSLOG") {
            throw damaged("the file doesn't begin as a segment of the log does")
        }
        let checked = octets.extracting(12..<Self.byteCount)
        if octets.bigEndian(at: 8, as: UInt32.self) != CRC32C.checksum(checked) {
            throw damaged("the segment's header is damaged")
        }
        let version = octets.bigEndian(at: 12, as: UInt32.self)
        if version != Self.version {
            throw FrameLogError(
                reason: .unsupported, path: path, offset: 12,
                detail:
                    "the segment has version \(version), of which this program knows nothing: use a later one"
            )
        }
        sequence = octets.bigEndian(at: 16, as: UInt32.self)
        segmentByteCount = octets.bigEndian(at: 20, as: UInt32.self)
        salt = octets.bigEndian(at: 24, as: UInt64.self)
        if sequence != expected { throw damaged("the file is segment \(sequence), which its name denies") }
        if segmentByteCount % UInt32(Self.sectorByteCount) != 0 {
            throw damaged("the segment has a length that no segment has")
        }
        if octets.count != Int(segmentByteCount) {
            throw damaged("the segment has \(octets.count) octets instead of \(segmentByteCount)")
        }
    }
}
