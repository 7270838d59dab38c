import CLinux
import Glibc

/// The system's clocks (clock_gettime(2)).
package enum Clock {
    /// Milliseconds since the UNIX epoch by the wall clock, which may step in either direction.
    package static func wallMilliseconds() -> UInt64 {
        let now = reading(of: CLOCK_REALTIME)
        return UInt64(now.tv_sec) * 1000 + UInt64(now.tv_nsec) / 1_000_000
    }

    /// Microseconds since the UNIX epoch by the wall clock.
    package static func wallMicroseconds() -> UInt64 {
        let now = reading(of: CLOCK_REALTIME)
        return UInt64(now.tv_sec) * 1_000_000 + UInt64(now.tv_nsec) / 1000
    }

    /// Milliseconds since an arbitrary start by a clock that only goes forward: for deadlines and durations.
    package static func monotonicMilliseconds() -> UInt64 {
        let now = reading(of: CLOCK_MONOTONIC)
        return UInt64(now.tv_sec) * 1000 + UInt64(now.tv_nsec) / 1_000_000
    }

    /// Microseconds by the clock that only goes forward.
    package static func monotonicMicroseconds() -> UInt64 {
        let now = reading(of: CLOCK_MONOTONIC)
        return UInt64(now.tv_sec) * 1_000_000 + UInt64(now.tv_nsec) / 1000
    }

    private static func reading(of clock: clockid_t) -> timespec {
        var time = timespec()
        // SAFETY: clock_gettime fills the structure it is given; it fails only for an unknown clock.
        let failed = unsafe clock_gettime(clock, &time) != 0
        precondition(!failed, "the system has no such clock")
        return time
    }
}
