// Shows that any run of blocks, with octets around it that are not compressed, makes a file that the system's
// gzip reads, checksum and length included.
import Bytes
import Compression
import Testing

@Suite struct GzipBlocksTests {
    private let octets = Sample.readings(2000)
    private let bounds = [0, 1000, 1001, 30_000, 42_000]

    @Test func theWholeFile() throws {
        let blocks = try GzipBlocks(octets.span, bounds: bounds)
        #expect(try systemGzip(["-dc"], blocks.file) == octets)
        #expect(blocks.file.count < octets.count / 4)
    }

    @Test(arguments: [0..<4, 0..<1, 1..<2, 1..<4, 2..<3, 3..<4, 2..<2])
    func runsOfBlocks(run: Range<Int>) throws {
        let blocks = try GzipBlocks(octets.span, bounds: bounds)
        for (before, after) in [
            ("", ""), ("[", "]"), (String(repeating: "x", count: 65_535), ""), ("", "end"),
        ] {
            var file: [UInt8] = []
            let position = blocks.appendFrame(
                of: run, before: Array(before.utf8).span, after: Array(after.utf8).span, to: &file)
            file.insert(contentsOf: blocks.file[blocks.fileRange(of: run)], at: position)
            let part = octets[bounds[run.lowerBound]..<bounds[run.upperBound]]
            #expect(try systemGzip(["-dc"], file) == Array(before.utf8) + part + Array(after.utf8))
        }
    }
}
