// What a restart finds: the windows where they were, and what has passed meanwhile.
import FrameLog
import SimulatedStorage
import Testing

extension Story {
    static let recovery = [
        aWindowGoesOnAfterARestart, windowsThatEndedMeanwhileAreSealedWhereTheyHoldItems,
        aSealedWindowThatWasNotStoredIsStoredAfterARestart, theClockDoesNotGoBackAcrossARestart,
        anotherDurationWaitsForOpenWindows, manyWindowsAndARestart,
    ]

    private static let aWindowGoesOnAfterARestart = Story("a window goes on after a restart") { rig in
        try rig.open()
        rig.post([1, 2])
        rig.pass(milliseconds: 400)
        rig.disk.restart()
        try rig.open()
        rig.expect(rig.warnings, [])
        rig.expect(rig.post([4], type: "other"), [.typeConflict(type: Array("text".utf8))])
        rig.expect(rig.post([5]), [.accepted(frame: 1_000_000)])
    }

    private static let windowsThatEndedMeanwhileAreSealedWhereTheyHoldItems = Story(
        "windows that ended meanwhile are sealed where they hold items"
    ) { rig in
        try rig.open()
        rig.post([1])
        rig.post([2], timestamp: .device(1_001_000))
        rig.now += 10_500
        rig.disk.restart()
        try rig.open()
        rig.expect(rig.store.frames.map(\.startTimestamp), [1_000_000, 1_001_000])
        rig.expect(rig.post([3]), [.accepted(frame: 1_010_000)])
    }

    private static let aSealedWindowThatWasNotStoredIsStoredAfterARestart = Story(
        "a sealed window that was not stored is stored after a restart"
    ) { rig in
        try rig.open()
        rig.post([1])
        rig.now += 1_000
        var none: [ItemBatch] = []
        let sealed = rig.ingest.commit(&none, now: rig.now)
        rig.expect(sealed.map(\.start), [1_000_000])
        rig.disk.restart()
        try rig.open()
    }

    private static let theClockDoesNotGoBackAcrossARestart = Story(
        "the clock does not go back across a restart"
    ) { rig in
        try rig.open()
        rig.pass(milliseconds: 5_000)
        rig.post([1])
        rig.now -= 3_000
        rig.disk.restart()
        try rig.open()
        rig.expect(rig.ingest.clockFloor, 1_005_000)
        rig.expect(rig.post([2]), [.accepted(frame: 1_005_000)])
        rig.now += 3_000
    }

    private static let anotherDurationWaitsForOpenWindows = Story("another duration waits for open windows") {
        rig in
        try rig.open()
        rig.post([1])
        rig.pass(milliseconds: 300)
        rig.settings.frameDurationMilliseconds = 700
        rig.disk.restart()
        let refusal = try rig.refusal()
        rig.expect(refusal?.reason, .windowsOpen)
        rig.expect(
            refusal?.detail,
            """
            the log holds 1 items in open windows of 1000 ms, and --frame-duration is 700 ms: \
            start with 1000ms until they are sealed, or start 700 ms later
            """)
        rig.now += 700
        try rig.open()
        rig.expect(rig.store.frames.map(\.startTimestamp), [1_000_000])
        // 1,001,000 is the old watermark, and the first window behind it begins at a multiple of 700.
        rig.expect(rig.post([2]), [.accepted(frame: 1_001_000)])
        rig.now += 700
        rig.post([3])
        rig.disk.restart()
        try rig.open()
        rig.end()
        rig.expect(Set(rig.store.frames.map { $0.endTimestamp - $0.startTimestamp }), [1_000, 700])
    }

    /// Several segments, items before their time, and the process that ends in between.
    private static let manyWindowsAndARestart = Story("many windows, and a restart") { rig in
        rig.settings.segmentByteCount = 12 << 10
        rig.settings.latenessMilliseconds = 300
        var number = 0
        for chapter in 0..<2 {
            try rig.open()
            for turn in 0..<8 {
                rig.post(Array(number..<number + 3), padding: turn % 4 == 3 ? 3_000 : 40)
                number += 3
                rig.post([number], timestamp: .device(rig.now + 700))
                number += 1
                if turn % 3 == 1 { try? rig.ingest.stock.refill() }
                rig.pass(milliseconds: 450)
            }
            if chapter == 0 { rig.disk.restartProcess() }
        }
    }
}
