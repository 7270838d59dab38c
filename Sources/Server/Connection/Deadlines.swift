/// The time limit that a connection or an upload is under, and the rate it must keep. Pure: times are passed
/// in, in milliseconds of the monotonic clock.
struct Deadlines {
    private(set) var expiresAt: UInt64
    private var rateSince: UInt64 = 0
    private var octets: UInt64 = 0
    private var isRated = false

    /// No limit yet.
    init() {
        expiresAt = .max
    }

    init(acceptedAt now: UInt64, isOpen: Bool, timeouts: ConnectionLimits) {
        expiresAt =
            now + (isOpen ? timeouts.headerTimeoutMilliseconds : timeouts.handshakeTimeoutMilliseconds)
    }

    /// Something must happen until `time`, whatever moves until then.
    mutating func expire(at time: UInt64) {
        expiresAt = time
        isRated = false
    }

    /// The same, but a limit that runs stays as it is: what moves without being what is awaited renews
    /// nothing.
    mutating func expireOnce(at time: UInt64) {
        isRated = false
        if expiresAt == .max { expiresAt = time }
    }

    /// What was awaited has come: the next wait has a limit of its own.
    mutating func endWait() {
        expiresAt = .max
    }

    /// No limit: the other side of the wait is this server.
    mutating func suspend() {
        expiresAt = .max
        isRated = false
    }

    /// Octets must move at the least rate from now on, beside a limit that runs.
    mutating func startRate(now: UInt64) {
        if !isRated { restartRate(now: now) }
    }

    /// What moved until now counts neither way.
    mutating func restartRate(now: UInt64) {
        isRated = true
        rateSince = now
        octets = 0
    }

    /// Octets moved.
    mutating func count(_ moved: Int) {
        octets &+= UInt64(moved)
    }

    /// Whether a limit is over at `now`. A rate is judged once a whole window has passed, then counted anew.
    mutating func isOver(now: UInt64, limits: ConnectionLimits) -> Bool {
        if now >= expiresAt { return true }
        if !isRated || now < rateSince + limits.rateWindowMilliseconds { return false }
        if octets * 1000 < limits.octetsPerSecondMin * (now - rateSince) { return true }
        restartRate(now: now)
        return false
    }
}
