import Posix

/// SIGINT and SIGTERM as something to ask about, so that work ends where it may.
final class Interruption {
    private let signals: Signals
    private var wasRequested = false

    /// Made first thing, on the main thread, before there are others.
    init() throws {
        signals = try Signals(of: [Signals.interrupt, Signals.terminate])
    }

    /// Whether an end was asked for.
    var isRequested: Bool { wait(milliseconds: 0) }

    /// Waits until an end is asked for, and returns true, or until the time is over.
    func wait(milliseconds: UInt64) -> Bool {
        if !wasRequested {
            wasRequested = signals.next(timeoutMilliseconds: Int32(clamping: milliseconds)) != nil
        }
        return wasRequested
    }
}
