import FrameLog

/// What a loop hands to the routes beside the request: all of it immutable values, refreshed once a turn.
struct RequestContext: Sendable {
    /// The frame clock: milliseconds since the epoch that never go back. Item timestamps, expiries and waits
    /// go by it.
    var nowMilliseconds: UInt64
    /// When the turn's octets were received, by the wall clock, in microseconds since the epoch.
    var receivedMicroseconds: UInt64
    var catalog: FrameCatalog
    var secrets: SecretSet
    var readiness = Readiness.ready
    let limiter: RateLimiter
    /// What the operator's listener reads.
    var metrics = MetricsBoard(loopCount: 0)
    let settings: RouteSettings
}
