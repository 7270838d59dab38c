// Shows when a connection's time is over: the instant of a fixed limit, and the rate over whole windows. Time
// is passed in.
import Testing

@testable import Server

@Suite struct DeadlinesTests {
    private let limits = ConnectionLimits()

    @Test func theHandshakeHasItsLimitFromAccept() {
        var deadlines = Deadlines(acceptedAt: 1000, isOpen: false, timeouts: limits)
        let before = deadlines.isOver(now: 10_999, limits: limits)
        let after = deadlines.isOver(now: 11_000, limits: limits)
        #expect(!before)
        #expect(after)
    }

    @Test func aWaitForThisServerHasNone() {
        var deadlines = Deadlines(acceptedAt: 0, isOpen: true, timeouts: limits)
        deadlines.suspend()
        let isOver = deadlines.isOver(now: .max - 1, limits: limits)
        #expect(!isOver)
    }

    /// 30 windows' worth a second: just enough lives, an octet less does not.
    @Test func theRateIsJudgedOverWholeWindows() {
        for (octets, isEnough) in [(30 * 1024, true), (30 * 1024 - 1, false)] {
            var deadlines = Deadlines()
            deadlines.startRate(now: 0)
            deadlines.count(octets)
            let early = deadlines.isOver(now: 29_999, limits: limits)
            let atEnd = deadlines.isOver(now: 30_000, limits: limits)
            #expect(!early)
            #expect(atEnd == !isEnough)
        }
    }

    @Test func eachWindowCountsAnew() {
        var deadlines = Deadlines()
        deadlines.startRate(now: 0)
        deadlines.count(1 << 20)
        let first = deadlines.isOver(now: 30_000, limits: limits)
        let second = deadlines.isOver(now: 60_000, limits: limits)
        #expect(!first)
        #expect(second)
    }

    @Test func startingTheRateAgainChangesNothing() {
        var deadlines = Deadlines()
        deadlines.startRate(now: 0)
        deadlines.startRate(now: 29_000)
        let isOver = deadlines.isOver(now: 30_000, limits: limits)
        #expect(isOver)
    }

    /// What renews a limit is what was awaited, and not what merely moves.
    @Test func aLimitThatRunsIsNotRenewed() {
        var deadlines = Deadlines()
        deadlines.expireOnce(at: 10)
        deadlines.expireOnce(at: 20)
        deadlines.startRate(now: 5)
        deadlines.count(1 << 30)
        let beside = deadlines.isOver(now: 10, limits: limits)
        #expect(beside)
        deadlines.endWait()
        let ended = deadlines.isOver(now: 10, limits: limits)
        #expect(!ended)
        deadlines.expireOnce(at: 20)
        let renewed = deadlines.isOver(now: 20, limits: limits)
        #expect(renewed)
    }

    @Test func aRateThatIsRestartedForgets() {
        var deadlines = Deadlines()
        deadlines.startRate(now: 0)
        deadlines.restartRate(now: 29_000)
        let early = deadlines.isOver(now: 58_999, limits: limits)
        let late = deadlines.isOver(now: 59_000, limits: limits)
        #expect(!early && late)
    }
}
