import Bytes
import Posix
import TimeFrame

/// Makes damaged frames anew where their gzip form or the log still gives exactly their octets, and moves
/// what is damaged aside.
///
/// A window whose frame was in the store is never sealed again, whatever became of the frame: viewers may
/// have it. So before anything is moved, the file of retired frames says up to where the store was.
struct StoreRepair<
    Volume: Storage, Digest: ContentDigest & ~Copyable, Decoding: ContentDecoding & ~Copyable
> {
    /// A frame made anew that waits for the damaged one to go.
    private static var newSuffix: String { ".new" }

    let folder: Volume
    let aside: DamagedFiles<Volume>

    /// Puts frames that an interrupted repair made anew where they belong.
    func resume() throws {
        for name in try folder.names() where name.hasSuffix(Self.newSuffix) {
            guard let frame = FrameName(String(name.dropLast(Self.newSuffix.count))) else { continue }
            try place(frame)
        }
        try folder.sync()
    }

    /// Repairs what `survey` found.
    ///
    /// - Parameter storedThrough: at least as far as any frame.
    /// - Returns: the frames that were made anew, and those that are lost.
    func run(
        _ survey: StoreSurvey<Volume, Digest, Decoding>, storedThrough: UInt64,
        log: LogSurvey<Volume>?, logFolder: Volume?
    ) throws -> (rescued: [FrameName], lost: [LostFrame]) {
        var wanted = survey.broken.filter { !survey.starts.contains($0.name.start) }
        var rescued: [FrameName] = []
        var unreadable: [String] = []
        for broken in wanted where broken.hasGzip {
            if let coded = try inflate(broken.name) {
                unreadable.append(coded)
            } else {
                rescued.append(broken.name)
            }
        }
        wanted.removeAll { rescued.contains($0.name) }
        if let log, let logFolder, !wanted.isEmpty {
            var rescue = FrameRescue<Volume, Digest>(
                wanted.map(\.name), in: folder, newSuffix: Self.newSuffix)
            var replay = LogReplay<Volume>(storedThrough: storedThrough)
            try replay.run(log.segments, in: logFolder, into: &rescue)
            rescued += rescue.rescued
            wanted.removeAll { rescue.rescued.contains($0.name) }
        }
        try folder.sync()
        let proof = FrameProof<Volume, Digest, Decoding>(folder: folder)
        var lost: [LostFrame] = []
        for broken in wanted {
            let name = broken.name.text
            lost.append(
                LostFrame(
                    start: broken.name.start, byteCount: broken.isThere ? try folder.byteCount(of: name) : 0,
                    itemCount: broken.isThere ? proof.itemCount(name) : nil))
        }
        if survey.isRetiredDamaged { try aside.take(RetiredFrames.fileName, from: folder) }
        if (survey.retired?.storedThrough ?? 0) < storedThrough {
            try RetiredFrames.save(
                survey.retired?.frames ?? RetiredFrames(), storedThrough: storedThrough, in: folder)
        }
        for name in survey.damagedFiles + unreadable where name != RetiredFrames.fileName {
            try aside.take(name, from: folder)
        }
        for name in rescued { try place(name) }
        try folder.sync()
        return (rescued.sorted { $0.start < $1.start }, lost)
    }

    /// Makes a frame anew from its gzip form. Returns the form's name where it can't be read any more, though
    /// the survey could.
    private func inflate(_ name: FrameName) throws -> String? {
        let coded = FrameName(start: name.start, digest: name.digest, isGzip: true)
        let temporary = "\(name.start).tmp"
        let file = try folder.open(temporary, .create)
        var position: UInt64 = 0
        do {
            try FrameProof<Volume, Digest, Decoding>(folder: folder).inflate(coded, byteCountMax: .max) {
                try file.write($0, at: position)
                position += UInt64($0.count)
            }
        } catch is FrameProof<Volume, Digest, Decoding>.Fault {
            try folder.remove(temporary)
            return coded.text
        }
        try file.sync()
        try folder.rename(temporary, to: name.text + Self.newSuffix)
        return nil
    }

    private func place(_ name: FrameName) throws {
        if try folder.names().contains(name.text) {
            try folder.remove(name.text + Self.newSuffix)
        } else {
            try folder.rename(name.text + Self.newSuffix, to: name.text)
        }
    }
}

/// A frame that nothing gives back.
package struct LostFrame: Sendable, Equatable {
    /// Its id: milliseconds since the UNIX epoch.
    package let start: UInt64
    /// Octets of the damaged file, 0 where there is none.
    package let byteCount: UInt64
    /// The items it had, or nil where that can't be read any more.
    package let itemCount: UInt64?
}
