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
    }

    private let loops: Mutex<[LoopMetrics]>
    let log = Mutex(Log())
    let store = Mutex(Store())
    /// Seconds since the UNIX epoch at which the certificate that ends first does.
    let certificateEnd = Atomic<Int64>(0)
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

    /// Notes the certificates in use.
    func note(_ certificates: [CertificateFacts]) {
        certificateEnd.store(certificates.map(\.notAfterSeconds).min() ?? 0, ordering: .relaxed)
    }

    /// What all loops have published.
    var total: LoopMetrics {
        let all = loops.withLock { $0 }
        var total = LoopMetrics()
        for metrics in all { total.add(metrics) }
        return total
    }
}
