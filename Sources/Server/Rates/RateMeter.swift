import Posix
import Synchronization

/// Token buckets of one kind, one for each of those who take from it. Any thread.
final class RateMeter: Sendable {
    private struct Bucket {
        var tokens: Double
        /// When it was filled last, in microseconds of the monotonic clock.
        var filledAt: UInt64
    }

    /// Beyond so many, those that are full again are forgotten, and where that is not enough, all.
    private static let bucketsMax = 1 << 16

    /// The policy's name in RateLimit-Policy.
    let name: StaticString
    private let perSecond: Double
    private let buckets = Mutex<[RateKey: Bucket]>([:])

    /// - Parameter perSecond: above 0.
    init(_ name: StaticString, perSecond: UInt64) {
        self.name = name
        self.perSecond = Double(perSecond)
    }

    /// The most a bucket holds.
    var quota: UInt64 { UInt64(perSecond) * RateLimits.windowSeconds }

    /// Takes `count` of something.
    ///
    /// What is taken at once may be more than there is: a large item is let through as a whole, and the debt
    /// has to be waited for.
    /// - Parameters:
    ///   - isCounted: false asks only whether there is anything.
    ///   - now: microseconds of the monotonic clock.
    /// - Returns: nil, or what to say where nothing was taken.
    func take(_ count: UInt64, of key: RateKey, now: UInt64, isCounted: Bool = true) -> RateRefusal? {
        buckets.withLock { buckets in
            if !isCounted && buckets[key] == nil { return nil }
            if buckets.count >= Self.bucketsMax { forget(&buckets, now: now) }
            var bucket = buckets[key] ?? Bucket(tokens: Double(quota), filledAt: now)
            bucket = filled(bucket, now: now)
            defer { buckets[key] = bucket }
            if bucket.tokens < 1 {
                let seconds = ((1 - bucket.tokens) / perSecond).rounded(.up)
                return RateRefusal(policy: name, quota: quota, retryAfterSeconds: UInt64(max(1, seconds)))
            }
            if isCounted { bucket.tokens -= Double(count) }
            return nil
        }
    }

    private func filled(_ bucket: Bucket, now: UInt64) -> Bucket {
        let earned = Double(now - min(now, bucket.filledAt)) / 1_000_000 * perSecond
        return Bucket(tokens: min(Double(quota), bucket.tokens + earned), filledAt: max(now, bucket.filledAt))
    }

    private func forget(_ buckets: inout [RateKey: Bucket], now: UInt64) {
        let full = Double(quota)
        buckets = buckets.filter { filled($0.value, now: now).tokens < full }
        if buckets.count >= Self.bucketsMax { buckets = [:] }
    }
}

/// Who takes: an address, or a secret by the beginning of its digest.
struct RateKey: Hashable, Sendable {
    let high: UInt64
    let low: UInt64
}

/// A limit that is reached, and when it is worth another try.
struct RateRefusal: Sendable, Equatable {
    /// The name of the policy.
    let policy: StaticString
    /// How much there is in `RateLimits.windowSeconds`.
    let quota: UInt64
    let retryAfterSeconds: UInt64

    static func == (first: RateRefusal, second: RateRefusal) -> Bool {
        first.policy.description == second.policy.description && first.quota == second.quota
            && first.retryAfterSeconds == second.retryAfterSeconds
    }
}
