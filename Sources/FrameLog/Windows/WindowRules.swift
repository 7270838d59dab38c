/// What the clock has to say about windows: which are open, and which times an item may have.
struct WindowRules: Sendable {
    /// Windows that nobody sealed for this long, and for three windows, were slept through: the process or
    /// its machine stood still, or the clock was set forward. Those without items give no frame, as if the
    /// server had been down.
    static let gapMilliseconds: UInt64 = 60_000

    let duration: UInt64
    let lateness: UInt64

    /// The start of the oldest window that is open at `now`: the first that ends after `now` − lateness.
    func oldestOpen(at now: UInt64) -> UInt64 { now < lateness ? 0 : (now - lateness) / duration * duration }

    /// Why a device's timestamp can't be taken at `now`, or nil. A window that was sealed is open no more.
    func refusal(of timestamp: UInt64, at now: UInt64, watermark: UInt64) -> ItemVerdict? {
        let oldest = max(oldestOpen(at: now), watermark)
        if timestamp < oldest { return .late(oldestOpen: oldest) }
        if timestamp > now + duration { return .tooFarAhead(limit: now + duration) }
        return nil
    }

    /// Whether so many windows are due at `now` that they were slept through.
    func isGap(from watermark: UInt64, to now: UInt64) -> Bool {
        let oldest = oldestOpen(at: now)
        return oldest > watermark && oldest - watermark > max(Self.gapMilliseconds, 3 * duration)
    }
}
