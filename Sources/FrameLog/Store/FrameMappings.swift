import Posix
import Synchronization

/// Brings frames' files into memory, and keeps what is held of them below a limit. Any thread may use it.
final class FrameMappings: Sendable {
    /// Octets of small frames that are read, and not mapped, so that each has its own copy: 100,000 of 1 KB
    /// and what belongs to them. With the default retention all of them together are far from it.
    static let heldByteCountMax = 128 << 20
    /// What a mapping counts as: so there are at most 16,384, of each frame two, and the system allows 65,530
    /// (`vm.max_map_count`).
    static let mappingByteCount = 8 << 10
    /// What a copy counts as beside its octets: the objects that hold it.
    static let copyByteCount = 160

    /// A form of a frame that is held: a frame that is gone holds nothing. A strong reference would keep it
    /// and, since the frame refers to all of this, the whole store for ever.
    private struct Entry {
        weak var frame: StoredFrame?
        let byteCount: Int
    }

    /// Those that are held, the first ones that were asked for first.
    private struct Queue {
        var entries: [Entry] = []
        /// Entries at the front that have gone already.
        var goneCount = 0
        var byteCount = 0

        /// Takes the first one out.
        mutating func removeFirst() -> StoredFrame? {
            let first = entries[goneCount]
            goneCount += 1
            byteCount -= first.byteCount
            // Now and then, so that a removal costs a few steps whatever there is.
            if goneCount > entries.count / 2 {
                entries.removeFirst(goneCount)
                goneCount = 0
            }
            return first.frame
        }
    }

    private let queue = Mutex(Queue())
    private let heldByteCountMax: Int
    /// Opens the file of that name: called once a frame, mostly, so a closure here costs nothing.
    private let open: @Sendable (String) throws(SystemError) -> MappedFile
    /// The digest of a frame's octets: called once a frame that a start has found.
    private let digest: @Sendable (MappedFile) -> [UInt8]

    init(
        heldByteCountMax: Int = FrameMappings.heldByteCountMax,
        _ open: @escaping @Sendable (String) throws(SystemError) -> MappedFile,
        digest: @escaping @Sendable (MappedFile) -> [UInt8]
    ) {
        self.heldByteCountMax = heldByteCountMax
        self.open = open
        self.digest = digest
    }

    func map(_ name: String) throws(SystemError) -> MappedFile { try open(name) }

    func digest(of file: MappedFile) -> [UInt8] { digest(file) }

    /// Counts a form that `frame` holds, and takes the oldest away while there is too much.
    func keep(_ file: MappedFile, of frame: StoredFrame) {
        let byteCount = file.isMapped ? Self.mappingByteCount : file.byteCount + Self.copyByteCount
        queue.withLock { queue in
            queue.entries.append(Entry(frame: frame, byteCount: byteCount))
            queue.byteCount += byteCount
        }
        while let oldest = oldestInExcess() {
            if oldest !== frame { oldest.unmap() }
        }
    }

    /// The oldest frame there is to be taken away; nil where nothing is.
    private func oldestInExcess() -> StoredFrame? {
        queue.withLock { queue in
            while queue.byteCount > heldByteCountMax {
                if let oldest = queue.removeFirst() { return oldest }
            }
            return nil
        }
    }
}
