// Token buckets, with a clock of the test's own.

import Testing

@testable import Server

@Suite struct RateMeterTests {
    private let meter = RateMeter(.secretItems, perSecond: 5)
    private let key = RateKey(high: 1, low: 2)
    private static let second: UInt64 = 1_000_000

    @Test func aBucketAndNotOneMore() {
        for _ in 0..<50 { #expect(meter.take(1, of: key, now: 0) == nil) }
        #expect(
            meter.take(1, of: key, now: 0)
                == RateRefusal(policy: .secretItems, quota: 50, retryAfterSeconds: 1))
        // What was refused was not counted.
        #expect(meter.take(1, of: key, now: Self.second / 5) == nil)
        #expect(meter.take(1, of: key, now: Self.second / 5) != nil)
    }

    @Test func eachHasOneOfItsOwn() {
        for _ in 0..<50 { _ = meter.take(1, of: key, now: 0) }
        #expect(meter.take(1, of: RateKey(high: 1, low: 3), now: 0) == nil)
    }

    @Test func aLargeOneIsTakenWholeAndPaidFor() {
        #expect(meter.take(1000, of: key, now: 0) == nil)
        // 950 are owed, and one has to be there: at five a second.
        #expect(meter.take(1, of: key, now: 0)?.retryAfterSeconds == 191)
        #expect(meter.take(1, of: key, now: 190 * Self.second) != nil)
        #expect(meter.take(1, of: key, now: 191 * Self.second) == nil)
    }

    @Test func itNeverHoldsMore() {
        #expect(meter.take(1, of: key, now: 0) == nil)
        for _ in 0..<50 { #expect(meter.take(1, of: key, now: 1000 * Self.second) == nil) }
        #expect(meter.take(1, of: key, now: 1000 * Self.second) != nil)
    }

    @Test func askingTakesNothing() {
        for _ in 0..<100 { #expect(meter.take(1, of: key, now: 0, isCounted: false) == nil) }
        for _ in 0..<50 { #expect(meter.take(1, of: key, now: 0) == nil) }
        #expect(meter.take(1, of: key, now: 0, isCounted: false) != nil)
    }

    @Test func whatHasComeIsOwed() {
        meter.owe(149, of: key, now: 0)
        #expect(meter.take(1, of: key, now: 0)?.retryAfterSeconds == 20)
        #expect(meter.take(1, of: key, now: 20 * Self.second) == nil)
    }

    /// As many as there may be, and a new one each time: who has taken all of his is not forgotten while
    /// others have more.
    @Test func thereAreNotMoreThanMayBe() {
        let meter = RateMeter(.secretItems, perSecond: 5, bucketsMax: 64)
        for _ in 0..<50 { _ = meter.take(1, of: key, now: 0) }
        for number in 0..<1000 as Range<UInt64> {
            #expect(meter.take(1, of: RateKey(high: 0, low: number), now: 0) == nil)
            #expect(meter.bucketCount == min(Int(number) + 2, 64))
        }
        #expect(meter.take(1, of: key, now: 0) != nil)
    }

    /// Those that are full again go first.
    @Test func whoIsFullAgainIsForgottenFirst() {
        let meter = RateMeter(.secretItems, perSecond: 5, bucketsMax: 64)
        for number in 0..<64 as Range<UInt64> {
            for _ in 0..<(number % 8 == 0 ? 50 : 1) {
                _ = meter.take(1, of: RateKey(high: 0, low: number), now: 0)
            }
        }
        for number in 0..<500 as Range<UInt64> {
            #expect(meter.take(1, of: RateKey(high: 1, low: number), now: number) == nil)
        }
        for number in stride(from: 0, to: 64, by: 8) as StrideTo<UInt64> {
            #expect(meter.take(1, of: RateKey(high: 0, low: number), now: 500) != nil)
        }
    }
}
