import FrameLog
import Logging
import Posix
import Synchronization

/// What other threads tell the sealer.
enum SealerMessage: Sendable {
    /// A window has ended: make its frame durable and publish it.
    case seal(SealedWindow<DiskStorage>)
    /// The log will soon need its next segment.
    case refillStock
    /// End; what waits stays in the log.
    case stop
}

/// The thread that turns ended windows into stored frames, removes old ones, and publishes each new state of
/// the store to the loops. The disk's slowness stays here.
final class Sealer {
    /// What it does with the disk, and what the log is told where that fails.
    private enum Work: String {
        case store = "a frame could not be stored and stays in the log; trying again"
        case compress = "a frame's gzip form could not be made; it is served without one"
        case retire = "old frames could not be given up; trying again"
        case refill = "no log segment could be made in advance; trying again"
    }

    /// How long it waits to try again what the disk refused.
    private static let retryMilliseconds: Int32 = 1_000

    private let mailbox: Mailbox<SealerMessage>
    private let writer: Mailbox<WriterMessage>
    private let loops: [Mailbox<LoopMessage>]
    private let store: DiskFrameStore
    private let stock: SegmentStock<DiskStorage>
    private let catalog: CatalogCell
    private let metrics: MetricsBoard
    private let latenessMilliseconds: UInt64
    private let logger: Logger
    private var frameClock: FrameClock
    private var poller: Poller

    private var messages: [SealerMessage] = []
    /// Windows that are not stored yet, oldest first.
    private var waiting: [SealedWindow<DiskStorage>] = []
    private var newest: FrameCatalog
    private var isStopping = false
    /// The window that waits first can't be stored, and so none behind it.
    private var isStuck = false
    /// What failed at the last try and was logged; the log hears of it again only when it has succeeded.
    private var failing: Set<Work> = []

    init(
        _ recovery: Recovery, mailbox: Mailbox<SealerMessage>, writer: Mailbox<WriterMessage>,
        loops: [Mailbox<LoopMessage>], metrics: MetricsBoard, latenessMilliseconds: UInt64, logger: Logger
    ) throws {
        store = recovery.store
        stock = recovery.ingest.stock
        catalog = recovery.catalog
        frameClock = recovery.frameClock
        newest = recovery.catalog.current().value
        self.mailbox = mailbox
        self.writer = writer
        self.loops = loops
        self.metrics = metrics
        self.latenessMilliseconds = latenessMilliseconds
        self.logger = logger
        poller = try Poller(eventsMax: 1)
        try poller.add(mailbox.wake.descriptor, token: 0, interest: .read)
    }

    /// Runs until told to stop. Windows that are not stored by then stay in the log for the next start.
    func run() {
        noteState()
        while true {
            let isIdle = (waiting.isEmpty || isStuck) && !stock.isLow
            _ = poller.wait(timeoutMilliseconds: isIdle ? -1 : Self.retryMilliseconds)
            takeMessages()
            if isStopping { return }
            storeWaiting()
            noteState()
            refillStock()
        }
    }

    private func takeMessages() {
        mailbox.take(into: &messages)
        for message in messages { sort(message) }
        messages.removeAll(keepingCapacity: true)
    }

    private func sort(_ message: SealerMessage) {
        switch message {
        case .seal(let window): waiting.append(window)
        case .refillStock: break
        case .stop: isStopping = true
        }
    }

    /// Stores what waits in its order, as far as the disk goes along.
    private func storeWaiting() {
        while let window = waiting.first, !isStuck, !isStopping {
            // Files go a frame later than the catalogue has given them up, so that a loop in the middle of
            // its turn finds what it has just looked up.
            store.removeRetired()
            // What a try that failed has left undone: on a full disk its room is what the next one lacks.
            retire()
            var stored: StoredFrame?
            attempt(.store) {
                do {
                    stored = try store.store(window)
                } catch let error as FrameLogError {
                    // The writer says so, and takes no more.
                    isStuck = true
                    return writer.post(.damaged(error))
                }
                waiting.removeFirst()
                publish()
                noteSealed(window)
                writer.post(.stored(windowStart: window.start))
            }
            guard let stored else { return }
            // Who waits for the end is not to wait for what can be done without.
            takeMessages()
            if isStopping { return }
            // Before there is a gzip form, since that may find no room, and again behind it, since it counts
            // too. A frame that is past a limit by itself is given up at once.
            retire()
            if store.frames.last !== stored { continue }
            attempt(.compress) { if try store.compress(stored) { publish() } }
            retire()
        }
    }

    /// Gives up the frames that retention doesn't keep.
    private func retire() {
        attempt(.retire) {
            if try !store.retire(now: frameClock.reading(Clock.wallMilliseconds())).isEmpty { publish() }
        }
    }

    private func refillStock() {
        // Frames come first: they wait for room already.
        if isStopping || !stock.isLow || failing.contains(.store) { return }
        attempt(.refill) { try stock.refill() }
    }

    /// Does something with the disk; says once when it fails, and once when it goes well again.
    private func attempt(_ work: Work, _ body: () throws -> Void) {
        do {
            try body()
            if failing.remove(work) != nil { logger.notice("the disk goes along again") }
        } catch {
            if failing.insert(work).inserted {
                logger.error("\(work.rawValue)", metadata: ["error": "\(error)"])
            }
        }
    }

    /// Counts a window whose frame can be read now.
    private func noteSealed(_ window: SealedWindow<DiskStorage>) {
        let now = frameClock.reading(Clock.wallMilliseconds())
        let due = window.end + latenessMilliseconds
        metrics.store.withLock { $0.seals.observe(microseconds: (now - min(now, due)) * 1000) }
    }

    private func noteState() {
        metrics.store.withLock { state in
            state.frames = UInt64(store.frames.count)
            state.byteCount = store.byteCount
            state.waitingWindows = UInt64(waiting.count)
        }
    }

    private func publish() {
        newest = FrameCatalog(files: store.frames, retired: store.retired, reusing: newest)
        catalog.publish(newest)
        // Those who wait for a frame are not to wait for their loop's next turn.
        for loop in loops { loop.post(.published) }
    }
}
