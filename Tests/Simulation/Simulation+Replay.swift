// The log, read once more from its beginning on another disk: it must give the same frames, octet for octet.
import Bytes
import Posix
import SimulatedStorage

@testable import FrameLog

extension Simulation {
    /// Reads all that was ever in the log, and compares what it seals with what clients could read.
    func replay() throws {
        archiveSegments()
        let copy = SimulatedDisk()
        let volume = SimulatedStorage(copy)
        let folder = try volume.folder("log")
        for (name, octets) in archive.sorted(by: { $0.key < $1.key }) {
            copy.put(octets, at: "data/log/" + name)
        }
        let frames = try SimulatedStore(opening: volume, retention: Retention())
        var seen: Set<UInt64> = []
        let windows: [SealedWindow<SimulatedStorage>]
        do { windows = try sealedWindows(of: folder) } catch {
            throw Violation(description: "the log can't be read again: \(error)")
        }
        for window in windows {
            let frame = try frames.store(window)
            let file = try frame.identity()
            let octets = file.octets.copied()
            seen.insert(frame.startTimestamp)
            if let before = account.frames[frame.startTimestamp], before != octets {
                throw Violation(description: "the log gives frame \(frame.startTimestamp) another content")
            }
        }
        for id in account.frames.keys.sorted() where !seen.contains(id) {
            throw Violation(description: "the log does not give frame \(id)")
        }
        counts.replays += 1
        note("the log gives the same \(seen.count) frames")
    }

    private func sealedWindows(of folder: SimulatedStorage) throws -> [SealedWindow<SimulatedStorage>] {
        let recovery = try LogRecovery(folder, storedThrough: 0)
        return recovery.sealed.map { SealedWindow($0.window, segments: recovery.segments) }
    }
}
