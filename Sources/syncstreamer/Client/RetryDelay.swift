/// How long to wait before a request is tried again: longer with every try, and each time a little different,
/// so that devices that lost a server together don't come back together.
struct RetryDelay {
    private static let firstMilliseconds: UInt64 = 200
    private static let lastMilliseconds: UInt64 = 30_000
    /// What a server may ask for at most; more would be a mistake.
    private static let askedMillisecondsMax: UInt64 = 600_000

    private var milliseconds = Self.firstMilliseconds

    /// The wait before the next try: half of the time that it has come to, and a random part of the other
    /// half.
    ///
    /// - Parameter askedSeconds: what the server asks for (Retry-After, RFC 9110 section 10.2.3); it is
    ///   waited for in any case.
    mutating func next(
        askedSeconds: UInt64?, using generator: inout some RandomNumberGenerator
    ) -> UInt64 {
        let half = milliseconds / 2
        milliseconds = min(milliseconds * 2, Self.lastMilliseconds)
        let asked = askedSeconds.map { min($0, Self.askedMillisecondsMax / 1000) * 1000 } ?? 0
        return max(asked, half) + UInt64.random(in: 0...half, using: &generator)
    }

    /// A try succeeded.
    mutating func reset() { milliseconds = Self.firstMilliseconds }
}
