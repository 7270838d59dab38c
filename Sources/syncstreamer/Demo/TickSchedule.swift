/// The moments of a regular work, each counted from the start, so that none drifts: tick `k` is due at
/// `start + k × 1 s ÷ rate`.
struct TickSchedule {
    private let startMilliseconds: UInt64
    private let ticksPerSecond: UInt64
    /// The number of the tick that comes next; the first is 1.
    private(set) var next: UInt64 = 1

    /// - Parameters:
    ///   - startMilliseconds: by a clock that only goes forward.
    ///   - ticksPerSecond: 1 or more.
    init(startMilliseconds: UInt64, ticksPerSecond: Int) {
        precondition(ticksPerSecond > 0, "a schedule has ticks")
        self.startMilliseconds = startMilliseconds
        self.ticksPerSecond = UInt64(ticksPerSecond)
    }

    /// When the next tick is due.
    var dueMilliseconds: UInt64 { startMilliseconds + next * 1000 / ticksPerSecond }

    /// Takes the next tick, which is due. Those that are over are left out: the latest that is due counts for
    /// them.
    ///
    /// - Returns: how many were left out.
    mutating func take(nowMilliseconds: UInt64) -> UInt64 {
        precondition(nowMilliseconds >= dueMilliseconds, "a tick is taken when it is due")
        var latest = (nowMilliseconds - startMilliseconds) * ticksPerSecond / 1000
        // The division above and the one of `dueMilliseconds` both round down, so one more may be due.
        if startMilliseconds + (latest + 1) * 1000 / ticksPerSecond <= nowMilliseconds { latest += 1 }
        let missed = latest - next
        next = latest + 1
        return missed
    }
}
