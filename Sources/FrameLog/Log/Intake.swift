import Bytes

/// Decides which items are taken, and plans the group that makes them durable. Pure: what to write goes out,
/// and what was written comes back.
struct Intake {
    var assembler: Assembler
    private(set) var plan = GroupPlan()
    /// Where the outcomes of claims stand that hold only if the plan is written.
    private var claims: [(batch: Int, entry: Int)] = []
    private var stopped = StoppedUploads()
    /// Counts commits, from 1 on.
    private(set) var commitNumber: UInt64 = 0
    private let rules: WindowRules
    private let settings: FrameLogSettings

    init(assembler: Assembler, settings: FrameLogSettings) {
        self.assembler = assembler
        self.settings = settings
        rules = WindowRules(
            duration: settings.frameDurationMilliseconds, lateness: settings.latenessMilliseconds)
    }

    /// A commit of these batches begins.
    mutating func begin(_ batches: inout [ItemBatch]) {
        commitNumber += 1
        for place in batches.indices {
            batches[place].outcomes.removeAll(keepingCapacity: true)
            batches[place].decidedInCommit = commitNumber
        }
    }

    /// Plans the items of `batch`, the one at `number` in its commit, from its `next`th on, and gives each an
    /// outcome that holds once the plan is written. Stops before an item for which a group with `room` octets
    /// has no more room.
    ///
    /// Returns whether all items are planned or refused.
    mutating func take(
        from batch: inout ItemBatch, at number: Int, next: inout Int, room: Int, now: UInt64
    ) -> Bool {
        // Not sooner: the batches before it were begun before their loop had heard as much.
        if next == 0 { stopped.forget(of: batch.loop, through: batch.heardOfCommit) }
        while next < batch.entries.count {
            let entry = batch.entries[next]
            precondition(
                GroupHeader.byteCount + Int(entry.byteCount)
                    <= GroupPlan.roomMax(segmentByteCount: settings.segmentByteCount),
                "an item is longer than the settings allow")
            if plan.groupByteCount(with: Int(entry.byteCount)) > room { return false }
            let verdict = admit(entry, of: batch, at: (number, next), now: now)
            batch.outcomes.append(ItemOutcome(ticket: entry.ticket, verdict: verdict))
            next += 1
        }
        return true
    }

    private mutating func admit(
        _ entry: ItemBatch.Entry, of batch: borrowing ItemBatch, at place: (batch: Int, entry: Int),
        now: UInt64
    ) -> ItemVerdict {
        if let verdict = stopped.verdict(of: entry.ticket, from: batch.loop) { return verdict }
        switch entry.kind {
        case .item: break
        case .claim: return claim(batch.places[Int(entry.placeIndex)].key, at: place, now: now)
        case .end:
            assembler.keys.end(batch.places[Int(entry.placeIndex)])
            return .ended
        }
        if entry.isKeyed && !assembler.keys.isGood(batch.places[Int(entry.placeIndex)]) { return .superseded }
        if !entry.isServerStamped,
            let refusal = rules.refusal(of: entry.timestamp, at: now, watermark: assembler.watermark)
        {
            return refusal
        }
        let admission = assembler.admit(
            id: batch.records.span.extracting(entry.idRange),
            type: batch.records.span.extracting(entry.typeRange),
            timestamp: entry.timestamp, channelsMax: settings.channelsMax, itemsMax: settings.itemsMax)
        switch admission {
        case .slot(let slot):
            plan.add(entry, of: batch, at: place, slot: slot)
            if entry.isKeyed { assembler.note(batch.places[Int(entry.placeIndex)], in: slot) }
            return .accepted(frame: slot.windowStart)
        case .typeConflict(let type): return .typeConflict(type: type)
        case .full(let end):
            stopped.stop(entry.ticket, from: batch.loop, .windowFull(end: end), in: commitNumber)
            return .windowFull(end: end)
        }
    }

    private mutating func claim(
        _ key: UploadKey, at place: (batch: Int, entry: Int), now: UInt64
    ) -> ItemVerdict {
        let claim = assembler.keys.claim(
            key, now: now, countMax: settings.keysMax, ownerCountMax: settings.keysPerOwnerMax)
        guard let claim else { return .keysFull }
        claims.append(place)
        return .claimed(claim)
    }

