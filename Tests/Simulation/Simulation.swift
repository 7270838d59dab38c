// A server on a simulated disk, with a simulated clock and simulated clients. One seed decides everything
// that happens.
import Foundation
import FrameLog
import Posix
import SeededGenerator
import SimulatedStorage

@testable import Server

/// One run: the world that a seed makes, and the rules that must hold in it.
final class Simulation {
    /// How many things happen in a run before it is brought to its end.
    static let stepsMax = 400

    let seed: UInt64
    var random: SeededGenerator
    let disk: SimulatedDisk
    var settings = FrameLogSettings()
    var retention = Retention()
    var account = Account()

    /// The system's clock, milliseconds since the UNIX epoch: it may jump.
    var wall: UInt64 = 1_732_310_405_250
    /// The latest time that any frame clock has shown.
    var latest: UInt64 = 0

    // The server, as long as its process lives.
    var ingest: Ingest<SimulatedStorage>!
    var store: SimulatedStore!
    var loops: [SimulatedLoop] = []
    var writer = SimulatedWriter()
    var sealer = SimulatedSealer()
    var readiness = Readiness.ready

    /// Segments of the log as the system showed them last, also those that were removed since.
    var archive: [String: [UInt8]] = [:]
    /// Frames that retention has given up for sure.
    var retired: Set<UInt64> = []
    /// What was synced was changed: the run ends with the next start.
    var isDamaged = false
    var isOver = false

    private(set) var step = 0
    /// What happened, of which a failing run shows the end.
    private(set) var events: [String] = []
    /// Differs where anything that happened differs.
    private(set) var fingerprint: UInt64 = 0
    var counts = SimulationCounts()
    let isTraced: Bool
    /// Of a hundred steps, so many prepare a fault.
    private let faultPercent: Int
    private var postingCount = 0
    private var keyCount = 0

    init(seed: UInt64, isTraced: Bool = false) {
        self.seed = seed
        random = SeededGenerator(seed: seed)
        self.isTraced = isTraced
        disk = SimulatedDisk(seed: random.next())
        faultPercent = [0, 1, 2, 5].randomElement(using: &random)!
        settings.frameDurationMilliseconds = [100, 1_000, 2_000].randomElement(using: &random)!
        settings.latenessMilliseconds =
            settings.frameDurationMilliseconds * [0, 0, 1, 3].randomElement(using: &random)! / 2
        settings.skipsEmptyFrames = random.chance(1, in: 3)
        settings.durability = random.chance(1, in: 10) ? .memory : .disk
        settings.itemByteCountMax = Posting.itemByteCountMax
        if random.chance(1, in: 5) { settings.itemsMax = 12 }
        settings.segmentByteCount = [4 << 10, 8 << 10, 16 << 10].randomElement(using: &random)!
        retention.framesMax = [2, 10, 360].randomElement(using: &random)!
    }

    /// Does everything that the seed says, and checks what must hold.
    func run() throws {
        try start()
        while step < Self.stepsMax && !isOver {
            step += 1
            try happen()
            if disk.isDown && !isOver { try restart() }
            mix(UInt64(disk.operationCount), wall, UInt64(account.frames.count))
        }
        step += 1
        if !isOver { try finish() }
    }

    func note(_ event: @autoclosure () -> String) {
        let text = "step \(step): \(event())"
        events.append(text)
        if isTraced { Self.tell("seed \(seed), \(text)") }
        for octet in text.utf8 { mix(UInt64(octet)) }
    }

    /// Says something at once, so that it stands there also where the next step is a trap.
    static func tell(_ line: String) { FileHandle.standardError.write(Data((line + "\n").utf8)) }

    private func mix(_ numbers: UInt64...) {
        for number in numbers { fingerprint = (fingerprint ^ number) &* 0x100_0000_01B3 }
    }

