import Posix
import Synchronization

/// Token buckets of one kind, one for each of those who take from it. Any thread.
///
/// All loops share them, so every call is a bounded number of steps, also where there are as many as may be.
final class RateMeter: Sendable {
    private struct Bucket {
        let key: RateKey
        var tokens: Double
        /// When it was filled last, in microseconds of the monotonic clock.
        var filledAt: UInt64
    }

    private struct Table {
        var buckets: [Bucket] = []
        var places: [RateKey: Int] = [:]
        /// Where the next is looked for that can be forgotten.
        var hand = 0
    }

    /// How many are looked at for one to forget.
    private static let looksMax = 8

    let policy: RatePolicy
    private let perSecond: Double
    private let bucketsMax: Int
    private let table = Mutex(Table())

    /// - Parameters:
    ///   - perSecond: above 0.
    ///   - bucketsMax: with so many, a new one takes the place of another: the fullest of the next few, which
    ///     has the least to forget. By default they take about 5 MB together.
    init(_ policy: RatePolicy, perSecond: UInt64, bucketsMax: Int = 1 << 16) {
        self.policy = policy
        self.bucketsMax = bucketsMax
        self.perSecond = Double(perSecond)
    }

    /// The most a bucket holds.
    var quota: UInt64 { UInt64(perSecond) * RateLimits.windowSeconds }

    /// Those that something is known of.
    var bucketCount: Int { table.withLock { $0.buckets.count } }

    /// Takes `count` of something.
    ///
    /// What is taken at once may be more than there is: a large item is let through as a whole, and the debt
    /// has to be waited for.
    /// - Parameters:
    ///   - isCounted: false asks only whether there is anything.
    ///   - now: microseconds of the monotonic clock.
    /// - Returns: nil, or what to say where nothing was taken.
    func take(_ count: UInt64, of key: RateKey, now: UInt64, isCounted: Bool = true) -> RateRefusal? {
        table.withLock { table in
            guard let place = place(of: key, in: &table, now: now, isMade: isCounted) else { return nil }
            if table.buckets[place].tokens < 1 {
                let seconds = ((1 - table.buckets[place].tokens) / perSecond).rounded(.up)
                return RateRefusal(policy: policy, quota: quota, retryAfterSeconds: UInt64(max(1, seconds)))
            }
            if isCounted { table.buckets[place].tokens -= Double(count) }
            return nil
        }
    }

    /// Takes `count` of what has come already, whether it is there or not.
    func owe(_ count: UInt64, of key: RateKey, now: UInt64) {
        table.withLock { table in
            guard let place = place(of: key, in: &table, now: now, isMade: true) else { return }
            table.buckets[place].tokens -= Double(count)
        }
    }

    /// Where the key's bucket is, filled up to now; nil where there is none and none is to be made.
    private func place(of key: RateKey, in table: inout Table, now: UInt64, isMade: Bool) -> Int? {
        if let place = table.places[key] {
            table.buckets[place].tokens = tokens(in: table.buckets[place], now: now)
            table.buckets[place].filledAt = max(now, table.buckets[place].filledAt)
            return place
        }
        if !isMade { return nil }
        let bucket = Bucket(key: key, tokens: Double(quota), filledAt: now)
        var place = table.buckets.count
        if place < bucketsMax {
            table.buckets.append(bucket)
        } else {
            place = fullest(in: &table, now: now)
            table.places[table.buckets[place].key] = nil
            table.buckets[place] = bucket
        }
        table.places[key] = place
        return place
    }

    private func fullest(in table: inout Table, now: UInt64) -> Int {
        var (best, bestTokens) = (table.hand, -Double.infinity)
        for _ in 0..<Self.looksMax {
            let tokens = tokens(in: table.buckets[table.hand], now: now)
            if tokens > bestTokens { (best, bestTokens) = (table.hand, tokens) }
            table.hand = (table.hand + 1) % table.buckets.count
        }
        return best
    }

    private func tokens(in bucket: Bucket, now: UInt64) -> Double {
        let earned = Double(now - min(now, bucket.filledAt)) / 1_000_000 * perSecond
        return min(Double(quota), bucket.tokens + earned)
    }
}

/// Who takes: an address, or a secret by the beginning of its digest.
struct RateKey: Hashable, Sendable {
    let high: UInt64
    let low: UInt64
}

/// A limit that is reached, and when it is worth another try.
struct RateRefusal: Sendable, Equatable {
    let policy: RatePolicy
    /// How much there is in `RateLimits.windowSeconds`.
    let quota: UInt64
    let retryAfterSeconds: UInt64
}

/// What is limited, and of whom.
enum RatePolicy: UInt8, CaseIterable, Sendable {
    case addressRequests, addressItems, addressOctets, addressGuesses
    case secretRequests, secretItems, secretOctets

    /// Its name in RateLimit-Policy.
    var name: StaticString {
        switch self {
        case .addressRequests: "address-requests"
        case .addressItems: "address-items"
        case .addressOctets: "address-octets"
        case .addressGuesses: "address-guesses"
        case .secretRequests: "secret-requests"
        case .secretItems: "secret-items"
        case .secretOctets: "secret-octets"
        }
    }
}
