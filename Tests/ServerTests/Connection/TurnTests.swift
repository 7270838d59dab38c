// Shows that a connection's turn ends, whatever the octets that came may stand for, and that it goes on in
// the next.

import Bytes
import Compression
import Testing

@testable import Server

@Suite struct TurnTests {
    /// Few octets inflate to four turns' work, and more.
    @Test func anUploadInflatesInTurns() throws {
        let coded = try Self.gzip(byteCount: Self.byteCount)
        var rig = try ConnectionRig()
        let head =
            "POST /channel/a HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-ndjson\r\n"
            + "Authorization: Bearer \(Site.secret)\r\nContent-Encoding: gzip\r\n"
            + "Content-Length: \(coded.count)\r\n\r\n"
        rig.send(Array(head.utf8) + coded)
        let turns = self.turns(of: &rig) { $0.connection.phase == .body }
        #expect(4...6 ~= turns)
        #expect(String(decoding: rig.sent().prefix(12), as: UTF8.self) == "HTTP/1.1 400")
    }

    @Test func anUploadByHTTP2InflatesInTurns() throws {
        let coded = try Self.gzip(byteCount: Self.byteCount)
        var rig = try ConnectionRig(isHTTP2: true)
        rig.send(Frames.post(1, "application/x-ndjson", coding: "gzip"))
        let pieces = stride(from: 0, to: coded.count, by: 16_384).map { start in
            let isLast = start + 16_384 >= coded.count
            return Frames.frame(0, flags: isLast ? 1 : 0, 1, Array(coded[start...].prefix(16_384)))
        }
        _ = rig.sent()
        rig.send(pieces.flatMap { $0 })
        let turns = self.turns(of: &rig) { $0.connection.exchange?.uploads.isEmpty == false }
        #expect(4...6 ~= turns)
        #expect(rig.frames().contains { $0.type == 1 && $0.stream == 1 })
    }

    /// How many turns it takes while `isBusy`.
    private func turns(of rig: inout ConnectionRig, while isBusy: (borrowing ConnectionRig) -> Bool) -> Int {
        var turns = 1
        while isBusy(rig) && turns < 100 {
            #expect(rig.work() != .close)
            turns += 1
        }
        return turns
    }

    private static let byteCount = 4 * TurnLimits.piecesMax * UploadLimits.pieceByteCount

    /// Blank lines, which are no items.
    private static func gzip(byteCount: Int) throws -> [UInt8] {
        var encoder = try GzipEncoder()
        var coded = Buffer()
        // Of lengths that don't repeat: what is all the same is refused as too dense.
        var blanks = [UInt8](repeating: UInt8(ascii: " "), count: byteCount)
        var (position, state) = (0, UInt32(1))
        while position < byteCount {
            blanks[position] = UInt8(ascii: "\n")
            state = state &* 1_664_525 &+ 1_013_904_223
            position += 128 + Int(state >> 24)
        }
        encoder.update(blanks.span, into: &coded)
        encoder.finish(into: &coded)
        return coded.octets.copied()
    }
}
