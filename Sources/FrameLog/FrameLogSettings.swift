/// How long windows are, what the log promises, and how much of everything there may be.
package struct FrameLogSettings: Sendable {
    /// No window is longer.
    static let frameDurationMillisecondsMax: UInt64 = 3_600_000

    /// When a POST may be answered.
    package enum Durability: Sendable {
        /// Once its items are on the disk.
        case disk
        /// Once the system has taken them: a power failure may lose the last moments.
        case memory
    }

    /// The length of a window, 100 ms to 1 h.
    package var frameDurationMilliseconds: UInt64 = 10_000
    /// How long a window stays open behind its end for items with a device's timestamp; at most 10 windows.
    package var latenessMilliseconds: UInt64 = 0
    /// Whether a window without items gives no frame.
    package var skipsEmptyFrames = false
    package var durability = Durability.disk
    /// The most octets an item's data has. The sender of a longer one is refused before it gets here.
    package var itemByteCountMax = 16 << 20
    /// The length of a segment file. Two are on the disk from the start on, and it must hold an item of the
    /// greatest size.
    package var segmentByteCount = 64 << 20
    /// The most channels of one window: with ids and types of 255 octets each, 40 MiB of memory.
    package var channelsMax = 65_536
    /// The most items of one window: each takes 16 octets of memory, so 1 GiB.
    package var itemsMax = 1 << 26
    /// The most keys of uploads that are remembered at a time: each takes about 150 octets of memory, so 80
    /// MB.
    package var keysMax = 500_000
    /// The most of them by one sender, so that it can't use up those of the others.
    package var keysPerOwnerMax = 250_000

    package init() {}

    /// - Throws: `FrameLogError`, on the data directory at `path`, where the settings can't be met.
    func check(path: String) throws(FrameLogError) {
        func impossible(_ detail: String) -> FrameLogError {
            FrameLogError(reason: .settings, path: path, offset: nil, detail: detail)
        }
        if !(100...Self.frameDurationMillisecondsMax).contains(frameDurationMilliseconds) {
            throw impossible("a frame lasts 100 ms to 1 h, not \(frameDurationMilliseconds) ms")
        }
        if latenessMilliseconds > 10 * frameDurationMilliseconds {
            throw impossible("items may be late by ten windows at most, \(10 * frameDurationMilliseconds) ms")
        }
        if segmentByteCount > SegmentHeader.segmentByteCountMax
            || segmentByteCount % SegmentHeader.sectorByteCount != 0
        {
            throw impossible("a segment has a multiple of 512 octets, and less than 2 GiB")
        }
        let itemRoom = GroupPlan.roomMax(segmentByteCount: segmentByteCount) - GroupHeader.byteCount
        if itemRoom < itemByteCountMax + ItemRecord.overheadByteCountMax {
            throw impossible(
                "an item of \(itemByteCountMax) octets doesn't fit in a segment of \(segmentByteCount)")
        }
    }
}
