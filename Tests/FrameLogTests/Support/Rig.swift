// A log, its windows and its store on a simulated disk, driven by numbered items, with an account of what was
// promised.
import Bytes
import FrameLog
import Posix
import SimulatedStorage
import Testing
import TimeFrame

/// What was promised for an item.
enum Promise: Equatable {
    case none
    case accepted(frame: UInt64)
    case refused
}

final class Rig {
    let disk: SimulatedDisk
    var settings = FrameLogSettings()
    var retention = Retention()
    var order = MetadataOrder.typeFirst
    private(set) var store: SimulatedStore!
    private(set) var ingest: Ingest<SimulatedStorage>!
    private var checker: SimulatedChecker!
    var now: UInt64 = 1_000_000
    /// What was promised for each item that was sent, by its number.
    private(set) var promises: [Int: Promise] = [:]
    /// Every frame that clients could read, the first time they could.
    private(set) var published: [UInt64: [UInt8]] = [:]
    /// Windows that wait to be stored, oldest first.
    private(set) var waiting: [SealedWindow<SimulatedStorage>] = []
    private(set) var lastOutcomes: [ItemOutcome] = []
    private var lastCommit: UInt64 = 0
    /// The log as it was opened last gave these warnings.
    var warnings: [String] { ingest.warnings + store.warnings }

    convenience init(seed: UInt64 = 1) { self.init(SimulatedDisk(seed: seed)) }

    init(_ disk: SimulatedDisk) {
        self.disk = disk
        settings.frameDurationMilliseconds = 1_000
        settings.segmentByteCount = 16 << 10
        settings.itemByteCountMax = 4 << 10
    }

    /// The same server, with the same promises to keep, on a copy of the disk.
    func twin() -> Rig {
        let twin = Rig(disk.copy())
        twin.settings = settings
        twin.retention = retention
        twin.order = order
        twin.now = now
        twin.promises = promises
        twin.published = published
        return twin
    }

    func open() throws {
        waiting = []
        let volume = SimulatedStorage(disk)
        store = try SimulatedStore(
            opening: volume, retention: retention, latenessMilliseconds: settings.latenessMilliseconds,
            order: order)
        checker = store.checker(RunDecoding.self)
        // Whoever asks can have them from now on.
        for (start, octets) in try storedOctets() where published[start] == nil { published[start] = octets }
        ingest = try Ingest(
            opening: volume, settings: settings, now: now, storedThrough: store.storedThrough,
            keys: store.keys, salt: now | 1)
        commit([])
    }

    /// Sends items, each with its number in its data, and keeps account of what is promised.
    @discardableResult
    func post(
        _ numbers: [Int], channel: (Int) -> String = { "channel-\($0 % 3)" }, type: String = "text",
        timestamp: ItemTimestamp? = nil, padding: Int = 0
    ) -> [ItemVerdict] {
        var batch = ItemBatch()
        for number in numbers {
            promise(number)
            let data = Array("\(number)".utf8) + [UInt8](repeating: 32, count: padding)
            batch.append(
                channelID: Array(channel(number).utf8).span, channelType: Array(type.utf8).span,
                timestamp: timestamp ?? .server(now), data: data.span, ticket: UInt64(number))
        }
        commit([batch])
        return lastOutcomes.map(\.verdict)
    }

    /// An item is on its way, and nothing is promised of it yet.
    func promise(_ number: Int) { promises[number] = Promise.none }

    func commit(_ batches: [ItemBatch]) {
        var batches = batches
        // Whoever sends has heard of everything.
        for place in batches.indices { batches[place].begin(loop: 0, heardOfCommit: lastCommit) }
        let sealed = ingest.commit(&batches, now: now)
        lastCommit = batches.last?.decidedInCommit ?? lastCommit
        lastOutcomes = batches.flatMap(\.outcomes)
        for outcome in lastOutcomes {
            switch outcome.verdict {
            case .accepted(let frame): promises[Int(outcome.ticket)] = .accepted(frame: frame)
            case .inDoubt: promises[Int(outcome.ticket)] = Promise.none
            default: promises[Int(outcome.ticket)] = .refused
            }
        }
        waiting += sealed
        storeWaiting()
    }

    /// Stores what waits, as far as the disk goes along.
    func storeWaiting() {
        while let window = waiting.first {
            guard let frame = try? store.store(window) else { return }
            waiting.removeFirst()
            ingest.stored(windowStart: window.start)
            if let octets = disk.octets(of: "data/frames/" + name(of: frame)) {
                if let before = published[frame.startTimestamp] {
                    #expect(before == octets, "frame \(frame.startTimestamp) has two contents")
                }
                published[frame.startTimestamp] = octets
            }
            _ = try? store.compress(frame)
            _ = try? store.retire(now: now)
            store.removeRetired()
        }
    }

    /// Checks one of the frames that were found, and breaks that off where the caller says so.
    func checkNext(isCancelled: Bool = false) -> FrameCheck { checker.checkNext(unless: { isCancelled }) }

    func name(of frame: StoredFrame) -> String {
        let digest = frame.digest
        return "\(frame.startTimestamp)-\(Hex.text(digest.span)).frame"
    }

    /// Lets time pass, and the windows with it.
    func pass(milliseconds: UInt64) {
        let end = now + milliseconds
        while let next = ingest.nextSealAt, next <= end {
            now = max(now, next)
            let before = ingest.nextSealAt
            commit([])
            if ingest.nextSealAt == before { break }
        }
        now = end
    }
}
