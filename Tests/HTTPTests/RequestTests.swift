// Shows what is accepted as a request and what is refused, by name, and that the verdict is the same however the octets
// are split: in one piece, in every two pieces, and octet by octet.
import Testing

@Suite struct RequestTests {
    private func expect(_ raw: RawCase, cuts: [Int]) {
        let lines = transcript(of: raw.octets, piecesEndingAt: cuts)
        let isRight = lines.count == raw.expected.count && zip(lines, raw.expected).allSatisfy { $0.hasPrefix($1) }
        #expect(isRight, "\(raw.name) cut at \(cuts.first ?? 0): \(lines)")
    }

    @Test(arguments: acceptedHeads + refusedHeads + acceptedChunks + refusedChunks) func inOnePiece(raw: RawCase) {
        expect(raw, cuts: [])
    }

    @Test(arguments: acceptedHeads + refusedHeads + acceptedChunks + refusedChunks) func octetByOctet(raw: RawCase) {
        // A long case differs from a short one in nothing but repeated octets, which are fed in larger pieces.
        let step = max(1, raw.octets.count / 500)
        expect(raw, cuts: Array(stride(from: step, to: raw.octets.count, by: step)))
    }

    @Test(arguments: acceptedHeads + refusedHeads + acceptedChunks + refusedChunks) func inEveryTwoPieces(raw: RawCase) {
        let whole = transcript(of: raw.octets, piecesEndingAt: [])
        let step = max(1, raw.octets.count / 500)
        for cut in stride(from: 0, through: raw.octets.count, by: step) {
            #expect(transcript(of: raw.octets, piecesEndingAt: [cut]) == whole, "\(raw.name) cut at \(cut)")
        }
    }
}
