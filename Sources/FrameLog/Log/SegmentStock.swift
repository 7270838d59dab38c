package import Posix
import Synchronization

/// Empty segments made in advance, so that no commit waits for a file to be filled.
///
/// A file whose blocks were never written changes its metadata with each first write to them, and every sync
/// of such a write waits for the file system's journal: appending to a file filled with zeros is two to three
/// times as fast. The file has a name that recovery removes until the writer takes it.
package final class SegmentStock<Volume: Storage>: Sendable {
    /// A file full of zeros, synced, of which nobody knows.
    struct Blank: Sendable {
        let name: String
        let file: Volume.File
    }

    /// Octets that one write fills, and after how many of these what was filled is synced, so that the
    /// commits beside don't wait behind all of it.
    private static var pieceByteCount: Int { 1 << 20 }
    private static var piecesBetweenSyncs: Int { 4 }

    private let volume: Volume
    private let segmentByteCount: Int
    private let spare = Mutex<Blank?>(nil)
    private let hasSpare = Atomic(false)
    private let made = Atomic<UInt64>(0)

    init(_ volume: Volume, segmentByteCount: Int) {
        self.volume = volume
        self.segmentByteCount = segmentByteCount
    }

    /// Whether `refill` has something to do. Any thread, at any time: it costs one atomic read.
    package var isLow: Bool { !hasSpare.load(ordering: .acquiring) }

    /// Makes an empty segment where one is missing. One thread at a time, beside the writer.
    ///
    /// - Throws: `SystemError`; nothing is left behind, and a later call may succeed.
    package func refill() throws(SystemError) {
        if !isLow { return }
        let blank = try make()
        spare.withLock { $0 = blank }
        hasSpare.store(true, ordering: .releasing)
    }

    /// The segment in stock, or one that is made now.
    func take() throws(SystemError) -> Blank {
        let blank = spare.withLock { spare in
            let blank = spare
            spare = nil
            return blank
        }
        hasSpare.store(false, ordering: .releasing)
        if let blank { return blank }
        return try make()
    }

    private func make() throws(SystemError) -> Blank {
        let number = made.add(1, ordering: .relaxed).newValue
        let name = "blank-\(number).tmp"
        let file = try volume.open(name, .create)
        do throws(SystemError) {
            // Says at once where there isn't enough room, instead of taking the last of it first.
            try file.allocate(byteCount: UInt64(segmentByteCount))
            try fill(file)
        } catch {
            // Recovery removes what can't be removed now.
            try? volume.remove(name)
            throw error
        }
        return Blank(name: name, file: file)
    }

    private func fill(_ file: Volume.File) throws(SystemError) {
        let zeros = [UInt8](repeating: 0, count: min(Self.pieceByteCount, segmentByteCount))
        var filled = 0
        var unsynced = 0
        while filled < segmentByteCount {
            let count = min(zeros.count, segmentByteCount - filled)
            try file.write(zeros.span.extracting(0..<count), at: UInt64(filled))
            filled += count
            unsynced += 1
            if unsynced == Self.piecesBetweenSyncs {
                try file.sync()
                unsynced = 0
            }
        }
        try file.sync()
    }
}
