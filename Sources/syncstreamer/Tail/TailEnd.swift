import Posix

/// What ends a command that follows: a signal, or nobody who reads its output. Both are a clean end.
final class TailEnd {
    private static let lookMilliseconds: UInt64 = 200

    private let interruption: Interruption
    private var isOutputClosed = false

    /// Made first thing, on the main thread, before there are others.
    init() throws {
        interruption = try Interruption()
    }

    /// Whether the end has come.
    var hasCome: Bool {
        if !isOutputClosed { isOutputClosed = StandardStreams.isOutputClosed }
        return isOutputClosed || interruption.isRequested
    }

    /// Waits for the end, and returns true, or until the time is over.
    func wait(milliseconds: UInt64) -> Bool {
        var left = milliseconds
        while !hasCome {
            if left == 0 { return false }
            let piece = min(left, Self.lookMilliseconds)
            if interruption.wait(milliseconds: piece) { return true }
            left -= piece
        }
        return true
    }
}
