// A disk in memory that keeps what was synced and, when the power fails, any part of what was not: directory
// entries one by one, file content in sectors of 512 octets. Every operation is counted, and can be made to
// fail or to be the last.
import Posix
import SeededGenerator
import Synchronization

package final class SimulatedDisk: Sendable {
    static let sectorByteCount = 512

    package enum Fault: Sendable, Equatable {
        /// The operation with that number fails, and may have done a part of its work.
        case failure(operation: Int, code: Int32)
        /// A call of one kind fails.
        case call(CallFault)
        /// Every operation from the one with that number on fails with EIO.
        case outage(operation: Int)
        /// The power fails in the operation with that number.
        case crash(operation: Int)
        /// The process is killed in the operation with that number, of which a part may be done.
        case kill(operation: Int)
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
        /// Calls of each kind since faults were arranged.
        var callCounts: [DiskCall: Int] = [:]
        var faults: [Fault] = []
        var hasFired = false
        var isDown = false
        /// Handles of earlier lives of the machine or the process do nothing.
        var life = 0
        var byteCountMax: Int?
        /// What files held that were removed, by path.
        var removed: [String: [UInt8]] = [:]
        var generator: SeededGenerator
    }

    let state: Mutex<State>

    package init(seed: UInt64 = 1) { state = Mutex(State(generator: SeededGenerator(seed: seed))) }

    private init(_ state: State) { self.state = Mutex(state) }

    /// Another disk with the same on it, in the same state.
    package func copy() -> SimulatedDisk { SimulatedDisk(state.withLock { $0 }) }

    /// The operations done so far.
    package var operationCount: Int { state.withLock { $0.operationCount } }
    /// Octets of all files that have a name.
    package var byteCount: Int { state.withLock { $0.byteCount } }
    /// Whether a fault has come to pass.
    package var hasFired: Bool { state.withLock { $0.hasFired } }
    /// Whether the power has failed, or the process was killed.
    package var isDown: Bool { state.withLock { $0.isDown } }

    package func arrange(_ faults: [Fault]) {
        state.withLock {
            $0.faults = faults
            $0.callCounts = [:]
            $0.hasFired = false
        }
    }

    package func limit(byteCount: Int?) { state.withLock { $0.byteCountMax = byteCount } }

    /// The power comes back: of what was not synced, any part is there.
    package func restart() {
        state.withLock { state in
            state.isDown = false
            state.life += 1
            // Of all that was on its way, or next to nothing, or half.
            let survivors = UInt64.random(in: 0...8, using: &state.generator)
            for path in state.folders.keys.sorted() {
                var folder = state.folders[path]!
                for change in folder.changes where state.survives(survivors) {
                    if let removed = change.removed { folder.durable[removed] = nil }
                    if let added = change.added { folder.durable[added] = change.node }
                }
                folder.entries = folder.durable
                folder.changes = []
                state.folders[path] = folder
            }
            for number in state.nodes.keys.sorted() {
                var node = state.nodes[number]!
                for sector in node.dirty.sorted() where state.survives(survivors) { node.keep(sector) }
                node.dirty = []
                node.hasLost = false
                node.content = node.durable
                state.nodes[number] = node
            }
        }
    }

    /// The process ends and another begins; the system keeps what it has in memory.
    package func restartProcess() {
        state.withLock {
            $0.isDown = false
            $0.life += 1
        }
    }

    /// The process ends between two operations.
    package func halt() { state.withLock { $0.isDown = true } }

    /// Everything that the system has in memory reaches the disk, in its own time.
    package func settle() {
        state.withLock { state in
            for path in state.folders.keys {
                state.folders[path]!.durable = state.folders[path]!.entries
                state.folders[path]!.changes = []
            }
            for number in state.nodes.keys {
                state.nodes[number]!.durable = state.nodes[number]!.content
                state.nodes[number]!.dirty = []
            }
        }
    }

    /// Turns one bit of what is on the disk over.
    package func flip(bit: Int, of path: String) {
        change(path) { content in content[bit / 8] ^= 1 << UInt8(bit % 8) }
    }

    /// Changes what is on the disk, and what the system shows.
    package func change(_ path: String, _ body: (inout [UInt8]) -> Void) {
        state.withLock { state in
            let number = state.number(of: path)!
            body(&state.nodes[number]!.durable)
            state.nodes[number]!.content = state.nodes[number]!.durable
        }
    }

    /// What the system shows of a file.
    package func octets(of path: String) -> [UInt8]? {
        state.withLock { state in state.number(of: path).map { state.nodes[$0]!.content } }
    }

    /// What the files held that were removed since the last call, by path.
    package func takeRemoved() -> [String: [UInt8]] {
        state.withLock { state in
            defer { state.removed = [:] }
            return state.removed
        }
    }

    /// The files of a folder, in order.
    package func names(in path: String) -> [String] {
        state.withLock { $0.folders[path, default: Folder()].entries.keys.sorted() }
    }

    /// Puts a file on the disk.
    package func put(_ octets: [UInt8], at path: String) {
        state.withLock { state in
            let slash = path.lastIndex(of: "/")!
            let node = state.nextNode
            state.nextNode += 1
            state.nodes[node] = Node(content: octets, durable: octets)
            state.folders[String(path[..<slash]), default: Folder()].entries[
                String(path[path.index(after: slash)...])] = node
        }
    }

    /// Runs an operation, or what is left of it where it is made to fail.
    func perform<Result>(
        _ call: DiskCall, _ path: String, life: Int?, _ body: (inout State) -> Result,
        partially: (inout State) -> Void = { _ in }
    ) throws(SystemError) -> Result {
        let outcome: Swift.Result<Result, SystemError> = state.withLock { state in
            if state.isDown || life != nil && life != state.life {
                return .failure(SystemError(call: call.rawValue, subject: path, code: 5))
            }
            state.operationCount += 1
            state.callCounts[call, default: 0] += 1
            for fault in state.faults {
                switch fault {
                case .failure(state.operationCount, let code):
                    state.hasFired = true
                    partially(&state)
                    return .failure(SystemError(call: call.rawValue, subject: path, code: code))
                case .call(let fault) where fault.isMet(by: call, number: state.callCounts[call]!):
                    state.hasFired = true
                    switch fault.extent {
                    case .nothing: break
                    case .some: partially(&state)
                    case .all: _ = body(&state)
                    }
                    return .failure(SystemError(call: call.rawValue, subject: path, code: fault.code))
                case .outage(let operation) where operation <= state.operationCount:
                    state.hasFired = true
                    partially(&state)
                    return .failure(SystemError(call: call.rawValue, subject: path, code: 5))
                case .crash(state.operationCount):
                    state.hasFired = true
                    _ = body(&state)
                    state.isDown = true
                    return .failure(SystemError(call: call.rawValue, subject: path, code: 5))
                case .kill(state.operationCount):
                    state.hasFired = true
                    // A sync that is broken off has not failed: what it has not reached is still on its way.
                    if call == .fdatasync || Bool.random(using: &state.generator) {
                        _ = body(&state)
                    } else {
                        partially(&state)
                    }
                    state.isDown = true
                    return .failure(SystemError(call: call.rawValue, subject: path, code: 4))
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

    /// True for so many of eight.
    mutating func survives(_ survivors: UInt64) -> Bool { generator.next() % 8 < survivors }

    /// The names in a folder, in an order that tells nothing.
    mutating func names(in path: String) -> [String] {
        folders[path]!.entries.keys.sorted().shuffled(using: &generator)
    }

    /// Octets of all files that have a name.
    var byteCount: Int {
        folders.values.reduce(0) { $0 + $1.entries.values.reduce(0) { $0 + nodes[$1]!.content.count } }
    }

    mutating func change(_ path: String, _ change: SimulatedDisk.Change) {
        if let name = change.removed {
            if change.added == nil { removed[path + "/" + name] = nodes[change.node]!.content }
            folders[path]!.entries[name] = nil
        }
        if let added = change.added { folders[path]!.entries[added] = change.node }
        folders[path]!.changes.append(change)
    }
}
