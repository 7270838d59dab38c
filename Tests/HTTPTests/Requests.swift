// What the request tests share: a raw case, and the reading of one as a connection does it.
import Bytes
import HTTP
import Testing

/// A stream of requests as it goes over the wire.
struct RawCase: Sendable, CustomTestStringConvertible {
    let name: String
    let octets: [UInt8]
    /// What each line of the transcript begins with.
    let expected: [String]

    var testDescription: String { name }

    init(_ name: String, _ text: String, _ expected: String...) {
        self.name = name
        octets = Array(text.utf8)
        self.expected = expected
    }
}

/// Parses a stream of requests as a connection does, taking the octets in given pieces, and says what came of
/// it in a form that can be compared: a line a request, or the refusal that ended the stream.
func transcript(
    of octets: [UInt8], piecesEndingAt cuts: [Int], limits: RequestLimits = RequestLimits()
) -> [String] {
    var buffer = Buffer()
    var scanner = HeadScanner(limits: limits)
    var head = RequestHead()
    var decoder: BodyDecoder?
    var body: [UInt8] = []
    var lines: [String] = []
    var start = 0
    for end in cuts + [octets.count] {
        buffer.append(copying: octets.span.extracting(start..<end))
        start = end
        var isProgress = true
        while isProgress {
            if decoder == nil {
                switch scanner.scan(buffer.octets) {
                case .incomplete: isProgress = false
                case .invalid(let fault): return lines + ["\(fault.status) \(fault.reason)"]
                case .complete(let byteCount):
                    scanner.reset()
                    do {
                        try head.parse(buffer.octets.extracting(0..<byteCount))
                    } catch {
                        return lines + ["\(error.status) \(error.reason)"]
                    }
                    lines.append(describe(head, buffer.octets))
                    buffer.consume(byteCount)
                    decoder = BodyDecoder(head.framing)
                    body = []
                }
                continue
            }
            switch decoder!.decode(buffer.octets) {
            case .data(let range, let consumed):
                body.append(copying: buffer.octets.extracting(range))
                buffer.consume(consumed)
            case .needsMore(let consumed):
                buffer.consume(consumed)
                isProgress = false
            case .finished(let consumed):
                buffer.consume(consumed)
                decoder = nil
                lines.append("body \(String(decoding: body, as: UTF8.self))")
            case .invalid(let fault): return lines + ["\(fault.status) \(fault.reason)"]
            }
        }
    }
    return lines
}

private func describe(_ head: borrowing RequestHead, _ octets: Span<UInt8>) -> String {
    func text(_ range: Range<Int>?) -> String {
        guard let range else { return "-" }
        return String(decoding: octets.extracting(range).copied(), as: UTF8.self)
    }
    return "\(head.method) \(text(head.path)) ?\(text(head.query)) @\(text(head.authority)) \(head.framing) "
        + "keep=\(head.keepAlive) continue=\(head.expectsContinue)"
}
