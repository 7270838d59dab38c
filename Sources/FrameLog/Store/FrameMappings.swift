import Posix
import Synchronization

/// Maps frames' files, and keeps the number of mappings below what the system allows. Any thread may use it.
final class FrameMappings: Sendable {
    /// The frames that stay mapped, the last ones that were mapped first: each has two forms, and the system
    /// allows 65,530 mappings (`vm.max_map_count`).
    static let framesMax = 16_384

    private struct Ring {
        var frames: [StoredFrame] = []
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
            if ring.frames.count < Self.framesMax {
                ring.frames.append(frame)
                return nil
            }
            let oldest = ring.frames[ring.next]
            ring.frames[ring.next] = frame
            ring.next = (ring.next + 1) % Self.framesMax
            return oldest
        }
        if let oldest, oldest !== frame { oldest.unmap() }
    }
}
