import Bytes
import Posix

/// What there is of a store: every file of the folder `frames`, and what is wrong with it. Changes nothing. A
/// running server may add and remove frames meanwhile.
struct StoreSurvey<
    Volume: Storage, Digest: ContentDigest & ~Copyable, Decoding: ContentDecoding & ~Copyable
> {
    /// A frame that the store should have and hasn't got whole.
    struct Broken {
        let name: FrameName
        /// Whether the frame's file is there, however damaged.
        let isThere: Bool
        /// Whether the gzip form is whole.
        var hasGzip: Bool
    }

    private(set) var findings: [Finding] = []
    /// Frames that can't be served as they are.
    private(set) var broken: [Broken] = []
    /// All files to be moved aside, those of `broken` included.
    private(set) var damagedFiles: [String] = []
    /// Every window that starts before it is in the store, or was; 0 where nothing is known.
    private(set) var storedThrough: UInt64 = 0
    /// What the file of retired frames says; nil where there is none, or it is damaged.
    private(set) var retired: (frames: RetiredFrames, storedThrough: UInt64)?
    private(set) var isRetiredDamaged = false
    /// The starts of the frames that are whole.
    private(set) var starts: Set<UInt64> = []
    private(set) var frameCount: UInt64 = 0
    private(set) var byteCount: UInt64 = 0

    private let folder: Volume
    private let proof: FrameProof<Volume, Digest, Decoding>

    init(_ folder: Volume, progress: (UInt64) -> Void) throws {
        self.folder = folder
        proof = FrameProof(folder: folder)
        var names: [FrameName] = []
        for name in try folder.names().sorted() {
            if let frame = FrameName(name) {
                names.append(frame)
            } else if name == RetiredFrames.fileName {
                try readRetired()
            } else if name.hasSuffix(".frame") || name.hasSuffix(".frame.gz") {
                damage(name, nil, "the name is no frame's", "--repair moves it aside")
            } else if !name.hasSuffix(".tmp") {
                findings.append(.note("frames/" + name, "no file of the store; it is left alone"))
            }
        }
        names.sort { ($0.start, $0.text) < ($1.start, $1.text) }
        storedThrough = retired?.storedThrough ?? 0
        let plain = names.filter { !$0.isGzip }
        var sound: [String: UInt64] = [:]
        for name in plain { try check(name, sound: &sound, progress: progress) }
        let there = Set(plain.map(\.text))
        for name in names where name.isGzip {
            try checkGzip(name, isThere: there.contains(name.plain.text), sound: sound, progress: progress)
        }
    }

    private mutating func damage(_ name: String, _ offset: Int?, _ detail: String, _ advice: String) {
        findings.append(.damage("frames/" + name, at: offset, detail, advice))
        damagedFiles.append(name)
    }

    private mutating func readRetired() throws {
        let name = RetiredFrames.fileName
        var octets = Buffer()
        let unreadable = try folder.open(name, .read).readWhole(into: &octets)
        byteCount += UInt64(octets.count)
        if let (frames, through) = RetiredFrames.decode(octets.octets), unreadable == nil {
            retired = (frames, through)
        } else if RetiredFrames.isOfLaterVersion(octets.octets) {
            findings.append(.unsupported("frames/" + name, at: 12, "a later version wrote the list"))
        } else {
            isRetiredDamaged = true
            damage(
                name, unreadable, "the list of removed frames is damaged",
                "--repair begins a new one: removed frames get 404 from then on instead of 410")
        }
    }

    private mutating func check(
        _ name: FrameName, sound: inout [String: UInt64], progress: (UInt64) -> Void
    ) throws {
        if isRetired(name) { return }
        do {
            let octetCount = try folder.byteCount(of: name.text)
            let end = try proof.check(name)
            frameCount += 1
            byteCount += octetCount
            storedThrough = max(storedThrough, end)
            progress(octetCount)
            if !starts.insert(name.start).inserted {
                damage(
                    name.text, nil, "another frame has the same start",
                    "--repair moves it aside, since the other one is what is served")
            }
            sound[name.text] = octetCount
        } catch let fault as FrameProof<Volume, Digest, Decoding>.Fault {
            storedThrough = max(storedThrough, name.afterStart)
            if fault.isUnsupported {
                findings.append(.unsupported("frames/" + name.text, at: fault.offset, fault.detail))
                return
            }
            damage(
                name.text, fault.offset, fault.detail,
                "--repair makes it anew from its gzip form or the log, or moves it aside; "
                    + "or restore it from a copy")
            broken.append(Broken(name: name, isThere: true, hasGzip: false))
        } catch let error as SystemError where error.isNotFound {
            // A running server's retention has removed it since.
        }
    }

    private mutating func checkGzip(
        _ name: FrameName, isThere: Bool, sound: [String: UInt64], progress: (UInt64) -> Void
    ) throws {
        if isRetired(name) { return }
        let frameByteCount = sound[name.plain.text]
        do {
            let octetCount = try folder.byteCount(of: name.text)
            try proof.inflate(name, byteCountMax: frameByteCount ?? .max)
            byteCount += octetCount
            progress(octetCount)
            if let place = broken.firstIndex(where: { $0.name == name.plain }) {
                broken[place].hasGzip = true
            } else if !isThere {
                storedThrough = max(storedThrough, name.afterStart)
                findings.append(
                    .damage(
                        "frames/" + name.plain.text, at: nil,
                        "the frame is missing, but its gzip form is there",
                        "--repair makes it anew; a start would remove the gzip form"))
                broken.append(Broken(name: name.plain, isThere: false, hasGzip: true))
            }
        } catch let fault as FrameProof<Volume, Digest, Decoding>.Fault {
            damage(
                name.text, fault.offset, fault.detail,
                "--repair moves it aside" + (frameByteCount == nil ? "" : "; the frame itself is whole"))
            if !isThere {
                storedThrough = max(storedThrough, name.afterStart)
                broken.append(Broken(name: name.plain, isThere: false, hasGzip: false))
            }
        } catch let error as SystemError where error.isNotFound {
            // As above.
        }
    }

    /// Whether retention has removed the frame, whose file goes with the next one's, or at the next start.
    private func isRetired(_ name: FrameName) -> Bool {
        retired?.frames.contains(start: name.start) == true
    }
}

extension FrameName {
    /// The name of the frame whose gzip form this is.
    var plain: FrameName { FrameName(start: start, digest: digest) }

    /// The least time by which the window may have ended, where nothing tells when it did.
    var afterStart: UInt64 { start == .max ? .max : start + 1 }
}
