import Bytes
import HTTP2

/// What is left to send of a stream's response, and how fast it is read.
struct StreamContent {
    let stream: HTTP2StreamID
    private var cursor: ContentCursor
    private var pace = Deadlines()
    private var paceSince: UInt64
    /// The stream was broken off; what is left here goes with it.
    var isGivenUp = false

    /// - Parameter now: milliseconds of the monotonic clock.
    init(_ cursor: ContentCursor, of stream: HTTP2StreamID, now: UInt64) {
        self.stream = stream
        self.cursor = cursor
        paceSince = now
        pace.startRate(now: now)
    }

    /// Everything was handed out.
    var isAtEnd: Bool { cursor.isAtEnd }

    /// Appends the next octets of one piece, at most `octetsMax`, and goes past them.
    ///
    /// - Returns: how many they are.
    mutating func append(octetsMax: Int, to buffer: inout Buffer) -> Int {
        let count = cursor.append(octetsMax: octetsMax, to: &buffer)
        pace.count(count)
        return count
    }

    /// Whether less was taken than the least rate asks for.
    ///
    /// - Parameter heldUntil: until then it was not this stream's turn.
    mutating func isReadTooSlowly(now: UInt64, heldUntil: UInt64, limits: ConnectionLimits) -> Bool {
        if isGivenUp { return false }
        if paceSince < heldUntil {
            paceSince = heldUntil
            pace.restartRate(now: heldUntil)
        }
        return pace.isOver(now: now, limits: limits)
    }
}
