import Bytes
import FrameLog
import HTTP

/// A sealed frame as the routes need it: its file, and the field lines that are its own, made once at
/// sealing. It is shared by all snapshots that hold the frame.
final class CatalogFrame: Sendable {
    /// The form in which a frame is sent.
    enum Form: Sendable {
        /// The octets of the frame.
        case identity
        /// The same, compressed at sealing.
        case gzip
    }

    let file: StoredFrame
    /// Repr-Digest, Last-Modified and the gzip form's ETag, in this order: what each form needs of them is
    /// one run.
    private let lines: [UInt8]
    /// Where the entity tag begins: the digest's first 32 hexadecimal digits, which `-gzip` follows.
    private let tagStart: Int

    init(_ file: StoredFrame) {
        self.file = file
        var lines: [UInt8] = []
        lines.reserveCapacity(Self.linesByteCount)
        // RFC 9530 section 3. The digest is of the identity form: with a content coding the field would be
        // about the coded octets, so the gzip form goes without.
        lines.append("Repr-Digest: sha-256=:")
        let digest = file.digest
        Base64.append(digest.span, to: &lines)
        lines.append(":\r\nLast-Modified: ")
        HTTPDate.append(secondsSinceEpoch: file.endTimestamp / 1000, to: &lines)
        lines.append("\r\nETag: \"")
        tagStart = lines.count
        lines.append(hex: digest.span.extracting(0..<Self.tagByteCount / 2))
        lines.append("-gzip\"\r\n")
        self.lines = lines
    }

    var startTimestamp: UInt64 { file.startTimestamp }
    var endTimestamp: UInt64 { file.endTimestamp }

    /// When it was last modified, in seconds since the epoch: when its window ended.
    var lastModified: UInt64 { file.endTimestamp / 1000 }

    /// Whether there is a gzip form. It may come some time after the frame.
    var hasGzip: Bool { file.gzipByteCount != nil }

    /// A form's opaque tag, without quotes.
    func withTag<Result>(of form: Form, _ body: (Span<UInt8>) -> Result) -> Result {
        let lines = lines
        let byteCount = Self.tagByteCount + (form == .gzip ? Self.gzipMarkByteCount : 0)
        return body(lines.span.extracting(tagStart..<tagStart + byteCount))
    }

    /// Appends what is the frame's own in a whole form's head, or in that of a part of it.
    func appendLines(of form: Form, to fields: inout Buffer) {
        let lines = lines
        switch form {
        case .identity:
            fields.append(copying: lines.span.extracting(0..<tagStart + Self.tagByteCount))
            fields.append("\"\r\n")
        case .gzip:
            fields.append(copying: lines.span.extracting(Self.digestLineByteCount..<lines.count))
        }
    }

    /// Appends the Last-Modified line.
    func appendDateLine(to fields: inout Buffer) {
        let lines = lines
        fields.append(
            copying: lines.span.extracting(
                Self.digestLineByteCount..<Self.digestLineByteCount + Self.dateLineByteCount))
    }

    /// Appends the ETag line of a form: all that a 304 needs of a frame (RFC 9110 section 15.4.5).
    func appendTagLine(of form: Form, to fields: inout Buffer) {
        fields.append("ETag: \"")
        withTag(of: form) { fields.append(copying: $0) }
        fields.append("\"\r\n")
    }

    /// 128 bits of the digest: no two frames ever share them.
    private static let tagByteCount = 32
    /// Octets of `-gzip`.
    private static let gzipMarkByteCount = 5
    /// `Repr-Digest: sha-256=:`, 44 octets of base 64, `:`, CR, LF.
    private static let digestLineByteCount = 22 + 44 + 3
    /// `Last-Modified: `, 29 octets of date, CR, LF.
    private static let dateLineByteCount = 15 + 29 + 2
    /// The lines above, and ETag.
    private static let linesByteCount =
        digestLineByteCount + dateLineByteCount + 7 + tagByteCount + gzipMarkByteCount + 3
}
