import Logging
package import Posix

extension Server {
    private static let signalsToken: UInt64 = 0
    private static let endedToken: UInt64 = 1

    /// Serves until a signal ends it: SIGTERM or SIGINT drains, a second one ends at once, SIGHUP reloads
    /// certificates and secrets.
    ///
    /// - Parameter signals: made first thing in the process, so that no thread takes a signal by itself.
    /// - Returns: whether all threads have ended. Otherwise a disk holds some of them up for longer than may
    ///   be waited, and the process is to end without them: nothing that anybody was told of is lost.
    package func run(until signals: borrowing Signals) throws -> Bool {
        var poller = try Poller(eventsMax: 2)
        try poller.add(signals.descriptor, token: Self.signalsToken, interest: .read)
        try poller.add(ended.wake.descriptor, token: Self.endedToken, interest: .read)
        ServiceManager.notify(.ready)
        var times: EndTimes?
        var expiryCheckAt = Clock.monotonicMilliseconds() + ExpiryWatch.periodMilliseconds
        var endedThreads: [EndedThread] = []
        var (loopsLeft, othersLeft) = (loops.count, otherThreadCount)
        var isCutOff = false
        while loopsLeft + othersLeft > 0 {
            let wakeAt = min(expiryCheckAt, (loopsLeft > 0 && !isCutOff ? times?.loops : times?.all) ?? .max)
            let count = poller.wait(timeoutMilliseconds: Self.timeout(until: wakeAt))
            for position in 0..<count {
                if poller.event(at: position).token == Self.endedToken {
                    ended.take(into: &endedThreads)
                    loopsLeft -= endedThreads.count { $0 == .loop }
                    othersLeft -= endedThreads.count { $0 == .other }
                    if loopsLeft == 0 && endedThreads.contains(.loop) { stopOthers() }
                    endedThreads.removeAll(keepingCapacity: true)
                } else if let signal = signals.next() {
                    handle(signal, &times)
                }
            }
            let now = Clock.monotonicMilliseconds()
            if now >= expiryCheckAt {
                expiryCheckAt += ExpiryWatch.periodMilliseconds
                warnOfExpiry()
            }
            if let end = times, now >= end.loops, loopsLeft > 0, !isCutOff {
                isCutOff = true
                logger.warning("what is still in flight is cut off")
                stopLoops()
            }
            if let end = times, now >= end.all {
                logger.warning("the disk takes too long; what waits for it is in the log for the next start")
                return false
            }
        }
        joinOthers()
        return true
    }

    private static func timeout(until end: UInt64) -> Int32 {
        let now = Clock.monotonicMilliseconds()
        return end <= now ? 0 : Int32(clamping: end - now)
    }

    private func handle(_ signal: Int32, _ times: inout EndTimes?) {
        let now = Clock.monotonicMilliseconds()
        switch signal {
        case Signals.hangUp: reload()
        case Signals.terminate, Signals.interrupt:
            if isDraining {
                logger.warning("a second signal: ending at once")
                times = EndTimes(now: now, timeoutMilliseconds: 0)
            } else {
                times = EndTimes(now: now, timeoutMilliseconds: configuration.drainTimeoutMilliseconds)
                drain()
            }
        default: preconditionFailure("signal \(signal) was not asked for")
        }
    }
}
