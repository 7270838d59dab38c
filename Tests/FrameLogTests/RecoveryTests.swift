// Shows what a restart finds: the windows where they were, a torn end cut off wherever it is torn, and damage
// to what was on the disk reported and never taken for an end.
import Bytes
import FrameLog
import SimulatedStorage
import Testing

@Suite struct RecoveryTests {
    @Test(arguments: Story.recovery)
    func aRestartFindsWhatWasThere(story: Story) throws { try story.tell() }

    /// The last commit's octets are cut off at every place, the rest being zero as a new segment is.
    @Test func aTornEndIsCutWhereverItIsTorn() throws {
        for isPattern in [false, true] {
            let whole = Rig()
            try whole.open()
            whole.post([1, 2], padding: 30)
            let path = "data/log/" + whole.disk.names(in: "data/log")[0]
            let before = try #require(whole.disk.octets(of: path))
            whole.post([3, 4], padding: 300)
            let after = try #require(whole.disk.octets(of: path))
            let first = try #require(before.indices.first { before[$0] != after[$0] })
            let last = try #require(before.indices.last { before[$0] != after[$0] })
            for cut in first...last {
                let rig = Rig()
                try rig.open()
                rig.post([1, 2], padding: 30)
                rig.post([3, 4], padding: 300)
                rig.disk.change(path) { octets in
                    for index in cut...last { octets[index] = isPattern ? after[index] ^ 0x55 : 0 }
                }
                let isUntouched = rig.disk.octets(of: path) == after
                rig.disk.restart()
                try rig.open()
                let isTorn = !isUntouched && (isPattern || cut > first)
                #expect(rig.warnings.count == (isTorn ? 1 : 0), "cut at \(cut)")
                if isTorn {
                    #expect(rig.warnings[0].hasPrefix("\(path) at octet \(first): dropped "), "cut at \(cut)")
                }
                rig.post([5])
                rig.pass(milliseconds: 1_000)
                let found = try rig.numbers(in: #require(rig.published[1_000_000])).sorted()
                #expect(found == (isUntouched ? [1, 2, 3, 4, 5] : [1, 2, 5]), "cut at \(cut)")
            }
        }
    }

    /// Every octet that a later commit vouches for is damaged in turn.
    @Test func damageToWhatWasOnTheDiskStopsTheStart() throws {
        let whole = Rig()
        try whole.open()
        let path = "data/log/" + whole.disk.names(in: "data/log")[0]
        let start = try #require(whole.disk.octets(of: path))
        whole.post([1, 2], padding: 30)
        let octets = try #require(whole.disk.octets(of: path))
        let written = octets.indices.filter { start[$0] != octets[$0] }
        for index in written.first!...written.last! {
            let rig = Rig()
            try rig.open()
            rig.post([1, 2], padding: 30)
            rig.post([3])
            rig.disk.flip(bit: index * 8 + index % 8, of: path)
            rig.disk.restart()
            let error = #expect(throws: FrameLogError.self, "octet \(index)") { try rig.open() }
            #expect(error?.reason == .corrupt, "octet \(index)")
            #expect(error?.path == path)
            #expect(error?.offset == UInt64(written.first!))
        }
    }

    @Test func damageInAnEarlierSegmentStopsTheStart() throws {
        let rig = Rig()
        try rig.open()
        for number in 0..<20 { rig.post([number], padding: 3_000) }
        let names = rig.disk.names(in: "data/log")
        #expect(names.count > 3)
        rig.disk.flip(bit: 8 * 8_000, of: "data/log/" + names[1])
        rig.disk.restart()
        let error = #expect(throws: FrameLogError.self) { try rig.open() }
        #expect(error?.path == "data/log/" + names[1])
    }

    @Test func aMissingSegmentStopsTheStart() throws {
        let rig = Rig()
        try rig.open()
        for number in 0..<20 { rig.post([number], padding: 3_000) }
        let names = rig.disk.names(in: "data/log")
        try SimulatedStorage(rig.disk, path: "data/log").remove(names[1])
        let error = #expect(throws: FrameLogError.self) { try rig.open() }
        #expect(error?.path == "data/log/" + names[1])
    }

    @Test func anItemCanNotPassForTheLogsOwn() throws {
        let rig = Rig()
        try rig.open()
        rig.post([1])
        let path = "data/log/" + rig.disk.names(in: "data/log")[0]
        let octets = try #require(rig.disk.octets(of: path))
        let magic = Array("SLGR".utf8)
        let group =
            try #require((1..<octets.count / 512).last { Array(octets[$0 * 512..<$0 * 512 + 4]) == magic })
            * 512
        // The very group, at another place: only its position is wrong.
        rig.disk.change(path) { $0.replaceSubrange(8_192..<8_704, with: octets[group..<group + 512]) }
        rig.disk.restart()
        try rig.open()
        #expect(rig.warnings.count == 1)
        try rig.checkPromises()
    }

    @Test func settingsThatContradictEachOtherAreRefused() throws {
        for change: (inout FrameLogSettings) -> Void in [
            { $0.frameDurationMilliseconds = 99 }, { $0.frameDurationMilliseconds = 3_600_001 },
            { $0.latenessMilliseconds = 10_001 }, { $0.segmentByteCount = 1_000 },
            { $0.itemByteCountMax = $0.segmentByteCount },
        ] {
            let rig = Rig()
            change(&rig.settings)
            let error = #expect(throws: FrameLogError.self) { try rig.open() }
            #expect(error?.reason == .settings)
        }
    }
}
