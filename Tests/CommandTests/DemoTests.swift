// Shows that the demo's ticks don't drift, what becomes of those it was too late for, and how long it leaves
// a server alone. Time is given, never read.
import Testing

@testable import syncstreamer

@Suite struct DemoTests {
    @Test(arguments: [1, 3, 7, 10, 30, 100])
    func ticksAreCountedFromTheStart(rate: Int) {
        var schedule = TickSchedule(startMilliseconds: 5000, ticksPerSecond: rate)
        for second in 1...1000 {
            for _ in 0..<rate {
                let due = schedule.dueMilliseconds
                let missed = schedule.take(nowMilliseconds: due)
                #expect(missed == 0)
            }
            // However the division came out, whole seconds are met to the millisecond.
            let last = schedule.next - 1
            #expect(5000 + last * 1000 / UInt64(rate) == 5000 + UInt64(second) * 1000)
        }
    }

    @Test func aLateTickDoesNotMoveTheNext() {
        var schedule = TickSchedule(startMilliseconds: 0, ticksPerSecond: 10)
        #expect(schedule.dueMilliseconds == 100)
        let missed = schedule.take(nowMilliseconds: 199)
        #expect(missed == 0)
        #expect(schedule.dueMilliseconds == 200)
    }

    @Test func ticksThatAreOverAreLeftOut() {
        var schedule = TickSchedule(startMilliseconds: 0, ticksPerSecond: 10)
        var missed = schedule.take(nowMilliseconds: 1050)
        #expect(missed == 9)
        #expect(schedule.dueMilliseconds == 1100)
        missed = schedule.take(nowMilliseconds: 1100)
        #expect(missed == 0)
    }

    @Test func aServerThatIsAwayIsLeftAloneLongerAndLonger() {
        var backoff = Backoff()
        var wasFailing = backoff.succeeded()
        #expect(!wasFailing)
        var now: UInt64 = 1000
        var delays: [UInt64] = []
        for attempt in 0..<9 {
            let isFirst = backoff.failed(nowMilliseconds: now)
            #expect(isFirst == (attempt == 0))
            delays.append(backoff.retryMilliseconds - now)
            now = backoff.retryMilliseconds
        }
        #expect(delays == [100, 200, 400, 800, 1600, 3200, 5000, 5000, 5000])
        wasFailing = backoff.succeeded()
        #expect(wasFailing)
        #expect(!backoff.isFailing)
        let isFirst = backoff.failed(nowMilliseconds: 0)
        #expect(isFirst)
        #expect(backoff.retryMilliseconds == 100)
    }

    @Test func whatTheServerAsksForCountsUpToALimit() {
        var backoff = Backoff()
        _ = backoff.failed(nowMilliseconds: 0, atLeast: 2000)
        #expect(backoff.retryMilliseconds == 2000)
        _ = backoff.failed(nowMilliseconds: 0, atLeast: 3_600_000)
        #expect(backoff.retryMilliseconds == 5000)
    }
}
