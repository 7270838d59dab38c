// Shows what `verify` prints: each damage with its place and what to do, what was lost, and JSON for
// programs.
import Bytes
import HTTP
import Testing

@testable import FrameLog
@testable import syncstreamer

@Suite struct VerifyTests {
    private func report(_ findings: [Finding], lost: LostEntries = LostEntries()) -> DirectoryReport {
        var report = DirectoryReport()
        report.findings = findings
        report.frameCount = 3
        report.segmentCount = 1
        report.itemCount = 17
        report.waitingItemCount = 2
        report.byteCount = 64 << 20
        report.lost = lost
        return report
    }

    @Test func oneLineWhereAllIsSound() {
        let lines = VerifyReport(path: "data", check: report([])).lines(.plain)
        #expect(
            lines == [
                "data: sound; 3 frames, 1 segment, 17 items in the log, 2 of them in no frame yet, "
                    + "64 MiB checked"
            ])
    }

    @Test func damageIsSaidWithItsPlace() {
        var lost = LostEntries()
        lost.miss(octetCount: 512)
        lost.missPart(from: 1_000)
        lost.close(storedThrough: 0)
        let found = report(
            [
                .damage("log/00000001.segment", at: 512, "it is wrong", "mend it"),
                .note("frames/notes.txt", "no file of the store"),
            ], lost: lost)
        let shown = VerifyReport(path: "data", check: found)
        #expect(!shown.isSound)
        #expect(
            shown.lines(.plain).dropLast() == [
                "damaged: log/00000001.segment at octet 512: it is wrong", "    mend it",
                "note: frames/notes.txt: no file of the store",
                "not to be read in the log: an unknown number of entries, 512 octets; "
                    + "windows from 1000 on may lack items",
                "",
            ])
        #expect(shown.lines(.plain).last?.hasPrefix("data: damaged in 1 place; 3 frames") == true)
    }

    @Test func aRepairSaysWhatItDid() throws {
        let repair = RepairReport(
            before: report([.damage("frames/a.frame", at: nil, "wrong", "mend it")]),
            moves: [("frames/a.frame", "damaged/frames/a.frame.1")], rescued: [1_000],
            lostFrames: [LostFrame(start: 2_000, byteCount: 31, itemCount: nil)], after: report([]))
        let shown = VerifyReport(path: "data", repair: repair)
        #expect(shown.isSound)
        #expect(
            shown.lines(.plain) == [
                "damaged: frames/a.frame: wrong", "moved frames/a.frame to damaged/frames/a.frame.1",
                "frame 1000: made anew, octet for octet",
                "frame 2000: lost, with an unknown number of items, 31 octets", "",
                "data: repaired; now 3 frames, 1 segment, 17 items in the log, 2 of them in no frame yet",
            ])
        #expect(
            shown.json == """
                {"path":"data","sound":true,"frames":3,"segments":1,"items":17,"itemsInNoFrame":2,\
                "octets":67108864,"findings":[{"kind":"damage","file":"frames/a.frame","offset":null,\
                "detail":"wrong","advice":"mend it"}],"lost":{"entries":0,"isAtLeast":false,"octets":0,\
                "firstWindow":null,"lastWindow":null},"repair":{"moved":[{"from":"frames/a.frame",\
                "to":"damaged/frames/a.frame.1"}],"madeAnew":["1000"],\
                "lostFrames":[{"id":"2000","items":null,"octets":31}]}}
                """)
    }
}
