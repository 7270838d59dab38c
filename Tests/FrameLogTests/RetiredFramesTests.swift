// Shows how removed frames are remembered: as runs, found by id, kept in a small file that notices damage.
import Bytes
import Testing

@testable import FrameLog

@Suite struct RetiredFramesTests {
    @Test func windowsThatFollowEachOtherAreOneRun() {
        var retired = RetiredFrames()
        for start in [10, 20, 30, 50, 60] as [UInt64] { retired.add(start: start, end: start + 10) }
        retired.add(start: 70, end: 75)
        retired.add(start: 75, end: 80)
        #expect(
            retired.runs.map { [$0.firstStart, $0.lastStart, $0.duration] } == [
                [10, 30, 10], [50, 60, 10], [70, 75, 5],
            ])
        let found = (0..<100 as Range<UInt64>).filter { retired.contains(start: $0) }
        #expect(found == [10, 20, 30, 50, 60, 70, 75])
    }

    @Test func theOldestRunsAreForgotten() {
        var retired = RetiredFrames()
        for number in 0..<UInt64(RetiredFrames.runsMax) + 1 {
            retired.add(start: number * 20, end: number * 20 + 10)
        }
        #expect(retired.runs.count == RetiredFrames.runsMax)
        #expect(!retired.contains(start: 0))
        #expect(retired.contains(start: 20))
        #expect(retired.encoded(storedThrough: 1).count == RetiredFrames.fileByteCountMax)
    }

    @Test func theFileNoticesEveryFlippedBit() throws {
        var retired = RetiredFrames()
        retired.add(start: 1_000, end: 2_000)
        retired.add(start: 5_000, end: 6_000)
        let octets = retired.encoded(storedThrough: 6_000)
        let found = RetiredFrames.decode(octets.span)
        let decoded = try #require(found)
        #expect(decoded.retired == retired)
        #expect(decoded.storedThrough == 6_000)
        for bit in 0..<octets.count * 8 {
            var damaged = octets
            damaged[bit / 8] ^= 1 << UInt8(bit % 8)
            let found = RetiredFrames.decode(damaged.span)
            #expect(found == nil, "bit \(bit)")
        }
        for count in 0..<octets.count {
            let found = RetiredFrames.decode(octets.span.extracting(0..<count))
            #expect(found == nil, "cut at \(count)")
        }
    }
}

@Suite struct FrameNameTests {
    @Test func namesAreReadAsTheyAreWritten() throws {
        let digest = (0..<32).map { UInt8($0 * 8 + 7) }
        for isGzip in [false, true] {
            let name = FrameName(start: 1_732_310_400_000, digest: digest, isGzip: isGzip)
            #expect(FrameName(name.text) == name)
        }
        let text = FrameName(start: 1_732_310_400_000, digest: digest).text
        #expect(
            text == "1732310400000-070f171f272f373f474f575f676f777f878f979fa7afb7bfc7cfd7dfe7eff7ff.frame")
        for other in [
            "", "-", "retired", "x" + text, "0" + text, text + ".zip", String(text.dropLast()),
            text.uppercased(), text.replacing("ff.", with: "fF."),
            "1-00.frame", text + ".gz.tmp",
        ] {
            #expect(FrameName(other) == nil, "\(other)")
        }
    }
}
