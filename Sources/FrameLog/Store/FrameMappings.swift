import Posix
import Synchronization

/// Maps frames' files, and keeps the number of mappings below what the system allows. Any thread may use it.
final class FrameMappings: Sendable {
    /// The frames that stay mapped, the last ones that were mapped first: each has two forms, and the system
    /// allows 65,530 mappings (`vm.max_map_count`).
    static let framesMax = 16_384

    /// A frame of the ring: one that is gone has no mappings. A strong reference would keep it and, since the
    /// frame refers to all of this, the whole store for ever.
    private struct Entry {
        weak var frame: StoredFrame?
    }

    private struct Ring {
        var entries: [Entry] = []
        var next = 0
    }

    private let ring = Mutex(Ring())
    /// Maps the file of that name: called once a frame, mostly, so a closure here costs nothing.
    private let open: @Sendable (String) throws(SystemError) -> MappedFile

    init(_ open: @escaping @Sendable (String) throws(SystemError) -> MappedFile) { self.open = open }

    func map(_ name: String) throws(SystemError) -> MappedFile { try open(name) }

    /// Counts a mapping that `frame` keeps, and takes the oldest away where there are too many.
    func keep(_ frame: StoredFrame) {
        let oldest: StoredFrame? = ring.withLock { ring in
            if ring.entries.count < Self.framesMax {
                ring.entries.append(Entry(frame: frame))
                return nil
            }
            let oldest = ring.entries[ring.next].frame
            ring.entries[ring.next].frame = frame
            ring.next = (ring.next + 1) % Self.framesMax
            return oldest
        }
        if let oldest, oldest !== frame { oldest.unmap() }
    }
}
