import Bytes
import Posix
import TimeFrame

/// What the folder of frames holds when it is opened.
struct FrameListing<Volume: Storage> {
    /// Oldest first.
    private(set) var frames: [StoredFrame] = []
    private(set) var retired = RetiredFrames()
    private(set) var storedThrough: UInt64?
    private(set) var warnings: [String] = []

    private let folder: Volume

    /// Lists `folder`, reads each frame's header, and removes what an interrupted run left: temporary files,
    /// retired frames, gzip forms without a frame.
    init(_ folder: Volume, mappings: FrameMappings) throws {
        self.folder = folder
        var names: [FrameName] = []
        var coded: Set<String> = []
        var hasRetired = false
        for name in try folder.names() {
            if name.hasSuffix(".tmp") {
                try folder.remove(name)
            } else if name == RetiredFrames.fileName {
                hasRetired = true
            } else if let frame = FrameName(name) {
                if frame.isGzip { coded.insert(name) } else { names.append(frame) }
            }
        }
        if hasRetired { try readRetired() }
        names.sort { FrameName.isOlder($0, than: $1) }
        var octets = Buffer()
        for name in names {
            if retired.contains(start: name.start) {
                try folder.remove(name.text)
                continue
            }
            let codedName = name.text + ".gz"
            let gzipByteCount = coded.remove(codedName) == nil ? nil : try folder.byteCount(of: codedName)
            storedThrough = max(storedThrough ?? 0, name.start + 1)
            guard let (header, byteCount) = try readHeader(of: name, into: &octets) else { continue }
            storedThrough = max(storedThrough ?? 0, header.endTimestamp)
            frames.append(
                StoredFrame(
                    name: name, endTimestamp: header.endTimestamp, byteCount: byteCount,
                    gzipByteCount: gzipByteCount, condition: .unchecked, mappings: mappings))
        }
        for name in coded { try folder.remove(name) }
        // A frame that was renamed by a process that was killed may have its name in the system's memory
        // only, and the log is about to give its items up.
        try folder.sync()
    }

    private mutating func readRetired() throws {
        let file = try folder.open(RetiredFrames.fileName, .read)
        var octets = Buffer()
        _ = try file.read(at: 0, count: RetiredFrames.fileByteCountMax + 1, into: &octets)
        guard let (runs, through) = RetiredFrames.decode(octets.octets) else {
            warnings.append("\(file.path): damaged, so frames removed before now are unknown")
            return
        }
        retired = runs
        if through > 0 { storedThrough = through }
    }

    /// The header of a frame and the file's size, or nil, with a warning, where they don't fit.
    private mutating func readHeader(
        of name: FrameName, into octets: inout Buffer
    ) throws -> (FrameHeader, UInt64)? {
        let file = try folder.open(name.text, .read)
        let byteCount = try file.byteCount()
        octets.removeAll()
        _ = try file.read(at: 0, count: FrameHeader.byteCount, into: &octets)
        do throws(FrameError) {
            let header = try FrameHeader(decoding: octets.octets)
            // The frame clock goes on from a frame's end: one that the disk has damaged must not set it
            // forward by more than a window can be long.
            if header.startTimestamp == name.start && header.frameByteCount == byteCount
                && header.endTimestamp - name.start <= FrameLogSettings.frameDurationMillisecondsMax
                && frames.last?.startTimestamp != name.start
            {
                return (header, byteCount)
            }
            warnings.append("\(file.path): left out, since the frame isn't the one that its name says")
        } catch {
            warnings.append("\(file.path): left out, since the frame is damaged: \(error)")
        }
        return nil
    }
}
