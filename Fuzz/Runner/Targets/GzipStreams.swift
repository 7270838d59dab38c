// What is inflated is the same in whatever pieces the input comes and the output is asked for, keeps to its
// limits, and is what was compressed.
import Bytes
import Compression

/// What an inflater made of an input.
private struct Inflated: Equatable {
    var octets: [UInt8] = []
    var consumed = 0
    var verdict = InflateState.needsInput
    var isWhole = false
}

/// The target `gzip`.
func fuzzGzip(_ input: Span<UInt8>) {
    guard var pieces = Pieces(input) else { return }
    let octets = pieces.content
    let limits = InflateLimits(byteCountMax: 1 << (10 + UInt64(input[1] % 10)), ratioMax: 20)

    var inflater = makeInflater(limits)
    var whole = Inflated()
    take(octets, &inflater, outputMax: 1 << 20, into: &whole)

    var second = makeInflater(limits)
    var inPieces = Inflated()
    while inPieces.verdict == .needsInput && pieces.next() {
        let piece = octets.extracting(inPieces.consumed..<pieces.end)
        take(piece, &second, outputMax: 1 + Int(input[0]) * 16, into: &inPieces)
    }
    require(UInt64(whole.octets.count) <= limits.byteCountMax, "no more comes out than may")
    require(inPieces.verdict == whole.verdict, "an input's verdict doesn't depend on its pieces")
    require(inPieces.isWhole == whole.isWhole, "an input's end doesn't depend on its pieces")
    if whole.verdict == .needsInput {
        require(whole.consumed == octets.count, "all of it is used")
        require(inPieces == whole, "what comes out doesn't depend on the pieces")
    }
    compress(octets, level: 1 + Int(input[1]) % 9)
}

private func makeInflater(_ limits: InflateLimits) -> Inflater {
    guard let inflater = try? Inflater(limits: limits) else { fatalError("no memory") }
    return inflater
}

private func take(
    _ octets: Span<UInt8>, _ inflater: inout Inflater, outputMax: Int, into inflated: inout Inflated
) {
    var output = Buffer()
    var start = 0
    while true {
        output.removeAll()
        let step = inflater.inflate(octets.extracting(start...), into: &output, outputMax: outputMax)
        require(output.count <= outputMax, "no more comes out than was asked for")
        start += step.consumed
        inflated.octets.append(copying: output.octets)
        inflated.consumed += step.consumed
        inflated.verdict = step.state
        if step.state != .needsRoom { break }
    }
    inflated.isWhole = inflater.isWhole
}

private func compress(_ octets: Span<UInt8>, level: Int) {
    guard var encoder = try? GzipEncoder(level: level) else { fatalError("no memory") }
    var coded = Buffer()
    encoder.update(octets, into: &coded)
    encoder.finish(into: &coded)
    var inflater = makeInflater(InflateLimits(byteCountMax: UInt64(octets.count), ratioMax: 1032))
    var inflated = Inflated()
    take(coded.octets, &inflater, outputMax: 100, into: &inflated)
    require(inflated.isWhole && inflated.verdict == .needsInput, "what was compressed is whole")
    require(inflated.octets.span.isEqual(to: octets), "what was compressed comes out again")
}
