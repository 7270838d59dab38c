import Bytes
import Posix

/// Which frames retention removed, as runs of windows that follow each other. An immutable value.
package struct RetiredFrames: Sendable, Equatable {
    /// Windows of one length without a gap between them.
    struct Run: Sendable, Equatable {
        var firstStart: UInt64
        var lastStart: UInt64
        var duration: UInt64
    }

    /// The most runs that are remembered, 24 octets each: past it the oldest is forgotten, and its frames get
    /// the answer of those that never were. Without `--skip-empty-frames` a run ends only where the server
    /// was down.
    static let runsMax = 4096

    private(set) var runs: [Run] = []

    init() {}

    /// Whether the frame that starts at `start` was removed. Takes the logarithm of the number of runs.
    package func contains(start: UInt64) -> Bool {
        var low = 0
        var high = runs.count
        while low < high {
            let middle = (low + high) / 2
            if runs[middle].firstStart <= start { low = middle + 1 } else { high = middle }
        }
        if low == 0 { return false }
        let run = runs[low - 1]
        return start <= run.lastStart && (start - run.firstStart) % run.duration == 0
    }

    /// Where the newest frame started that was removed; nil where none was.
    package var newestStart: UInt64? { runs.last?.lastStart }

    /// Adds a frame that is newer than those added before.
    mutating func add(start: UInt64, end: UInt64) {
        let duration = max(1, end - start)
        if let last = runs.last {
            precondition(start > last.lastStart, "frames are removed oldest first")
            if last.duration == duration && last.lastStart + duration == start {
                runs[runs.count - 1].lastStart = start
                return
            }
        }
        if runs.count == Self.runsMax { runs.removeFirst() }
        runs.append(Run(firstStart: start, lastStart: start, duration: duration))
    }
}

/// The file `frames/retired`: what the store has to know of frames that are gone.
///
/// | at | size | field |
/// | --- | --- | --- |
/// | 0 | 8 | "SYNCSRET" |
/// | 8 | 4 | CRC-32C of everything after it |
/// | 12 | 4 | version, 1 |
/// | 16 | 8 | end of the newest frame that was ever stored |
/// | 24 | 24 each | runs: first start, last start, duration of a window |
extension RetiredFrames {
    static let fileName = "retired"
    private static let version: UInt32 = 1
    private static let prefixByteCount = 24
    private static let runByteCount = 24
    static let fileByteCountMax = prefixByteCount + runsMax * runByteCount

    func encoded(storedThrough: UInt64) -> [UInt8] {
        var rest: [UInt8] = []
        rest.append(bigEndian: Self.version)
        rest.append(bigEndian: storedThrough)
        for run in runs {
            rest.append(bigEndian: run.firstStart)
            rest.append(bigEndian: run.lastStart)
            rest.append(bigEndian: run.duration)
        }
        var octets: [UInt8] = []
        octets.append("SYNCSRET")
        octets.append(bigEndian: CRC32C.checksum(rest.span))
        octets.append(copying: rest.span)
        return octets
    }

    /// Puts the file in place of what the folder has, and returns when it is on the disk.
    static func save(_ retired: RetiredFrames, storedThrough: UInt64, in folder: some Storage) throws {
        let temporary = fileName + ".tmp"
        let file = try folder.open(temporary, .create)
        try file.write(retired.encoded(storedThrough: storedThrough).span, at: 0)
        try file.sync()
        try folder.rename(temporary, to: fileName)
        try folder.sync()
    }

    /// Whether a later version wrote the file, and nothing has changed it since.
    static func isOfLaterVersion(_ octets: Span<UInt8>) -> Bool {
        if octets.count < prefixByteCount || !octets.hasPrefix("SYNCSRET") { return false }
        let rest = octets.extracting(12..<octets.count)
        return octets.bigEndian(at: 8, as: UInt32.self) == CRC32C.checksum(rest)
            && rest.bigEndian(at: 0, as: UInt32.self) != version
    }

    /// Reads the file, or returns nil where it is damaged or of another version.
    static func decode(_ octets: Span<UInt8>) -> (retired: RetiredFrames, storedThrough: UInt64)? {
        if octets.count < prefixByteCount || (octets.count - prefixByteCount) % runByteCount != 0 {
            return nil
        }
        let rest = octets.extracting(12..<octets.count)
        if !octets.hasPrefix("SYNCSRET") || octets.bigEndian(at: 8, as: UInt32.self) != CRC32C.checksum(rest)
            || rest.bigEndian(at: 0, as: UInt32.self) != version
        {
            return nil
        }
        var retired = RetiredFrames()
        var offset = prefixByteCount
        while offset < octets.count {
            let run = Run(
                firstStart: octets.bigEndian(at: offset, as: UInt64.self),
                lastStart: octets.bigEndian(at: offset + 8, as: UInt64.self),
                duration: octets.bigEndian(at: offset + 16, as: UInt64.self))
            let follows = retired.runs.last.map { $0.lastStart < run.firstStart } ?? true
            if !follows || run.lastStart < run.firstStart || run.duration == 0 { return nil }
            retired.runs.append(run)
            offset += runByteCount
        }
        return (retired, octets.bigEndian(at: 16, as: UInt64.self))
    }
}