    /// The windows that have ended at `now`, oldest first: those with items, and those without that give a
    /// frame.
    func windowsDue(at now: UInt64, skippingEmpty: Bool) -> [Range<UInt64>] {
        if skippingEmpty {
            return assembler.windows.prefix { isDue($0.end, at: now) }.map { $0.start..<$0.end }
        }
        var due: [Range<UInt64>] = []
        var start = assembler.watermark
        while isDue(start + assembler.duration, at: now) {
            due.append(start..<start + assembler.duration)
            start += assembler.duration
        }
        return due
    }

    func isDue(_ end: UInt64, at now: UInt64) -> Bool { end + settings.latenessMilliseconds <= now }

    /// Whether so many windows passed unseen that those without items give no frame.
    func isGap(at now: UInt64) -> Bool { rules.isGap(from: assembler.watermark, to: now) }

    /// Where windows are to go on at `now`, once those due are sealed, after a start or a gap; nil where they
    /// do already.
    func resumption(at now: UInt64, storedThrough: UInt64, behind watermark: UInt64) -> GroupPlan.Resume? {
        let duration = rules.duration
        let earliest = max(rules.oldestOpen(at: now), watermark, storedThrough)
        let start = (earliest + duration - 1) / duration * duration
        if start == watermark && duration == assembler.duration { return nil }
        return GroupPlan.Resume(start: start, duration: duration)
    }

    mutating func plan(sealOf window: Range<UInt64>) { plan.addSeal(window) }
    mutating func plan(_ resume: GroupPlan.Resume) { plan.addResume(resume) }

    /// Writes what is planned through `write`, which gets the octets' pieces behind the group's header.
    mutating func withPlan<Result, Failure: Error>(
        _ write: (inout GroupPlan) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try write(&plan)
    }

    /// Applies the plan, whose first record is durable at `first`, and returns the windows that it seals.
    mutating func apply(at first: LogPosition) -> [OpenWindow] {
        for item in plan.items {
            assembler.apply(
                item.slot, position: LogPosition(segment: first.segment, offset: first.offset + item.offset),
                byteCount: Int(item.byteCount), payloadByteCount: Int(item.payloadByteCount))
        }
        var sealed: [OpenWindow] = []
        for window in plan.seals {
            sealed.append(assembler.seal(start: window.lowerBound, end: window.upperBound))
        }
        if let resume = plan.resume { assembler.resume(from: resume.start, duration: resume.duration) }
        assembler.keys.commit()
        plan.removeAll()
        claims.removeAll(keepingCapacity: true)
        return sealed
    }

    /// Gives up the plan, which could not be written, and its items `verdict`.
    mutating func giveUp(_ verdict: ItemVerdict, in batches: inout [ItemBatch]) {
        for place in plan.items.map({ (batch: Int($0.batch), entry: Int($0.entry)) }) + claims {
            let ticket = batches[place.batch].outcomes[place.entry].ticket
            batches[place.batch].outcomes[place.entry] = ItemOutcome(ticket: ticket, verdict: verdict)
            stopped.stop(ticket, from: batches[place.batch].loop, verdict, in: commitNumber)
        }
        plan.removeAll()
        claims.removeAll()
        assembler.rollBack()
    }

    /// Refuses the items that no outcome has come for.
    mutating func refuseRest(of batch: inout ItemBatch, _ verdict: ItemVerdict) {
        while batch.outcomes.count < batch.entries.count {
            let ticket = batch.entries[batch.outcomes.count].ticket
            batch.outcomes.append(ItemOutcome(ticket: ticket, verdict: verdict))
            stopped.stop(ticket, from: batch.loop, verdict, in: commitNumber)
        }
    }

    /// A commit is over: claims and ends of uploads without items in it stand.
    mutating func finish(now: UInt64) {
        claims.removeAll(keepingCapacity: true)
        assembler.keys.commit()
        assembler.keys.expire(now: now, lateness: settings.latenessMilliseconds)
    }
}
