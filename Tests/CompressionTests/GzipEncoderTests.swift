// Shows that what the encoder makes is what the system's gzip reads, and depends on nothing but the octets
// and the level.
import Bytes
import Compression
import Testing

@Suite struct GzipEncoderTests {
    static let samples: [[UInt8]] = [
        [], [0x61], Sample.readings(100), Sample.readings(20_000), Sample.noise(100_000),
        [UInt8](repeating: 0, count: 1_000_000),
    ]

    @Test(arguments: 0..<samples.count, [1, 6, 9])
    func systemGzipReadsIt(sample: Int, level: Int) throws {
        let octets = Self.samples[sample]
        #expect(try systemGzip(["-dc"], gzip(octets, level: level)) == octets)
    }

    /// RFC 1952 section 2.3: magic, deflate, no flags, no time, no word on the level at 6, UNIX.
    @Test func theHeaderSaysNothingOfTimeAndPlace() throws {
        #expect(try gzip([1]).prefix(10) == [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3])
    }

    @Test func anyPiecesGiveTheSame() throws {
        let octets = Sample.readings(5000)
        let whole = try gzip(octets)
        for pieceByteCount in [1, 7, 1000, 16_384, octets.count - 1] {
            #expect(try gzip(octets, pieceByteCount: pieceByteCount) == whole)
        }
    }

    @Test func anEncoderIsAsNewAfterEachFile() throws {
        let samples = [Sample.readings(100), [], Sample.noise(1000)]
        var encoder = try GzipEncoder()
        for octets in samples {
            var output = Buffer()
            encoder.update(octets.span, into: &output)
            encoder.finish(into: &output)
            #expect(try output.octets.copied() == gzip(octets))
        }
    }

    @Test func appendsBehindWhatIsThere() throws {
        var output = Buffer()
        output.append("before")
        var encoder = try GzipEncoder()
        encoder.update([1, 2, 3].span, into: &output)
        encoder.finish(into: &output)
        #expect(try output.octets.copied() == Array("before".utf8) + gzip([1, 2, 3]))
    }
}
