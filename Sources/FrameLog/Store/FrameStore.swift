import Posix
package import TimeFrame

/// Sealed frames on disk, oldest first, in the folder `frames`. Used by one thread, the sealer.
///
/// A frame is written under a temporary name, synced, renamed, and the folder synced: a crash leaves all of
/// it or nothing, and until it is durable the log has its items. The folder is self-describing (`FrameName`).
package final class FrameStore<
    Volume: Storage, Digest: ContentDigest & ~Copyable, Coding: ContentCoding & ~Copyable
> {
    /// Frames from this size on have their room set aside first, so that a full disk says so at once.
    private static var allocatedByteCountMin: UInt64 { 1 << 20 }

    /// The frames there are, oldest first.
    package private(set) var frames: [StoredFrame]
    /// The end of the newest frame that was ever stored: every window that starts before it is done. Nil
    /// before the first.
    package private(set) var storedThrough: UInt64?
    /// The removed frames, to be looked up by any thread.
    package private(set) var retired: RetiredFrames
    /// What was wrong in the folder and left out, a line each.
    package let warnings: [String]

    /// What it remembers of uploads with keys from earlier runs.
    package var keys: StoredKeys { keyFolder.stored }

    private let folder: Volume
    private var keyFolder: KeyFolder<Volume>
    private let retention: Retention
    private let mappings: FrameMappings
    private let order: MetadataOrder
    /// Octets of all frames and their gzip forms.
    package private(set) var byteCount: UInt64
    /// Retired frames that may be mapped still.
    private var givenUp: [StoredFrame] = []
    /// Files of retired frames that were not removed yet.
    private var leftovers: [String] = []

    /// Opens the folders `frames` and `keys` of a data directory, and removes what an interrupted run left
    /// unfinished.
    ///
    /// - Parameters:
    ///   - latenessMilliseconds: how long windows stay open behind their end.
    ///   - order: of the frames that are stored from now on. Those that are there may be in the other one.
    /// - Throws: `SystemError`; `FrameLogError` where a file of keys is damaged.
    package init(
        opening volume: Volume, retention: Retention, latenessMilliseconds: UInt64 = 0,
        order: MetadataOrder = .typeFirst
    ) throws {
        keyFolder = try KeyFolder(opening: volume, lateness: latenessMilliseconds)
        let folder = try volume.folder("frames")
        let mappings = FrameMappings { (name) throws(SystemError) in
            try folder.open(name, .read).map()
        } digest: { file in
            var digest = Digest()
            digest.update(file.octets)
            return digest.finish()
        }
        let listing = try FrameListing(folder, mappings: mappings)
        frames = listing.frames
        storedThrough = listing.storedThrough
        retired = listing.retired
        warnings = listing.warnings
        byteCount = listing.frames.reduce(0) { $0 + Self.byteCount(of: $1) }
        self.folder = folder
        self.retention = retention
        self.mappings = mappings
        self.order = order
    }

    /// Writes the window's keys and frame, and returns once they are durable. Windows come in the order in
    /// which they were sealed; one that failed is to be stored before the next.
    ///
    /// - Throws: `SystemError`, after which it may be tried again, or `FrameLogError` where the log was
    ///   damaged.
    package func store(_ window: SealedWindow<Volume>) throws -> StoredFrame {
        precondition(window.start >= storedThrough ?? 0, "windows are stored in order, once each")
        try keyFolder.store(window.window.keys, windowStart: window.start)
        let layout = try window.layout()
        let temporary = "\(window.start).tmp"
        do {
            let file = try folder.open(temporary, .create)
            if layout.frameByteCount >= Self.allocatedByteCountMin {
                try file.allocate(byteCount: layout.frameByteCount)
            }
            var sink = FrameFileSink<Volume.File, Digest>(file)
            try window.encode(layout, order: order, into: &sink)
            try file.sync()
            let name = FrameName(start: window.start, digest: sink.finish())
            try folder.rename(temporary, to: name.text)
            try folder.sync()
            let frame = StoredFrame(
                name: name, endTimestamp: window.end, byteCount: layout.frameByteCount, gzipByteCount: nil,
                condition: .sound, mappings: mappings)
            frames.append(frame)
            byteCount += frame.byteCount
            storedThrough = window.end
            return frame
        } catch {
            // What can't be removed now is removed at the next start, or overwritten by the next try.
            try? folder.remove(temporary)
            throw error
        }
    }

    /// Makes the frame's gzip form where that is at least 10 % smaller. It can take long for a large frame:
    /// publish the frame first. Returns whether there is one now.
    ///
    /// - Throws: what `Coding` throws, or `SystemError`; the frame stays as it was.
    package func compress(_ frame: StoredFrame) throws -> Bool {
        if frame.gzipByteCount != nil { return true }
        if frame.byteCount < UInt64(GzipForm.frameByteCountMin) { return false }
        let temporary = "\(frame.startTimestamp).gz.tmp"
        do {
            let file = try folder.open(temporary, .create)
            let plain = try folder.open(frame.name(isGzip: false), .read).map()
            guard let coded = try GzipForm.write(plain.octets, to: file, with: Coding()) else {
                try folder.remove(temporary)
                return false
            }
            try file.sync()
            try folder.rename(temporary, to: frame.name(isGzip: true))
            try folder.sync()
            frame.addGzip(byteCount: coded)
            byteCount += coded
            return true
        } catch {
            // What can't be removed now is removed at the next start.
            try? folder.remove(temporary)
            throw error
        }
    }

    /// Removes keys whose time is over, gives up the frames that retention doesn't keep, and returns them,
    /// oldest first. Their files are there until `removeRetired`, for whoever has not heard of it yet.
    ///
    /// - Parameter now: the frame clock.
    /// - Throws: `SystemError`, and has removed none.
    package func retire(now: UInt64) throws -> [StoredFrame] {
        keyFolder.removeExpired(now: now)
        let excess = Array(frames.prefix(retention.excess(in: frames, byteCount: byteCount, now: now)))
        if !excess.isEmpty {
            var retired = self.retired
            for frame in excess { retired.add(start: frame.startTimestamp, end: frame.endTimestamp) }
            // First what says that they are gone: where a crash leaves their files, the next start removes
            // them.
            try RetiredFrames.save(retired, storedThrough: storedThrough ?? 0, in: folder)
            self.retired = retired
            frames.removeFirst(excess.count)
            for frame in excess {
                byteCount -= Self.byteCount(of: frame)
                if frame.gzipByteCount != nil { leftovers.append(frame.name(isGzip: true)) }
                leftovers.append(frame.name(isGzip: false))
            }
            givenUp += excess
        }
        return excess
    }

    /// Removes the files of retired frames, as far as that goes; the rest is tried again the next time, and
    /// at the next start.
    package func removeRetired() {
        for frame in givenUp { frame.unmap() }
        givenUp = []
        leftovers.removeAll { name in
            do throws(SystemError) {
                try folder.remove(name)
                return true
            } catch {
                return error.code == SystemError.noSuchEntry
            }
        }
    }

    /// What checks the frames that were found, on another thread.
    package func checker<Decoding: ContentDecoding & ~Copyable>(
        _: Decoding.Type
    ) -> FrameChecker<Volume, Digest, Decoding> {
        FrameChecker(frames, in: folder)
    }

    /// Whether retention removed a frame with this start.
    package func wasRetired(id: UInt64) -> Bool { retired.contains(start: id) }

    private static func byteCount(of frame: StoredFrame) -> UInt64 {
        frame.byteCount + (frame.gzipByteCount ?? 0)
    }
}
