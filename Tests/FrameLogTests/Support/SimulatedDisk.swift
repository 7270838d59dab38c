// A disk in memory that keeps what was synced and, when the power fails, any part of what was not: directory
// entries one by one, file content in sectors of 512 octets. Every operation is counted, and can be made to
// fail or to be the last.
import Bytes
import FrameLog
import Posix
import Synchronization

/// The numbers that a seed gives, the same on every machine (SplitMix64).
struct SeededGenerator: RandomNumberGenerator, Sendable {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = (state ^ state >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }
}

final class SimulatedDisk: Sendable {
    static let sectorByteCount = 512

    enum Fault: Sendable, Equatable {
        /// The operation with that number fails, and may have done a part of its work.
        case failure(operation: Int, code: Int32)
        /// The power fails in the operation with that number.
        case crash(operation: Int)
    }

    struct Node: Sendable {
        /// What the system shows, and what is on the disk.
        var content: [UInt8] = []
        var durable: [UInt8] = []
        /// Sectors written since they were last on their way to the disk.
        var dirty: Set<Int> = []
        /// Whether a sync has failed, so that the two differ beyond what is dirty.
        var hasLost = false
    }

    /// A change to a folder's entries that is not on the disk for sure.
    struct Change: Sendable {
        let removed: String?
        let added: String?
        let node: Int
    }

    struct Folder: Sendable {
        var entries: [String: Int] = [:]
        var durable: [String: Int] = [:]
        var changes: [Change] = []
    }

    struct State: Sendable {
        var nodes: [Int: Node] = [:]
        var folders: [String: Folder] = [:]
        var nextNode = 0
        var operationCount = 0
        var faults: [Fault] = []
        var hasFired = false
        var isDown = false
        /// Handles of earlier lives of the machine or the process do nothing.
        var life = 0
        var byteCountMax: Int?
        var generator: SeededGenerator
    }

    let state: Mutex<State>

    init(seed: UInt64 = 1) { state = Mutex(State(generator: SeededGenerator(seed: seed))) }

    /// The operations done so far.
    var operationCount: Int { state.withLock { $0.operationCount } }
    /// Whether a fault has come to pass.
    var hasFired: Bool { state.withLock { $0.hasFired } }
    /// Whether the power has failed.
    var isDown: Bool { state.withLock { $0.isDown } }

    func arrange(_ faults: [Fault]) {
        state.withLock {
            $0.faults = faults
            $0.hasFired = false
        }
    }

    func limit(byteCount: Int?) { state.withLock { $0.byteCountMax = byteCount } }

    /// The power comes back: of what was not synced, any part is there.
    func restart() {
        state.withLock { state in
            state.isDown = false
            state.faults = []
            state.life += 1
            for path in state.folders.keys.sorted() {
                var folder = state.folders[path]!
                for change in folder.changes where Bool.random(using: &state.generator) {
                    if let removed = change.removed { folder.durable[removed] = nil }
                    if let added = change.added { folder.durable[added] = change.node }
                }
                folder.entries = folder.durable
                folder.changes = []
                state.folders[path] = folder
            }
            for number in state.nodes.keys.sorted() {
                var node = state.nodes[number]!
                for sector in node.dirty.sorted() where Bool.random(using: &state.generator) {
                    node.keep(sector)
                }
                node.dirty = []
                node.hasLost = false
                node.content = node.durable
                state.nodes[number] = node
            }
        }
    }

    /// The process ends and another begins; the system keeps what it has in memory.
    func restartProcess() { state.withLock { $0.life += 1 } }

    /// Turns one bit of what is on the disk over.
    func flip(bit: Int, of path: String) {
        change(path) { content in content[bit / 8] ^= 1 << UInt8(bit % 8) }
    }

    /// Changes what is on the disk, and what the system shows.
    func change(_ path: String, _ body: (inout [UInt8]) -> Void) {
        state.withLock { state in
            let number = state.number(of: path)!
            body(&state.nodes[number]!.durable)
            state.nodes[number]!.content = state.nodes[number]!.durable
        }
    }

