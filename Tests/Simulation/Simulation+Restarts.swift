// Starts of the server, as often as it ends, and what must hold after each and at the end.
import FrameLog
import SimulatedStorage

@testable import Server

extension Simulation {
    /// The server ends, if it has not yet, and starts again: with the system's memory, or without.
    func restart() throws {
        let isPowerGone = settings.durability == .disk && random.chance(1, in: 2)
        if isPowerGone {
            counts.crashes += 1
            disk.restart()
        } else {
            counts.kills += 1
            disk.restartProcess()
        }
        note(isPowerGone ? "the power fails" : "the process is killed")
        loops = []
        writer = SimulatedWriter()
        sealer = SimulatedSealer()
        try start()
    }

    /// Opens what is on the disk, in spite of faults in the middle of it, and checks what is there.
    func start() throws {
        disk.arrange([])
        if random.chance(1, in: 4) && !isDamaged {
            let operation = disk.operationCount + Int.random(in: 1...30, using: &random)
            switch Int.random(in: 0..<3, using: &random) {
            case 0 where settings.durability == .disk: disk.arrange([.crash(operation: operation)])
            case 1: disk.arrange([.kill(operation: operation)])
            default: disk.arrange([.failure(operation: operation, code: 5)])
            }
        }
        do {
            try open()
        } catch {
            if isDamaged {
                counts.detectedFlips += 1
                isOver = true
                return note("the start is refused: \(error)")
            }
            if !disk.hasFired { throw Violation(description: "the start is refused: \(error)") }
            note("the start fails: \(error)")
            return try restart()
        }
        if disk.isDown { return try restart() }
        if isDamaged && !warnings.isEmpty {
            counts.detectedFlips += 1
            isOver = true
            return note("the start warns: \(warnings)")
        }
        if try isDamaged && isFrameRefused() {
            counts.detectedFlips += 1
            isOver = true
            return note("a frame is damaged, and is not served")
        }
        try checkStart()
        if isDamaged {
            // Nobody noticed, so nothing may be wrong.
            isOver = true
            try close()
        }
    }

    private var warnings: [String] { ingest.warnings + store.warnings }

    private func open() throws {
        let volume = SimulatedStorage(disk)
        store = try SimulatedStore(
            opening: volume, retention: retention, latenessMilliseconds: settings.latenessMilliseconds)
        ingest = try Ingest(
            opening: volume, settings: settings, now: wall, storedThrough: store.storedThrough,
            keys: store.keys, salt: random.next() | 1)
        let clock = FrameClock(floor: ingest.clockFloor)
        loops = [SimulatedLoop(0, clock: clock), SimulatedLoop(1, clock: clock)]
        writer = SimulatedWriter(clock: clock)
        sealer = SimulatedSealer(clock: clock)
        latest = max(latest, ingest.clockFloor)
        archiveSegments()
        // What was written behind the last group that is left never happened.
        let names = disk.names(in: "data/log").filter { $0.hasSuffix(".segment") }
        archive = archive.filter { $0.key <= names.last ?? "" }
        try write()
    }

    /// Whether the damage is found by a reader, or by the check of what the start has found.
    private func isFrameRefused() throws -> Bool {
        let catalog = FrameCatalog(files: store.frames, retired: store.retired)
        let isReadFirst = random.chance(1, in: 2)
        if isReadFirst, let frame = store.frames.randomElement(using: &random) {
            if try status(of: frame.startTimestamp, in: catalog) == 500 { return true }
        }
        let checker = store.checker(RunDecoding.self)
        var found: [String] = []
        while case .checked(let damage) = checker.checkNext(unless: { false }) { found += damage }
        // A gzip form that is damaged is not served, and the frame is.
        let isWhole = try store.frames.allSatisfy { try status(of: $0.startTimestamp, in: catalog) == 200 }
        return !isWhole || !found.isEmpty
    }

    private func checkStart() throws {
        if !store.warnings.isEmpty { throw Violation(description: "the store warns: \(store.warnings)") }
        for frame in store.frames {
            if retired.contains(frame.startTimestamp) {
                throw Violation(description: "frame \(frame.startTimestamp) was removed, and is back")
            }
            try see(frame)
        }
        for id in account.frames.keys.sorted() where store.frames.allSatisfy({ $0.startTimestamp != id }) {
            if !store.wasRetired(id: id) { throw Violation(description: "frame \(id) is gone") }
        }
        try account.checkPast(storedThrough: store.storedThrough ?? 0)
        note("started, with \(store.frames.count) frames")
        if random.chance(1, in: 4) { try replay() }
    }

    /// The disk gets well, and the server is started once more where it needs that, or the seed says so.
    func finish() throws {
        disk.limit(byteCount: nil)
        if random.chance(1, in: 2) { try restart() }
        // A start may meet the error that closes the log once more.
        while case .closed = ingest.health { try restart() }
        try close()
    }

    /// Everything that was promised comes to its end: all windows pass, and all frames are stored.
    private func close() throws {
        disk.limit(byteCount: nil)
        disk.arrange([])
        for place in loops.indices { handOver(of: place) }
        try write()
        for _ in 0..<16 { try deliver() }
        for _ in 0..<40 {
            wall = max(wall, latest) + settings.frameDurationMilliseconds
            try write()
            while true {
                let count = sealer.waiting.count
                try seal()
                if sealer.waiting.isEmpty || sealer.waiting.count == count { break }
            }
        }
        if disk.isDown || !sealer.waiting.isEmpty {
            throw Violation(description: "\(sealer.waiting.count) windows can't be stored on a good disk")
        }
        note("the end, with \(store.frames.count) frames")
        for frame in store.frames { try see(frame) }
        let catalog = FrameCatalog(files: store.frames, retired: store.retired)
        for id in account.frames.keys.sorted() { try read(id, in: catalog) }
        try account.checkEnd()
        try replay()
    }
}
