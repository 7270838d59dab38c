import Posix
import Synchronization

/// Where a line an answer is written.
package enum AccessLogPlace: Sendable, Equatable {
    case standardError
    /// Opened to be appended to, and again at each reload, so that it can be moved away.
    case file(String)
}

/// What is told to the thread that writes the access log.
enum AccessLogMessage: Sendable {
    /// Whole lines, and how many.
    case lines([UInt8], count: UInt64)
    case reopen
    /// Write what waits, then end.
    case stop
}

/// The access log's bounded way from the loops to the thread that writes it: a loop never waits for a disk or
/// a terminal, and where those are slower than the requests, lines are dropped and counted.
final class AccessLog: Sendable {
    /// Octets of lines that may wait.
    static let waitingByteCountMax = 8 << 20

    let mailbox: Mailbox<AccessLogMessage>
    private let waitingByteCount = Atomic<Int>(0)
    private let metrics: MetricsBoard

    /// - Throws: `SystemError` where no descriptor is to be had.
    init(metrics: MetricsBoard) throws(SystemError) {
        self.metrics = metrics
        mailbox = try Mailbox()
    }

    /// Hands lines over, or drops them where too many wait. Any thread.
    func offer(_ lines: [UInt8], count: UInt64) {
        let waiting = waitingByteCount.load(ordering: .relaxed)
        if waiting + lines.count > Self.waitingByteCountMax { return drop(count) }
        waitingByteCount.add(lines.count, ordering: .relaxed)
        mailbox.post(.lines(lines, count: count))
    }

    /// Counts lines that could not be written. Any thread.
    func drop(_ count: UInt64) {
        metrics.droppedAccessLines.add(count, ordering: .relaxed)
    }

    /// Lines have been written, or can't be. The writing thread.
    func release(byteCount: Int) {
        waitingByteCount.subtract(byteCount, ordering: .relaxed)
    }
}
