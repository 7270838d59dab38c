// Snapshots: looking frames up among real stored ones, and that a next snapshot makes nothing anew.

import Testing

@testable import FrameLog
@testable import Server

@Suite struct FrameCatalogTests {
    private func catalog(_ starts: [UInt64]) throws -> (FrameCatalog, FrameFolder) {
        let folder = try FrameFolder(starts: starts)
        return (FrameCatalog(files: folder.files, retired: RetiredFrames()), folder)
    }

    @Test func framesAreFoundByID() throws {
        let starts: [UInt64] = [0, 10_000, 20_000, 50_000, 60_000]
        let (catalog, _) = try catalog(starts)
        #expect(catalog.frames.map(\.startTimestamp) == starts)
        for start in starts { #expect(catalog.frame(id: start)?.startTimestamp == start) }
        for id: UInt64 in [1, 9_999, 30_000, 40_000, 60_001, .max] { #expect(catalog.frame(id: id) == nil) }
        #expect(FrameCatalog(files: [], retired: RetiredFrames()).frame(id: 0) == nil)
    }

    @Test func positionsByTime() throws {
        let (catalog, _) = try catalog([0, 10_000, 50_000])
        let starting = [0: 0, 1: 1, 10_000: 1, 10_001: 2, 50_000: 2, 50_001: 3]
        for (time, position) in starting {
            #expect(catalog.position(ofFirstStartingFrom: UInt64(time)) == position)
        }
        let ending = [0: 0, 9_999: 0, 10_000: 1, 19_999: 1, 20_000: 2, 59_999: 2, 60_000: 3]
        for (time, position) in ending {
            #expect(catalog.position(ofFirstEndingAfter: UInt64(time)) == position)
        }
    }

    @Test func theNextSnapshotNamesTheIndexsMembersAlike() throws {
        let files = try FrameFolder(starts: [0, 10_000]).files
        let first = FrameCatalog(files: [files[0]], retired: RetiredFrames(), members: .go)
        let second = FrameCatalog(files: files, retired: RetiredFrames(), reusing: first)
        for catalog in [first, second] {
            #expect(String(decoding: catalog.index.octets, as: UTF8.self).hasPrefix(#"[{"StartAt":"#))
        }
    }

    @Test func theNextSnapshotSharesWhatStays() throws {
        let folder = try FrameFolder(starts: [0, 10_000, 20_000, 30_000])
        let files = folder.files
        let first = FrameCatalog(files: Array(files[0..<3]), retired: RetiredFrames())
        let second = FrameCatalog(files: Array(files[1..<4]), retired: RetiredFrames(), reusing: first)
        #expect(second.frames.map(\.startTimestamp) == [10_000, 20_000, 30_000])
        #expect(second.frames[0] === first.frames[1])
        #expect(second.frames[1] === first.frames[2])
        let third = FrameCatalog(files: files, retired: RetiredFrames(), reusing: second)
        #expect(third.frames[0] !== first.frames[0])
        #expect(third.frames[3] === second.frames[2])
    }
}
