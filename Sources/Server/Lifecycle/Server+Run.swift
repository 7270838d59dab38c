import Logging
package import Posix

extension Server {
    private static let signalsToken: UInt64 = 0
    private static let endedToken: UInt64 = 1

    /// Serves until a signal ends it: SIGTERM or SIGINT drains, a second one ends at once, SIGHUP reloads
    /// certificates and secrets. Returns when all threads have ended.
    ///
    /// - Parameter signals: made first thing in the process, so that no thread takes a signal by itself.
    package func run(until signals: borrowing Signals) throws {
        var poller = try Poller(eventsMax: 2)
        try poller.add(signals.descriptor, token: Self.signalsToken, interest: .read)
        try poller.add(ended.wake.descriptor, token: Self.endedToken, interest: .read)
        ServiceManager.notify(.ready)
        var drainEndsAt: UInt64?
        var expiryCheckAt = Clock.monotonicMilliseconds() + ExpiryWatch.periodMilliseconds
        var endedLoops: [Int] = []
        var endedCount = 0
        while endedCount < loops.count {
            let next = min(expiryCheckAt, drainEndsAt ?? .max)
            let count = poller.wait(timeoutMilliseconds: Self.timeout(until: next))
            for position in 0..<count {
                if poller.event(at: position).token == Self.endedToken {
                    ended.take(into: &endedLoops)
                    endedCount += endedLoops.count
                    endedLoops.removeAll(keepingCapacity: true)
                } else if let signal = signals.next() {
                    handle(signal, &drainEndsAt)
                }
            }
            if Clock.monotonicMilliseconds() >= expiryCheckAt {
                expiryCheckAt += ExpiryWatch.periodMilliseconds
                warnOfExpiry()
            }
            if let end = drainEndsAt, Clock.monotonicMilliseconds() >= end {
                logger.warning("the drain timeout is over; what is still in flight is cut off")
                drainEndsAt = nil
                stopLoops()
            }
        }
        endThreads()
    }

    private static func timeout(until end: UInt64) -> Int32 {
        let now = Clock.monotonicMilliseconds()
        return end <= now ? 0 : Int32(clamping: end - now)
    }

    private func handle(_ signal: Int32, _ drainEndsAt: inout UInt64?) {
        switch signal {
        case Signals.hangUp: reload()
        case Signals.terminate, Signals.interrupt:
            if isDraining {
                logger.warning("a second signal: ending at once")
                stopLoops()
            } else {
                drainEndsAt = Clock.monotonicMilliseconds() + configuration.drainTimeoutMilliseconds
                drain()
            }
        default: preconditionFailure("signal \(signal) was not asked for")
        }
    }
}