    /// One thing happens, most often something that keeps the server busy.
    private func happen() throws {
        if Int.random(in: 0..<100, using: &random) < faultPercent { return try misfortune() }
        // Somebody sees that nothing is taken any more.
        if readiness == .logClosed && random.chance(1, in: 12) { return try restart() }
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<8: try beginPosting()
        case 8..<36: try sendSome()
        case 36..<40: try postAgain()
        case 40..<55: handOver(of: loops.indices.randomElement(using: &random)!)
        case 55..<69: try commit()
        case 69..<84: try deliver()
        case 84..<92: try seal()
        case 92..<98: passTime()
        case 98: abandonConnection()
        default: jump()
        }
    }

    /// Something is broken, or is going to be.
    private func misfortune() throws {
        switch Int.random(in: 0..<20, using: &random) {
        case 0..<3: try restart()
        case 3..<6: limitDisk()
        case 6: damage()
        default: try fail()
        }
    }

    /// A client has something new to send.
    private func beginPosting() throws {
        postingCount += 1
        var key: PostedKey?
        if random.chance(1, in: 2) {
            let known = account.postings.compactMap(\.key)
            if random.chance(1, in: 12), let other = known.randomElement(using: &random) {
                // Another body under a key that is in use.
                key = other
            } else {
                keyCount += 1
                key = PostedKey("key-\(keyCount)")
            }
        }
        let posting = Posting(
            postingCount, now: wall, duration: settings.frameDurationMilliseconds, key: key, from: &random)
        account.add(posting)
        counts.postings += 1
        counts.items += posting.items.count
        try connect(posting)
    }

    /// A client sends again what it has no answer to; with a key also beside an earlier try, or although it
    /// has one.
    private func postAgain() throws {
        let isIdle = { (posting: Posting) in !self.loops.contains { $0.isBusy(with: posting) } }
        let isUrgent = random.chance(1, in: 2)
        let candidates = account.postings.suffix(40).filter { posting in
            isUrgent
                ? posting.isPutOff && isIdle(posting)
                : posting.key == nil ? !posting.isAnswered && isIdle(posting) : true
        }
        guard let posting = candidates.randomElement(using: &random) else { return }
        counts.retries += 1
        try connect(posting)
    }

    /// Time goes on a little.
    private func passTime() {
        let duration = settings.frameDurationMilliseconds
        wall += random.chance(1, in: 3) ? duration : UInt64.random(in: 1...duration, using: &random)
        note("the clock says \(wall)")
    }

    /// The clock is set, or the machine slept.
    private func jump() {
        let duration = settings.frameDurationMilliseconds
        switch Int.random(in: 0..<6, using: &random) {
        case 0, 1: wall -= UInt64.random(in: 1...5 * duration, using: &random)
        case 2: wall += 61_000 + UInt64.random(in: 0...100_000, using: &random)
        case 3: wall += 310_000
        default: wall += UInt64.random(in: 1...8 * duration, using: &random)
        }
        counts.jumps += 1
        note("the clock jumps to \(wall)")
    }

    /// An operation of the disk will be the last of the machine or of the process, or fail, and some more
    /// behind it.
    private func fail() throws {
        // Half of them meet a commit.
        let isAimed = random.chance(1, in: 2)
        let operation = disk.operationCount + Int.random(in: 1...(isAimed ? 4 : 25), using: &random)
        let faults: [SimulatedDisk.Fault]
        switch Int.random(in: 0..<7, using: &random) {
        case 0...1 where settings.durability == .disk: faults = [.crash(operation: operation)]
        case 0...3: faults = [.kill(operation: operation)]
        default:
            let code: Int32 = random.chance(1, in: 2) ? 28 : 5
            let count = random.chance(1, in: 2) ? 1 : Int.random(in: 2...4, using: &random)
            faults = (0..<count).map { .failure(operation: operation + $0, code: code) }
        }
        disk.arrange(faults)
        note("to come: \(faults)")
        if !isAimed { return }
        for place in loops.indices { handOver(of: place) }
        try write()
    }

    /// The disk is full from now on, or has room again.
    private func limitDisk() {
        let isFull = random.chance(1, in: 2)
        disk.limit(byteCount: isFull ? disk.byteCount + Int.random(in: 0...2_000, using: &random) : nil)
        note(isFull ? "the disk is full" : "the disk has room")
    }

    /// A bit of what is on the disk turns over, and the process begins anew.
    private func damage() {
        let files = ["data/log", "data/keys", "data/frames"].flatMap { folder in
            disk.names(in: folder).filter { !$0.hasSuffix(".tmp") }.map { folder + "/" + $0 }
        }
        guard let path = files.randomElement(using: &random), let octets = disk.octets(of: path),
            let end = octets.lastIndex(where: { $0 != 0 })
        else { return }
        let bit = Int.random(in: 0..<(end + 1) * 8, using: &random)
        disk.restartProcess()
        disk.settle()
        disk.flip(bit: bit, of: path)
        isDamaged = true
        counts.flips += 1
        note("bit \(bit) of \(path) turns over")
        disk.halt()
    }
}
