import HTTP
import HTTP2
import Logging

/// What holds for one turn of a loop: the time, the limits, and the state that routes answer from.
struct Turn: ~Copyable {
    /// Milliseconds of the monotonic clock when the turn began: for deadlines.
    var monotonic: UInt64
    /// The same in microseconds: for durations.
    var monotonicMicroseconds: UInt64 = 0
    var context: RequestContext
    /// The server is stopping: every response is its connection's last.
    var isDraining = false
    /// The kernel may make the records of connections with TLS 1.3.
    var usesKernelRecords = false
    let limits: ConnectionLimits
    let requestLimits: RequestLimits
    let http2Limits: HTTP2Limits
    let logger: Logger
}
