// A log and its store on a disk in memory, with an account of what was sent and of what is in frames.
import Bytes
import FrameLog
import TimeFrame

/// Stands in for SHA-256: the CRC-32C eight times, which tells apart what comes about by accident.
struct QuickDigest: ContentDigest, ~Copyable {
    private var checksum = CRC32C()

    mutating func update(_ octets: Span<UInt8>) { checksum.update(octets) }

    mutating func finish() -> [UInt8] {
        var octets: [UInt8] = []
        for _ in 0..<8 { octets.append(bigEndian: checksum.value) }
        return octets
    }
}

/// Stands in for gzip, and is never used.
struct NoCoding: ContentCoding, ~Copyable {
    mutating func update(_ octets: Span<UInt8>, into coded: inout Buffer) {}
    mutating func finish(into coded: inout Buffer) {}
}

/// Undoes it, and is never used.
struct NoDecoding: ContentDecoding, ~Copyable {
    init(byteCountMax: UInt64) {}

    var isWhole: Bool { true }

    mutating func update(
        _ coded: Span<UInt8>, into content: inout Buffer
    ) -> (consumed: Int, hasMore: Bool)? { nil }
}

/// What tells an item from all others.
struct SentItem: Hashable {
    let channel: [UInt8]
    let type: [UInt8]
    let timestamp: UInt64
    let data: [UInt8]
}

/// A log that was opened, and its store.
struct LogRig {
    static let path = "data"
    static var segmentByteCount: Int { 8 << 10 }

    let disk: MemoryDisk
    let store: FrameStore<MemoryStorage, QuickDigest, NoCoding>
    let ingest: Ingest<MemoryStorage>
    private(set) var now: UInt64

    /// Opens what is on `disk`.
    ///
    /// - Throws: `FrameLogError`.
    init(_ disk: MemoryDisk, now: UInt64) throws {
        let volume = MemoryStorage(disk: disk, path: Self.path)
        var settings = FrameLogSettings()
        settings.frameDurationMilliseconds = 1_000
        settings.segmentByteCount = Self.segmentByteCount
        settings.itemByteCountMax = 2 << 10
        settings.skipsEmptyFrames = true
        var retention = Retention()
        retention.framesMax = .max
        store = try FrameStore(opening: volume, retention: retention)
        ingest = try Ingest(
            opening: volume, settings: settings, now: now, storedThrough: store.storedThrough,
            keys: store.keys, salt: now | 1)
        self.disk = disk
        self.now = max(now, ingest.clockFloor)
        _ = commit(ItemBatch())
    }

    /// Opens what is on `disk`, which it repairs where that is refused; nil where it can't be repaired.
    ///
    /// What a check says of it must agree: what is sound can be opened, and what was repaired.
    static func openRepaired(_ disk: MemoryDisk, now: UInt64) throws -> LogRig? {
        let check = DirectoryCheck<MemoryStorage, QuickDigest, NoDecoding>(
            MemoryStorage(disk: disk, path: path))
        let report = try check.check()
        do {
            return try LogRig(disk, now: now)
        } catch let error as FrameLogError {
            // Its windows have another length than the settings, and wait.
            if error.reason == .windowsOpen { return nil }
            require(error.reason == .corrupt || error.reason == .unsupported, "damage is told as such")
            require(!report.isSound, "what a check finds sound can be opened")
        }
        do {
            _ = try check.repair(salt: 0x5A17)
        } catch let error as FrameLogError {
            require(error.reason == .unsupported, "what is damaged can be repaired")
            return nil
        }
        do {
            return try LogRig(disk, now: now)
        } catch let error as FrameLogError where error.reason == .windowsOpen {
            return nil
        } catch {
            fatalError("what was repaired can be opened: \(error)")
        }
    }

    /// Commits a batch and stores what was sealed.
    mutating func commit(_ batch: ItemBatch) -> [ItemOutcome] {
        var batches = [batch]
        for window in ingest.commit(&batches, now: now) {
            do {
                _ = try store.store(window)
            } catch {
                fatalError("what the log has read can be stored: \(error)")
            }
            ingest.stored(windowStart: window.start)
        }
        return batches[0].outcomes
    }

    /// Lets time pass.
    mutating func pass(milliseconds: UInt64) {
        now += milliseconds
        _ = commit(ItemBatch())
    }

    /// The items of all frames, with the start of their frame.
    func stored() -> [(item: SentItem, frame: UInt64)] {
        var items: [(SentItem, UInt64)] = []
        for path in disk.paths(Self.path + "/frames/") where path.hasSuffix(".frame") {
            guard let octets = disk[path], let frame = try? FrameContent(decoding: octets.span) else {
                fatalError("a frame in the store can be read")
            }
            for channel in frame.channels {
                for item in channel.items {
                    let sent = SentItem(
                        channel: channel.id, type: channel.type, timestamp: item.timestamp, data: item.data)
                    items.append((sent, frame.startTimestamp))
                }
            }
        }
        return items
    }
}
