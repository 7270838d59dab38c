/// When a server that was told to end is to have come how far, in milliseconds of the monotonic clock.
struct EndTimes: Equatable {
    /// What remains to be done once the loops have ended gets a quarter of a second in any case: where no
    /// disk hangs, it needs less.
    private static let restMilliseconds: UInt64 = 250

    /// What is in flight is cut off.
    let loops: UInt64
    /// Whoever has not ended by then is not waited for.
    let all: UInt64

    /// The last tenth of the time, a second at most, is for what remains to be done once the loops have
    /// ended.
    init(now: UInt64, timeoutMilliseconds: UInt64) {
        loops = now + timeoutMilliseconds - min(timeoutMilliseconds / 10, 1_000)
        all = max(now + timeoutMilliseconds, loops + Self.restMilliseconds)
    }
}
