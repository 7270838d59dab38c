// A body is the same in whatever pieces it arrives, ends at the same octet, and is what was put into chunks.
import Bytes
import HTTP

/// What a decoder made of a body.
private struct BodyReading: Equatable {
    enum End: Equatable {
        case needsMore
        case finished(consumed: Int)
        case invalid(RequestFault)
    }

    var body: [UInt8] = []
    var end = End.needsMore
}

/// The target `chunked`.
func fuzzChunkedBody(_ input: Span<UInt8>) {
    guard let pieces = Pieces(input) else { return }
    let octets = pieces.content
    for framing in [BodyFraming.chunked, .length(UInt64(input[1])), .none] {
        var whole = BodyReading()
        var decoder = BodyDecoder(framing)
        _ = take(octets, from: 0, with: &decoder, into: &whole)
        require(read(pieces, framing) == whole, "a body doesn't depend on the pieces that it comes in")
    }
    var chunks: [UInt8] = []
    var rest = pieces
    var start = 0
    while rest.next() {
        chunks.append(utf8: String(rest.end - start, radix: 16, uppercase: start % 2 == 0))
        chunks.append(start % 3 == 0 ? ";name = \"a\\\"b\"\r\n" : "\r\n")
        chunks.append(copying: octets.extracting(start..<rest.end))
        chunks.append("\r\n")
        start = rest.end
    }
    chunks.append("0\r\nTrailer: value\r\n\r\n")
    let byteCount = chunks.count
    chunks.append("GET")
    var decoder = BodyDecoder(.chunked)
    var reading = BodyReading()
    _ = take(chunks.span, from: 0, with: &decoder, into: &reading)
    require(reading.end == .finished(consumed: byteCount), "a body ends where it was ended")
    require(reading.body.span.isEqual(to: octets), "a body is what was put into chunks")
}

private func read(_ pieces: borrowing Pieces, _ framing: BodyFraming) -> BodyReading {
    var pieces = copy pieces
    var reading = BodyReading()
    var decoder = BodyDecoder(framing)
    var start = 0
    // A body that has none, or an empty one, has ended before anything came.
    if case .finished(0) = decoder.decode(pieces.content.extracting(0..<0)) {
        reading.end = .finished(consumed: 0)
        return reading
    }
    while reading.end == .needsMore && pieces.next() {
        start = take(pieces.content.extracting(0..<pieces.end), from: start, with: &decoder, into: &reading)
    }
    return reading
}

/// Takes all steps that can be taken, and gives where the next begins.
private func take(
    _ octets: Span<UInt8>, from start: Int, with decoder: inout BodyDecoder, into reading: inout BodyReading
) -> Int {
    var start = start
    while true {
        switch decoder.decode(octets.extracting(start...)) {
        case .data(let range, let consumed):
            require(!range.isEmpty && range.upperBound == consumed, "data is what was consumed last")
            reading.body.append(copying: octets.extracting(start...).extracting(range))
            start += consumed
        case .needsMore(let consumed):
            require(start + consumed == octets.count, "nothing that could be read is left")
            return start + consumed
        case .finished(let consumed):
            reading.end = .finished(consumed: start + consumed)
            return start + consumed
        case .invalid(let fault):
            reading.end = .invalid(fault)
            return start
        }
    }
}
