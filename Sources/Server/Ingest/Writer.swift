import FrameLog
import Logging
import Posix
import Synchronization

/// What other threads tell the log's writer.
enum WriterMessage: Sendable {
    /// A loop's items of one turn.
    case append(ItemBatch, loop: Int)
    /// A sealed window's frame is durable.
    case stored(windowStart: UInt64)
    /// A sealed window can't be stored, now or later: the log is damaged.
    case damaged(FrameLogError)
    /// Work off what waits, then end.
    case stop
}

/// The thread that owns the log: it takes what all loops have handed over, writes and syncs once for all of
/// it, and tells the loops what became of their items. Windows that have ended go to the sealer.
final class Writer {
    /// The wall clock may step while the writer waits for a window's end, so it looks at it this often.
    private static let waitMillisecondsMax: UInt64 = 1_000

    private let mailbox: Mailbox<WriterMessage>
    private let loops: [Mailbox<LoopMessage>]
    private let sealer: Mailbox<SealerMessage>
    private let ingest: Ingest<DiskStorage>
    private let watch: ChannelWatch
    private var events: ItemEvents
    private let metrics: MetricsBoard
    private let logger: Logger
    private var frameClock: FrameClock
    private var poller: Poller

    private var messages: [WriterMessage] = []
    private var batches: [ItemBatch] = []
    /// Which loop each batch belongs to.
    private var owners: [Int] = []
    private var readiness = Readiness.ready
    private var hasAskedForSegment = false
    private var isStopping = false

    init(
        _ recovery: Recovery, mailbox: Mailbox<WriterMessage>, loops: [Mailbox<LoopMessage>],
        sealer: Mailbox<SealerMessage>, watch: ChannelWatch, metrics: MetricsBoard, logger: Logger
    ) throws {
        ingest = recovery.ingest
        frameClock = recovery.frameClock
        self.mailbox = mailbox
        self.loops = loops
        self.sealer = sealer
        self.watch = watch
        events = ItemEvents(watch: watch, loopCount: loops.count)
        self.metrics = metrics
        self.logger = logger
        poller = try Poller(eventsMax: 1)
        try poller.add(mailbox.wake.descriptor, token: 0, interest: .read)
    }

    /// Runs until told to stop.
    func run() {
        while !isStopping {
            _ = poller.wait(timeoutMilliseconds: timeout())
            mailbox.take(into: &messages)
            // Taken out one by one, so that no copy of a batch is left to share its memory with.
            messages.reverse()
            while let message = messages.popLast() { sort(message) }
            commit()
        }
    }

    private func timeout() -> Int32 {
        guard let end = ingest.nextSealAt else { return -1 }
        let now = frameClock.reading(Clock.wallMilliseconds())
        return Int32(min(end - min(end, now), Self.waitMillisecondsMax))
    }

    private func sort(_ message: consuming WriterMessage) {
        switch consume message {
        case .append(let batch, let loop):
            batches.append(batch)
            owners.append(loop)
        case .stored(let windowStart): ingest.stored(windowStart: windowStart)
        case .damaged(let error): ingest.close(error)
        case .stop: isStopping = true
        }
    }

    /// Makes everything that waits durable in one commit, and seals what is due.
    private func commit() {
        let start = Clock.monotonicMicroseconds()
        let syncedBefore = ingest.syncing
        let sealed = ingest.commit(&batches, now: frameClock.reading(Clock.wallMilliseconds()))
        note(since: start, syncedBefore)
        // Health before outcomes: who hears of a refusal finds it explained.
        publishHealth()
        tellFollowers()
        // In the order in which they came, since a connection's items are decided on in theirs. Taken out one
        // by one, so that no copy of a batch is left to share its memory with.
        batches.reverse()
        owners.reverse()
        while let batch = batches.popLast(), let owner = owners.popLast() {
            loops[owner].post(.decided(consume batch))
        }
        for window in sealed { sealer.post(.seal(window)) }
        if ingest.stock.isLow && !hasAskedForSegment { sealer.post(.refillStock) }
        hasAskedForSegment = ingest.stock.isLow
    }

    /// Hands what is durable now to the loops where somebody follows it.
    private func tellFollowers() {
        if watch.isEmpty { return }
        for index in batches.indices { events.add(batches[index]) }
        events.takeBlocks { loop, blocks in loops[loop].post(.items(blocks)) }
    }

    /// Counts a commit, where there was anything to commit.
    private func note(since start: UInt64, _ syncedBefore: SyncTime) {
        let hadItems = !batches.isEmpty
        let syncing = ingest.syncing
        if !hadItems && syncing.count == syncedBefore.count { return }
        let end = Clock.monotonicMicroseconds()
        metrics.log.withLock { log in
            if hadItems { log.commits.observe(microseconds: end - start) }
            if syncing.count > syncedBefore.count {
                log.syncs.observe(microseconds: syncing.microseconds - syncedBefore.microseconds)
            }
            log.openWindowItems = ingest.openItemCount
            log.openWindowByteCount = ingest.openByteCount
        }
    }

    /// Tells the loops, once, when uploads can't be taken any more or can again.
    private func publishHealth() {
        let current = Readiness(ingest.health)
        if current == readiness { return }
        readiness = current
        var metadata: Logger.Metadata = [:]
        switch ingest.health {
        case .healthy, .full: break
        case .closed(let error): metadata["error"] = "\(error)"
        case .damaged(let error): metadata["error"] = "\(error)"
        }
        logger.log(level: current == .ready ? .notice : .error, "\(current.explanation)", metadata: metadata)
        for loop in loops { loop.post(.readiness(current)) }
    }
}

extension Readiness {
    init(_ health: LogHealth) {
        switch health {
        case .healthy: self = .ready
        case .full: self = .full
        case .closed: self = .logClosed
        case .damaged: self = .logDamaged
        }
    }
}
