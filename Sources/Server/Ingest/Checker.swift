import FrameLog
import Logging
import Posix
import Synchronization

/// The checker has nothing to be told but that it is to end.
enum CheckerMessage: Sendable {
    case stop
}

/// The thread that checks the frames which a start has found, and ends when that is done. It takes half of a
/// disk's and a processor's time at most.
final class Checker {
    /// How long it waits where a frame could not be read.
    private static let retryMilliseconds: UInt64 = 1_000

    private let mailbox: Mailbox<CheckerMessage>
    private let frames: FrameChecker<DiskStorage, FrameDigest, FrameInflation>
    private let metrics: MetricsBoard
    private let logger: Logger
    private var poller: Poller
    private var messages: [CheckerMessage] = []
    private var isStopping = false

    init(
        _ store: DiskFrameStore, mailbox: Mailbox<CheckerMessage>, metrics: MetricsBoard, logger: Logger
    ) throws {
        self.mailbox = mailbox
        frames = store.checker(FrameInflation.self)
        self.metrics = metrics
        self.logger = logger
        poller = try Poller(eventsMax: 1)
        try poller.add(mailbox.wake.descriptor, token: 0, interest: .read)
        countLeft()
    }

    /// Runs until all frames are checked, or until told to stop.
    func run() {
        while !hasToStop() {
            let start = Clock.monotonicMilliseconds()
            let outcome = frames.checkNext(unless: hasToStop)
            countLeft()
            var pause = Clock.monotonicMilliseconds() - start
            switch outcome {
            case .done: return
            case .checked(let damage): for path in damage { report(path) }
            case .putOff: pause = Self.retryMilliseconds
            }
            if pause > 0 && !isStopping {
                _ = poller.wait(timeoutMilliseconds: Int32(min(pause, Self.retryMilliseconds)))
            }
        }
    }

    private func hasToStop() -> Bool {
        mailbox.take(into: &messages)
        if !messages.isEmpty { isStopping = true }
        return isStopping
    }

    private func countLeft() {
        metrics.store.withLock { $0.uncheckedFrames = UInt64(frames.leftCount) }
    }

    private func report(_ path: String) {
        metrics.store.withLock { $0.damagedFiles += 1 }
        let advice: Logger.Message =
            path.hasSuffix(".gz")
            ? "a frame's gzip form is damaged, and is not served; `syncstreamer verify --repair` removes it"
            : "a frame is damaged and is not served; `syncstreamer verify --repair` may bring it back"
        logger.error(advice, metadata: ["file": "\(path)"])
    }
}