    /// What the system shows of a file.
    func octets(of path: String) -> [UInt8]? {
        state.withLock { state in state.number(of: path).map { state.nodes[$0]!.content } }
    }

    /// The files of a folder, in order.
    func names(in path: String) -> [String] {
        state.withLock { $0.folders[path, default: Folder()].entries.keys.sorted() }
    }

    /// Runs an operation, or what is left of it where it is made to fail.
    func perform<Result>(
        _ call: String, _ path: String, life: Int?, _ body: (inout State) -> Result,
        partially: (inout State) -> Void = { _ in }
    ) throws(SystemError) -> Result {
        let outcome: Swift.Result<Result, SystemError> = state.withLock { state in
            if state.isDown || life != nil && life != state.life {
                return .failure(SystemError(call: call, subject: path, code: 5))
            }
            state.operationCount += 1
            for fault in state.faults {
                switch fault {
                case .failure(state.operationCount, let code):
                    state.hasFired = true
                    partially(&state)
                    return .failure(SystemError(call: call, subject: path, code: code))
                case .crash(state.operationCount):
                    state.hasFired = true
                    _ = body(&state)
                    state.isDown = true
                    return .failure(SystemError(call: call, subject: path, code: 5))
                default: continue
                }
            }
            return .success(body(&state))
        }
        return try outcome.get()
    }
}

extension SimulatedDisk.Node {
    /// A sector reaches the disk.
    mutating func keep(_ sector: Int) {
        let start = sector * SimulatedDisk.sectorByteCount
        let end = min(start + SimulatedDisk.sectorByteCount, content.count)
        if start >= end { return }
        durable.overwrite(at: start, with: content, start..<end)
    }

    mutating func write(_ octets: [UInt8], _ range: Range<Int>, at position: Int) {
        if range.isEmpty { return }
        content.overwrite(at: position, with: octets, range)
        let last = (position + range.count - 1) / SimulatedDisk.sectorByteCount
        for sector in position / SimulatedDisk.sectorByteCount...last { dirty.insert(sector) }
    }

    mutating func sync() {
        if hasLost {
            for sector in dirty { keep(sector) }
        } else {
            durable = content
        }
        dirty = []
    }

    /// Some of it reaches the disk, and the system takes all of it for written (fsync(2)).
    mutating func failToSync(_ generator: inout SeededGenerator) {
        for sector in dirty.sorted() where Bool.random(using: &generator) { keep(sector) }
        hasLost = true
        dirty = []
    }
}

extension [UInt8] {
    /// Puts a part of `octets` at `position`, with zeros before it where the array ends earlier. It moves
    /// memory, since the tests run without optimisation.
    fileprivate mutating func overwrite(at position: Int, with octets: [UInt8], _ range: Range<Int>) {
        let end = position + range.count
        if count < end { self += [UInt8](repeating: 0, count: end - count) }
        // SAFETY: both regions hold the range, and an array's memory is its own.
        unsafe withUnsafeMutableBufferPointer { target in
            unsafe octets.withUnsafeBufferPointer { source in
                unsafe (target.baseAddress! + position).update(
                    from: source.baseAddress! + range.lowerBound, count: range.count)
            }
        }
    }
}

extension SimulatedDisk.State {
    func number(of path: String) -> Int? {
        guard let slash = path.lastIndex(of: "/") else { return nil }
        return folders[String(path[..<slash])]?.entries[String(path[path.index(after: slash)...])]
    }

    /// Octets of all files that have a name.
    var byteCount: Int {
        folders.values.reduce(0) { $0 + $1.entries.values.reduce(0) { $0 + nodes[$1]!.content.count } }
    }

    mutating func change(_ path: String, _ change: SimulatedDisk.Change) {
        if let removed = change.removed { folders[path]!.entries[removed] = nil }
        if let added = change.added { folders[path]!.entries[added] = change.node }
        folders[path]!.changes.append(change)
    }
}
