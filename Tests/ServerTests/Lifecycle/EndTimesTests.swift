// Shows how a drain's time is divided.
import Testing

@testable import Server

@Suite struct EndTimesTests {
    @Test(
        arguments: [
            (0, 0, 250), (200, 180, 430), (2_500, 2_250, 2_500), (10_000, 9_000, 10_000),
            (3_600_000, 3_599_000, 3_600_000),
        ] as [(UInt64, UInt64, UInt64)])
    func theLastPartIsForWhatRemains(timeout: UInt64, loops: UInt64, all: UInt64) {
        let times = EndTimes(now: 5_000, timeoutMilliseconds: timeout)
        #expect((times.loops, times.all) == (5_000 + loops, 5_000 + all))
    }
}
