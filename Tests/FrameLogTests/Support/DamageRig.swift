// A data directory whose files are damaged, checked, repaired and opened again, as often as a test likes: the
// disk goes back to what it was each time.
import Bytes
import Posix
import Synchronization
import Testing

@testable import FrameLog
@testable import SimulatedStorage

typealias SimulatedCheck = DirectoryCheck<SimulatedStorage, MixedDigest, RunDecoding>

struct DamageRig {
    /// What the frames hold: items by their numbers, and each frame's octets.
    struct Content: Equatable {
        var frames: [UInt64: [UInt8]] = [:]
        var places: [Int: [UInt64]] = [:]
    }

    private let original: SimulatedDisk.State
    private let settings: FrameLogSettings
    private let now: UInt64
    /// The frames that were in the store.
    let stored: [UInt64: [UInt8]]

    /// - Parameter rig: as it was when its process ended.
    init(_ rig: Rig) throws {
        // Otherwise files that retention removed might come back.
        try SimulatedStorage(rig.disk, path: "data/frames").sync()
        rig.disk.restart()
        original = rig.disk.state.withLock { $0 }
        settings = rig.settings
        now = rig.now
        stored = rig.published
    }

    /// A disk as it was.
    func disk() -> SimulatedDisk { disk { _ in } }

    /// A disk as it was, changed by `body`.
    func disk(_ body: (SimulatedDisk) throws -> Void) rethrows -> SimulatedDisk {
        let disk = SimulatedDisk()
        disk.state.withLock { $0 = original }
        try body(disk)
        return disk
    }

    func check(_ disk: SimulatedDisk) throws -> DirectoryReport {
        try SimulatedCheck(SimulatedStorage(disk)).check()
    }

    func repair(_ disk: SimulatedDisk) throws -> RepairReport {
        try SimulatedCheck(SimulatedStorage(disk)).repair(salt: 77)
    }

    /// Starts a server on the disk, ends all windows, and gives what the frames hold.
    func content(of disk: SimulatedDisk) throws -> Content {
        let rig = Rig(disk)
        rig.settings = settings
        rig.now = now
        try rig.open()
        rig.pass(milliseconds: 20 * settings.frameDurationMilliseconds)
        var content = Content()
        for frame in rig.store.frames {
            let octets = try #require(disk.octets(of: "data/frames/" + rig.name(of: frame)))
            content.frames[frame.startTimestamp] = octets
            for number in try rig.numbers(in: octets) {
                content.places[number, default: []].append(frame.startTimestamp)
            }
        }
        return content
    }

    /// Whether a server refuses to start on the disk.
    func isRefused(_ disk: SimulatedDisk) -> Bool {
        let rig = Rig(disk)
        rig.settings = settings
        rig.now = now
        do {
            try rig.open()
            return false
        } catch {
            return true
        }
    }
}
