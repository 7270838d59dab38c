/// How often durations fell below each of a row of bounds, as Prometheus counts them.
struct Histogram: Sendable {
    /// Upper bounds in microseconds.
    static let bounds: InlineArray<_, UInt64> = [
        100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000,
        2_500_000,
        5_000_000, 10_000_000,
    ]

    /// Durations up to each bound and above the one before; behind the last bound, all longer ones.
    private(set) var counts = InlineArray<17, UInt64>(repeating: 0)
    private(set) var sumMicroseconds: UInt64 = 0

    mutating func observe(microseconds: UInt64) {
        var index = 0
        while index < Self.bounds.count && microseconds > Self.bounds[index] { index += 1 }
        counts[index] += 1
        sumMicroseconds += microseconds
    }

    mutating func add(_ other: Histogram) {
        for index in counts.indices { counts[index] += other.counts[index] }
        sumMicroseconds += other.sumMicroseconds
    }
}
