/// A file of the log, open for as long as anyone refers to it. Any thread may read what the writer has
/// finished.
final class Segment<Volume: Storage>: Sendable {
    let header: SegmentHeader
    let file: Volume.File
    /// Where it is now: the file's own path is of the time when it was opened.
    let path: String

    init(header: SegmentHeader, file: Volume.File, folder: Volume) {
        self.header = header
        self.file = file
        path = folder.path + "/" + Self.name(of: header.sequence)
    }

    var sequence: UInt32 { header.sequence }
    var byteCount: Int { Int(header.segmentByteCount) }
    var name: String { Self.name(of: sequence) }

    /// The file name: the sequence number in 8 hexadecimal digits, so that a listing shows the log's order.
    static func name(of sequence: UInt32) -> String {
        let digits = String(sequence, radix: 16)
        return String(repeating: "0", count: 8 - digits.count) + digits + ".segment"
    }

    /// The sequence number that a file name stands for, or nil where it isn't a segment's.
    static func sequence(of name: String) -> UInt32? {
        guard name.hasSuffix(".segment"), let sequence = UInt32(name.dropLast(8), radix: 16) else {
            return nil
        }
        return Self.name(of: sequence) == name ? sequence : nil
    }
}
