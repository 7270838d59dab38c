import Synchronization

/// Where one thread publishes immutable values and every event loop picks up the newest.
///
/// Looking costs a loop one atomic load; the lock is taken only when there is something new, and is held for
/// a copy of a reference.
final class SnapshotCell<Value: Sendable>: Sendable {
    /// How many values were published: 1 from the start.
    private let generation = Atomic<UInt64>(1)
    private let newest: Mutex<Value>

    init(_ value: Value) {
        newest = Mutex(value)
    }

    /// Makes `value` the newest. Any thread.
    func publish(_ value: Value) {
        newest.withLock {
            $0 = value
            // Within the lock, so that a generation never stands with an older value.
            generation.wrappingAdd(1, ordering: .releasing)
        }
    }

    /// Brings a loop's own copy up to the newest value, and says whether it changed.
    @discardableResult
    func refresh(_ snapshot: inout Snapshot<Value>) -> Bool {
        if generation.load(ordering: .acquiring) == snapshot.generation { return false }
        snapshot = current()
        return true
    }

    /// The newest value, for a loop to keep.
    func current() -> Snapshot<Value> {
        newest.withLock { Snapshot(value: $0, generation: generation.load(ordering: .relaxed)) }
    }
}

/// One loop's copy of what a cell published last.
struct Snapshot<Value: Sendable>: Sendable {
    let value: Value
    fileprivate let generation: UInt64
}

/// Where the sealer publishes the frames.
typealias CatalogCell = SnapshotCell<FrameCatalog>
