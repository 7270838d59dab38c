// Shows what is accepted as a request and what is refused, by name, and that the verdict is the same however
// the octets are split: in one piece, in every two pieces, octet by octet, and at random, which is done with
// changed requests too.
import HTTP
import SeededGenerator
import Testing

@Suite struct RequestTests {
    private func expect(_ raw: RawCase, cuts: [Int]) {
        let lines = transcript(of: raw.octets, piecesEndingAt: cuts)
        let isRight =
            lines.count == raw.expected.count && zip(lines, raw.expected).allSatisfy { $0.hasPrefix($1) }
        #expect(isRight, "\(raw.name) cut at \(cuts.first ?? 0): \(lines)")
    }

    /// Every place to cut at. A long case differs from a short one in nothing but repeated octets, of which
    /// larger pieces will do, but for its end, where its size is judged.
    private func cuts(of raw: RawCase) -> [Int] {
        let step = max(1, raw.octets.count / 500)
        return raw.octets.indices.filter { $0 % step == 0 || $0 > raw.octets.count - 40 }
    }

    @Test(arguments: acceptedHeads + refusedHeads + acceptedChunks + refusedChunks) func inOnePiece(
        raw: RawCase
    ) {
        expect(raw, cuts: [])
    }

    @Test(arguments: acceptedHeads + refusedHeads + acceptedChunks + refusedChunks) func octetByOctet(
        raw: RawCase
    ) {
        expect(raw, cuts: cuts(of: raw))
    }

    @Test(arguments: acceptedHeads + refusedHeads + acceptedChunks + refusedChunks) func inEveryTwoPieces(
        raw: RawCase
    ) {
        let whole = transcript(of: raw.octets, piecesEndingAt: [])
        for cut in cuts(of: raw) {
            #expect(transcript(of: raw.octets, piecesEndingAt: [cut]) == whole, "\(raw.name) cut at \(cut)")
        }
    }

    /// Small limits, so that changed requests run into them.
    @Test(arguments: [1, 2, 3, 4] as [UInt64])
    func changedRequestsInRandomPieces(seed: UInt64) {
        var limits = RequestLimits()
        limits.requestLineByteCountMax = 40
        limits.fieldSectionByteCountMax = 90
        limits.fieldCountMax = 4
        let short = (acceptedHeads + refusedHeads + acceptedChunks + refusedChunks).filter {
            $0.octets.count < 200
        }
        let alphabet = Array("\r\n \t:;,=\"\\/?*%01aGHT.\0é".utf8) + [0x7F, 0x80, 0xFF]
        var numbers = SeededGenerator(seed: seed)
        var verdicts: Set<String> = []
        for _ in 0..<2_000 {
            let octets = numbers.changed(short.randomElement(using: &numbers)!.octets, alphabet: alphabet)
            let whole = transcript(of: octets, piecesEndingAt: [], limits: limits)
            let cuts = octets.indices.filter { _ in Int.random(in: 0..<6, using: &numbers) == 0 }
            #expect(
                transcript(of: octets, piecesEndingAt: cuts, limits: limits) == whole,
                "seed \(seed): \(octets) \(cuts)")
            let all = Array(octets.indices)
            #expect(
                transcript(of: octets, piecesEndingAt: all, limits: limits) == whole,
                "seed \(seed): \(octets)")
            if let last = whole.last { verdicts.insert(last) }
        }
        // The changes must have reached most rules.
        #expect(verdicts.count > 20, "seed \(seed): \(verdicts)")
    }
}
