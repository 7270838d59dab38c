import Synchronization
import TLS

/// Where each thread puts what it has counted, for the operator's listener to read. Any thread.
///
/// A loop publishes at its ticks, so that counting itself costs no lock; what is read is at most that old.
final class MetricsBoard: Sendable {
    /// What the log's writer counts.
    struct Log: Sendable {
        var commits = Histogram()
        var syncs = Histogram()
        var openWindowItems: UInt64 = 0
        var openWindowByteCount: UInt64 = 0
    }

    /// What the sealer counts.
    struct Store: Sendable {
        /// From the end of a window, lateness included, until its frame can be read.
        var seals = Histogram()
        var frames: UInt64 = 0
        var byteCount: UInt64 = 0
        var waitingWindows: UInt64 = 0
        /// Frames that the start has found, until they are checked.
        var uncheckedFrames: UInt64 = 0
        /// Frames, and gzip forms, that were found damaged since the start.
        var damagedFiles: UInt64 = 0
    }

    private let loops: Mutex<[LoopMetrics]>
    let log = Mutex(Log())
    let store = Mutex(Store())
    private let ends = Mutex<(certificates: Int64, authorities: Int64)>((.max, .max))
    /// Lines of the access log that nobody will see.
    let droppedAccessLines = Atomic<UInt64>(0)
    let startSeconds: UInt64

    /// - Parameter startSeconds: when the server started, in seconds since the UNIX epoch.
    init(loopCount: Int, startSeconds: UInt64 = 0) {
        loops = Mutex([LoopMetrics](repeating: LoopMetrics(), count: loopCount))
        self.startSeconds = startSeconds
    }

    /// Publishes what a loop has counted so far.
    func publish(_ metrics: LoopMetrics, of loop: Int) {
        loops.withLock { $0[loop] = metrics }
    }

    /// Notes when the certificates in use end, and those of the clients' authorities, in seconds since the
    /// UNIX epoch.
    func note(certificateEnds: [Int64], authorityEnds: [Int64]) {
        ends.withLock { $0 = (certificateEnds.min() ?? .max, authorityEnds.min() ?? .max) }
    }

    /// Notes the certificates of a context that is in use now.
    func note(_ context: TLSContext) {
        note(
            certificateEnds: context.certificates.map(\.notAfterSeconds),
            authorityEnds: context.clientAuthorities.map(\.notAfterSeconds))
    }

    /// When the first certificate ends; `max` where there is none.
    var certificateEnd: Int64 { ends.withLock { $0.certificates } }
    /// When the first certificate of the clients' authorities ends; `max` where there is none.
    var authorityEnd: Int64 { ends.withLock { $0.authorities } }

    /// What all loops have published.
    var total: LoopMetrics {
        let all = loops.withLock { $0 }
        var total = LoopMetrics()
        for metrics in all { total.add(metrics) }
        return total
    }
}
