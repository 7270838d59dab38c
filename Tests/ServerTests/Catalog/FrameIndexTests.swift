// The index's exact octets, its gzip form, and where each run of frames stands in it.

import Bytes
import Testing

@testable import Server

@Suite struct FrameIndexTests {
    private func index(_ windows: [(UInt64, UInt64)]) -> FrameIndex {
        FrameIndex(windows: windows.map { (startTimestamp: $0.0, endTimestamp: $0.1) })
    }

    @Test func exactOctets() {
        #expect(String(decoding: index([]).octets, as: UTF8.self) == "[]")
        let text = String(
            decoding: index([(0, 10_000), (1_732_310_400_000, 1_732_310_410_000)]).octets, as: UTF8.self)
        #expect(
            text == #"[{"startAt":1732310400000,"endAt":1732310410000,"id":"1732310400000"},"#
                + #"{"startAt":0,"endAt":10000,"id":"0"}]"#)
    }

    @Test func theGoServersMembers() {
        let windows = [(0, 10_000), (10_000, 20_000)].map {
            (startTimestamp: UInt64($0.0), endTimestamp: UInt64($0.1))
        }
        let index = FrameIndex(windows: windows, members: .go)
        #expect(
            String(decoding: index.octets, as: UTF8.self)
                == #"[{"StartAt":10000,"EndAt":20000,"Id":"10000"},{"StartAt":0,"EndAt":10000,"Id":"0"}]"#)
        #expect(
            String(decoding: index.octets[index.octetRange(ofFrames: 0..<1)], as: UTF8.self)
                == #"{"StartAt":0,"EndAt":10000,"Id":"0"}"#)
    }

    @Test func runsOfFrames() {
        let windows = (0..<120).map { (UInt64($0) * 7, UInt64($0) * 7 + 7) }
        let whole = index(windows)
        for run in [0..<1, 0..<120, 5..<6, 9..<12, 119..<120, 0..<119, 100..<120] {
            let part = Array(whole.octets[whole.octetRange(ofFrames: run)])
            let alone = index(Array(windows[run])).octets
            #expect([UInt8(ascii: "[")] + part + [UInt8(ascii: "]")] == alone, "\(run)")
        }
    }

    @Test func gzipWhereItIsSmaller() throws {
        #expect(index([]).gzip == nil)
        let whole = index((0..<50).map { (UInt64($0) * 10_000, UInt64($0) * 10_000 + 10_000) })
        let gzip = try #require(whole.gzip)
        #expect(gzip.count < whole.octets.count / 2)
        #expect(try FrameFolder.gunzip(gzip) == whole.octets)
    }

    /// Pages of every kind of run: with its ends at the ends of blocks and of the index, and within both.
    @Test(arguments: [1, 31, 32, 33, 64, 120])
    func gzipOfPages(count: Int) throws {
        let whole = index((0..<count).map { (UInt64($0) * 10_000, UInt64($0) * 10_000 + 10_000) })
        let ends = [0, 1, 23, 24, 31, 32, 33, 55, 56, 57, 63, 64, 65, 87, 88, 89, 119, 120]
        var pages = 0
        for lower in ends {
            for upper in ends where lower < upper && upper <= count {
                var text: [UInt8] = []
                guard let page = whole.appendGzipPage(ofFrames: lower..<upper, to: &text) else {
                    #expect(upper - lower < 64)
                    #expect(text.isEmpty)
                    continue
                }
                pages += 1
                let gzip = text[..<page.end] + whole.gzip![page.blocks] + text[page.end...]
                let octets = whole.octets[whole.octetRange(ofFrames: lower..<upper)]
                #expect(gzip.count < octets.count + 2)
                #expect(
                    try FrameFolder.gunzip(Array(gzip)) == [UInt8(ascii: "[")] + octets + [UInt8(ascii: "]")])
            }
        }
        #expect(pages > 0 || count < 32)
    }
}
