import Bytes
import HTTP
import Posix

/// Parts of a frame (RFC 9110 section 14).
enum FrameRanges {
    static func respond(
        _ frame: CatalogFrame, _ head: borrowing RequestHead, _ octets: Span<UInt8>,
        _ context: borrowing RequestContext, _ response: inout Response
    ) {
        var form = CatalogFrame.Form.identity
        guard let file = FrameRoute.open(frame, &form, context, &response) else { return }
        let byteCount = file.octets.count
        let isAllowed = frame.withTag(of: .identity) {
            Preconditions.allowsRange(head, octets, tag: $0, lastModified: frame.lastModified)
        }
        let request = isAllowed ? ByteRanges.request(head, octets, byteCount: byteCount) : .whole
        switch request {
        case .unsatisfiable:
            response.fields.append("Content-Range: bytes */")
            response.fields.append(decimal: UInt64(byteCount))
            response.fields.append("\r\n")
            response.refuse(
                .rangeNotSatisfiable, "Content-Range says how many octets the frame has.", context.settings)
            return
        case .whole:
            response.status = 200
            response.block = context.settings.blocks.frame
            response.content = .mapped(file, 0..<byteCount)
        case .ranges(let ranges) where ranges.count == 1:
            response.status = 206
            response.block = context.settings.blocks.frame
            appendContentRange(ranges[0], of: byteCount, to: &response.fields)
            response.content = .mapped(file, ranges[0])
        case .ranges(let ranges):
            response.status = 206
            response.block = context.settings.blocks.frameBase
            fillParts(ranges, of: file, frame, &response)
        }
        frame.appendLines(of: .identity, to: &response.fields)
    }

    /// Several parts, as multipart/byteranges (RFC 9110 section 14.6). The boundary is the frame's own tag:
    /// it follows from the digest of the octets, so nobody can have posted it into them.
    private static func fillParts(
        _ ranges: [Range<Int>], of file: MappedFile, _ frame: CatalogFrame, _ response: inout Response
    ) {
        response.fields.append("Content-Type: multipart/byteranges; boundary=")
        frame.withTag(of: .identity) { response.fields.append(copying: $0) }
        response.fields.append("\r\n")
        var parts: [ContentPart] = []
        parts.reserveCapacity(ranges.count * 2 + 1)
        for range in ranges {
            let start = response.text.count
            response.text.append(start == 0 ? "--" : "\r\n--")
            frame.withTag(of: .identity) { response.text.append(copying: $0) }
            response.text.append("\r\nContent-Type: application/octet-stream\r\n")
            appendContentRange(range, of: file.octets.count, to: &response.text)
            response.text.append("\r\n")
            parts.append(.text(start..<response.text.count))
            parts.append(.mapped(file, range))
        }
        let start = response.text.count
        response.text.append("\r\n--")
        frame.withTag(of: .identity) { response.text.append(copying: $0) }
        response.text.append("--\r\n")
        parts.append(.text(start..<response.text.count))
        response.content = .parts(parts)
    }

    private static func appendContentRange(
        _ range: Range<Int>, of byteCount: Int, to sink: inout some OctetSink & ~Copyable
    ) {
        sink.append("Content-Range: bytes ")
        sink.append(decimal: UInt64(range.lowerBound))
        sink.append("-")
        sink.append(decimal: UInt64(range.upperBound - 1))
        sink.append("/")
        sink.append(decimal: UInt64(byteCount))
        sink.append("\r\n")
    }
}
