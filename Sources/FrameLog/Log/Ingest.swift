/// The log and the windows it fills: takes items in, makes them durable, and hands out the windows that have
/// ended.
///
/// Used by one thread, the writer; `stock` by any one other. Call `commit` once right after opening, without
/// items: it brings the windows up to the present.
///
/// **What is promised.** An item whose outcome is `accepted` is on the disk and will be in exactly one frame,
/// after any crash: the frame named, whose seal stands behind it in the log. One that is refused is in no
/// frame. One that is `inDoubt`, or whose commit did not return, is in one frame or in none. Behind an item
/// that was refused with `noSpace` or `windowFull` no item of its upload is taken (`StoppedUploads`).
package final class Ingest<Volume: Storage> {
    /// How long a full disk is left alone before it is tried again: long enough that the tries cost nothing,
    /// and shorter than anyone waits.
    static var fullRetryMilliseconds: UInt64 { 200 }

    /// As they were given.
    package let settings: FrameLogSettings
    /// What was dropped when the log was opened, a line each.
    package let warnings: [String]
    /// Where the frame clock has been before: it is never to read less (`FrameClock.init(floor:)`).
    package let clockFloor: UInt64
    /// Empty segments in advance: `refill` it on another thread when it `isLow`, or a commit does that work.
    package let stock: SegmentStock<Volume>
    /// Whether items are taken now.
    package private(set) var health = LogHealth.healthy

    private var log: FileLog<Volume>
    private var intake: Intake
    private var clock: FrameClock
    private var storedThrough: UInt64
    /// Windows sealed and not known to be stored, oldest first, with the first segment that each needs.
    private var unstored: [(start: UInt64, segment: UInt32)] = []
    /// Windows that the next commit hands out.
    private var sealed: [SealedWindow<Volume>] = []
    /// Whether the windows have been brought up to the present since the log was opened.
    private var isStarted = false
    /// When a full disk is tried again.
    private var retryAt: UInt64 = 0

    /// Opens the folder `log` of a data directory and reads what it holds.
    ///
    /// - Parameters:
    ///   - now: the system's clock, milliseconds since the UNIX epoch.
    ///   - storedThrough: `FrameStore.storedThrough`: windows that start before it are not handed out again.
    ///   - keys: `FrameStore.keys`: what the log may have forgotten.
    ///   - salt: tells this run's segments from others' octets, so that no item can pass for the log's own
    ///     records.
    /// - Throws: `SystemError` of the disk; `FrameLogError` where the log is damaged other than at its end,
    ///   where the settings can't be met, or where the log holds open windows of another length.
    package init(
        opening volume: Volume, settings: FrameLogSettings, now: UInt64, storedThrough: UInt64?,
        keys: StoredKeys = StoredKeys(), salt: UInt64 = .random(in: 1 ... .max)
    ) throws {
        try settings.check(path: volume.path)
        let folder = try volume.folder("log")
        let recovery = try LogRecovery(folder, storedThrough: storedThrough ?? 0, keys: keys)
        let floor = max(recovery.clock, recovery.assembler.watermark, storedThrough ?? 0)
        try Self.checkDuration(recovery.assembler, settings, now: max(now, floor), path: folder.path)
        self.settings = settings
        self.storedThrough = storedThrough ?? 0
        warnings = recovery.warnings
        clockFloor = floor
        clock = FrameClock(floor: floor)
        stock = SegmentStock(folder, segmentByteCount: settings.segmentByteCount)
        log = FileLog(
            folder, stock: stock, settings: settings, salt: salt, segments: recovery.segments,
            tail: recovery.tail)
        intake = Intake(assembler: recovery.assembler, settings: settings)
        for (window, segment) in recovery.sealed { handOut(window, sealSegment: segment) }
    }

    private static func checkDuration(
        _ assembler: Assembler, _ settings: FrameLogSettings, now: UInt64, path: String
    ) throws {
        if assembler.duration == settings.frameDurationMilliseconds { return }
        let open = assembler.windows.filter { $0.end + settings.latenessMilliseconds > now }
        guard let latest = open.last else { return }
        let itemCount = open.reduce(0) { $0 + $1.references.count }
        throw FrameLogError(
            reason: .windowsOpen, path: path, offset: nil,
            detail: """
                the log holds \(itemCount) items in open windows of \(assembler.duration) ms, and \
                --frame-duration is \(settings.frameDurationMilliseconds) ms: start with \
                \(assembler.duration)ms until they are sealed, or start \
                \(latest.end + settings.latenessMilliseconds - now) ms later
                """)
    }

    /// When `commit` is to be called next, be it without items, so that windows end in time: milliseconds
    /// since the UNIX epoch; nil while no window has to end.
    package var nextSealAt: UInt64? {
        if isClosed { return nil }
        if !isStarted || !isHealthy { return retryAt }
        let end =
            settings.skipsEmptyFrames
            ? intake.assembler.windows.first?.end : intake.assembler.watermark + intake.assembler.duration
        guard let end else { return nil }
        return end + settings.latenessMilliseconds
    }

    /// What the disk took to sync the log's groups, so far.
    package var syncing: SyncTime { log.syncing }

    /// Items in windows that are not sealed.
    package var openItemCount: UInt64 {
        intake.assembler.windows.reduce(0) { $0 + UInt64($1.references.count) }
    }
    /// Octets of those items.
    package var openByteCount: UInt64 { intake.assembler.windows.reduce(0) { $0 + $1.payloadByteCount } }

    /// Takes all items of `batches`, returns once those accepted are durable, and fills in each batch's
    /// `outcomes`.
    ///
    /// - Parameter now: the system's clock, read after the batches were taken.
    /// - Returns: the windows that ended, oldest first, to be stored in this order.
    package func commit(_ batches: inout [ItemBatch], now: UInt64) -> [SealedWindow<Volume>] {
        var latest = now
        for place in batches.indices { latest = max(latest, batches[place].latestServerTimestamp) }
        intake.begin(&batches)
        let now = clock.reading(latest)
        recover(now: now)
        if !isClosed && (!isStarted || intake.isGap(at: now)) { isStarted = wakeUp(&batches, now: now) }
        if isStarted && isHealthy { take(&batches, now: now) }
        // Windows end also while the disk is full: their seals have room of their own.
        if isStarted && !isClosed { sealDue(&batches, now: now) }
        if flush(&batches, now: now) { trim() }
        for place in batches.indices { intake.refuseRest(of: &batches[place], refusal) }
        intake.finish(now: now)
        defer { sealed = [] }
        return sealed
    }

    /// Says that the frame of the sealed window that starts at `windowStart`, and all before it, are durably
    /// in the store, or are not to be stored: what the log keeps for them alone is removed.
    package func stored(windowStart: UInt64) {
        unstored.removeAll { $0.start <= windowStart }
        storedThrough = max(storedThrough, windowStart + 1)
        trim()
    }

    /// Takes no more items, since a sealed window is damaged and can't be stored: frames are stored in order,
    /// so the log would keep all that comes behind it until the disk is full, and a restart would refuse it.
    package func close(_ error: FrameLogError) {
        if !isClosed { health = .damaged(error) }
    }

    private var isHealthy: Bool {
        if case .healthy = health { return true }
        return false
    }

    private var isClosed: Bool {
        switch health {
        case .healthy, .full: false
        case .closed, .damaged: true
        }
    }

    /// Looks, from time to time, whether a full disk has room for a segment again.
    private func recover(now: UInt64) {
        if isHealthy || isClosed || now < retryAt { return }
        if rotate(now: now) { health = .healthy }
    }

    /// Plans the items of all batches, writing whenever a group is full.
    private func take(_ batches: inout [ItemBatch], now: UInt64) {
        for number in batches.indices {
            var next = 0
            while !intake.take(
                from: &batches[number], at: number, next: &next, room: log.room(forSeals: false), now: now)
            {
                if !flush(&batches, now: now) || !rotate(now: now) { return }
            }
        }
    }

    /// Seals what ended while nobody looked, without frames for windows without items, and lets windows go on
    /// from now.
    private func wakeUp(_ batches: inout [ItemBatch], now: UInt64) -> Bool {
        var watermark = intake.assembler.watermark
        for window in intake.windowsDue(at: now, skippingEmpty: true) {
            if !makeRoomForSeal(&batches, now: now) { return false }
            intake.plan(sealOf: window)
            watermark = window.upperBound
        }
        let resume = intake.resumption(at: now, storedThrough: storedThrough, behind: watermark)
        guard let resume else { return flush(&batches, now: now) }
        if !makeRoomForSeal(&batches, now: now) { return false }
        intake.plan(resume)
        return flush(&batches, now: now)
    }

    private func sealDue(_ batches: inout [ItemBatch], now: UInt64) {
        for window in intake.windowsDue(at: now, skippingEmpty: settings.skipsEmptyFrames) {
            if !makeRoomForSeal(&batches, now: now) { return }
            intake.plan(sealOf: window)
        }
    }

    private func makeRoomForSeal(_ batches: inout [ItemBatch], now: UInt64) -> Bool {
        let byteCount = intake.plan.groupByteCount(with: Record.controlByteCount)
        if byteCount <= log.room(forSeals: true) { return true }
        return flush(&batches, now: now) && rotate(now: now)
    }

    /// Writes what is planned, and applies it. False where that failed, and the plan's items have been told
    /// so.
    private func flush(_ batches: inout [ItemBatch], now: UInt64) -> Bool {
        if intake.plan.isEmpty { return true }
        let (watermark, duration) = (intake.assembler.watermark, intake.assembler.duration)
        do throws(LogFailure) {
            let first = try intake.withPlan { (plan) throws(LogFailure) in
                try log.write(&plan, watermark: watermark, duration: duration, clock: now)
            }
            for window in intake.apply(at: first) { handOut(window, sealSegment: first.segment) }
            return true
        } catch {
            fail(error, now: now)
            intake.giveUp(error.isTakenBack ? refusal : .inDoubt, in: &batches)
            return false
        }
    }

    private func rotate(now: UInt64) -> Bool {
        do throws(LogFailure) {
            try log.rotate()
            return true
        } catch {
            fail(error, now: now)
            return false
        }
    }

    private func fail(_ failure: LogFailure, now: UInt64) {
        health = failure.mayRecover ? .full : .closed(failure.error)
        retryAt = now + Self.fullRetryMilliseconds
    }

    /// What an item hears that was not written.
    private var refusal: ItemVerdict {
        isClosed ? .logClosed : .noSpace
    }

    private func handOut(_ window: OpenWindow, sealSegment: UInt32) {
        let firstSegment = window.firstPosition?.segment ?? sealSegment
        unstored.append((window.start, firstSegment))
        sealed.append(SealedWindow(window, segments: log.segments.filter { $0.sequence >= firstSegment }))
    }

    /// Removes the segments that no window needs which is open or not stored.
    private func trim() {
        if isClosed { return }
        var floor = UInt32.max
        for window in intake.assembler.windows { floor = min(floor, window.firstPosition?.segment ?? floor) }
        for window in unstored { floor = min(floor, window.segment) }
        // A segment that can't be removed now is removed with the next ones, or at the next start.
        try? log.removeSegments(before: floor)
    }
}
