// The server's writer and sealer as the seed lets them run, over the real log and store.
import SimulatedStorage

@testable import FrameLog
@testable import Server

/// The thread that owns the log: what others have told it, and its clock.
struct SimulatedWriter {
    var clock = FrameClock()
    var handed: [HandedBatch] = []
    /// Windows that the sealer says are stored.
    var stored: [UInt64] = []
}

/// The thread that stores frames: what waits for it, and its clock.
struct SimulatedSealer {
    var clock = FrameClock()
    /// Windows that are not stored yet, oldest first.
    var waiting: [SealedWindow<SimulatedStorage>] = []
}

extension Simulation {
    /// The writer makes durable what all loops have handed over, several batches in one commit.
    func write() throws {
        for start in writer.stored { ingest.stored(windowStart: start) }
        writer.stored = []
        let handed = writer.handed
        writer.handed = []
        var batches = handed.map(\.batch)
        let now = writer.clock.reading(wall)
        latest = max(latest, now)
        let sealed = ingest.commit(&batches, now: now)
        archiveSegments()
        let count = batches.reduce(0) { $0 + $1.count }
        // A process that is gone tells nobody what became of it.
        if disk.isDown { return note("the server ends in a commit of \(count) entries") }
        for place in handed.indices {
            var decided = handed[place]
            decided.batch = batches[place]
            try learn(from: decided)
            loops[decided.loop].decided.append(decided)
        }
        expireKeys()
        sealer.waiting += sealed
        readiness = Readiness(ingest.health)
        if count > 0 || !sealed.isEmpty {
            note("a commit of \(count) entries, \(sealed.count) windows end, \(readiness)")
        }
    }

    /// The writer commits. Where the disk was full that may have taken so long that the next commit finds
    /// room, for what was sent before anyone has heard of it.
    func commit() throws {
        try write()
        if readiness != .full || !random.chance(1, in: 2) { return }
        wall += Ingest<SimulatedStorage>.fullRetryMilliseconds + 50
        try sendSome()
        for place in loops.indices { handOver(of: place) }
        try write()
    }

    /// What the log says of each item is a promise from now on.
    private func learn(from decided: HandedBatch) throws {
        let outcomes = decided.batch.outcomes
        if outcomes.count != decided.sendings.count {
            throw Violation(description: "\(decided.sendings.count) entries have \(outcomes.count) outcomes")
        }
        for (sending, outcome) in zip(decided.sendings, outcomes) {
            guard let sending else { continue }
            switch outcome.verdict {
            case .accepted(let frame):
                try account.checkAcceptance(in: frame)
                sending.state = .accepted(frame: frame)
            case .inDoubt: break
            case .claimed, .keysFull, .ended:
                throw Violation(description: "an item was decided on as if it were a claim")
            case .noSpace, .windowFull, .logClosed, .superseded: sending.state = .putOff
            default: sending.state = .refused
            }
        }
    }

    /// Notes which keys the server may forget by now.
    func expireKeys() {
        let now = max(latest, wall)
        for key in account.postings.compactMap(\.key) where key.goodUntil <= now { key.mayBeForgotten = true }
    }

    /// The sealer stores what waits, as far as the disk goes along, gives up old frames, and makes segments.
    func seal() throws {
        let now = sealer.clock.reading(wall)
        latest = max(latest, now)
        var storedCount = 0
        while let window = sealer.waiting.first, !disk.isDown {
            store.removeRetired()
            try retire(now: now)
            guard let frame = try? store.store(window) else { break }
            sealer.waiting.removeFirst()
            writer.stored.append(window.start)
            storedCount += 1
            try see(frame)
            try retire(now: now)
            if store.frames.last !== frame { continue }
            // Without its gzip form a frame is served as it is.
            _ = try? store.compress(frame)
            try retire(now: now)
            // The seed may leave the rest for later.
            if random.chance(1, in: 4) { break }
        }
        // A commit makes the segment that could not be made in advance.
        if ingest.stock.isLow && random.chance(1, in: 2) { try? ingest.stock.refill() }
        if storedCount > 0 || !sealer.waiting.isEmpty {
            note("\(storedCount) frames are stored, \(sealer.waiting.count) windows wait")
        }
    }

    private func retire(now: UInt64) throws {
        // What fails is tried again the next time.
        guard let gone = try? store.retire(now: now) else { return }
        for frame in gone { retired.insert(frame.startTimestamp) }
    }

    /// Looks at a frame that clients can read from now on.
    func see(_ frame: StoredFrame) throws {
        guard let octets = disk.octets(of: "data/frames/" + frame.name(isGzip: false)) else {
            throw Violation(description: "frame \(frame.startTimestamp) has no file")
        }
        var digest = MixedDigest()
        digest.update(octets.span)
        if digest.finish() != frame.digest {
            throw Violation(
                description: "frame \(frame.startTimestamp) has another digest than its name says")
        }
        if account.frames[frame.startTimestamp] == nil { counts.frames += 1 }
        try account.see(frame.startTimestamp, octets)
    }

    /// Keeps every segment as the system shows it, for the log to be read once more from its beginning.
    func archiveSegments() {
        for (path, octets) in disk.takeRemoved() where path.hasSuffix(".segment") {
            archive[String(path.dropFirst("data/log/".count))] = octets
        }
        for name in disk.names(in: "data/log") where name.hasSuffix(".segment") {
            archive[name] = disk.octets(of: "data/log/" + name)
        }
    }
}
