import Posix

/// What a check of a data directory found, and what a repair did.
package struct DirectoryReport: Sendable {
    /// In the order: store, keys of uploads, log.
    package internal(set) var findings: [Finding] = []
    package internal(set) var segmentCount: UInt64 = 0
    package internal(set) var frameCount: UInt64 = 0
    /// Items in the log, those of stored frames included.
    package internal(set) var itemCount: UInt64 = 0
    /// Items in the log that are in no frame yet.
    package internal(set) var waitingItemCount: UInt64 = 0
    /// Octets of all files that were checked.
    package internal(set) var byteCount: UInt64 = 0
    /// What can't be read of the log.
    package internal(set) var lost = LostEntries()

    /// Whether everything is as it was written.
    package var isSound: Bool { findings.allSatisfy { $0.kind == .note } }
    /// Whether a later version of this program wrote something.
    package var isUnsupported: Bool { findings.contains { $0.kind == .unsupported } }
}

/// What a repair did.
package struct RepairReport: Sendable {
    /// What there was to repair.
    package let before: DirectoryReport
    /// Files that were moved, both names relative to the data directory.
    package let moves: [(from: String, to: String)]
    /// Frames that were made anew, by their starts.
    package let rescued: [UInt64]
    /// Frames that nothing gives back.
    package let lostFrames: [LostFrame]
    /// The check after it.
    package let after: DirectoryReport
}

/// Checks and repairs a data directory: its log, its store, and whether they fit together.
package struct DirectoryCheck<
    Volume: Storage, Digest: ContentDigest & ~Copyable, Decoding: ContentDecoding & ~Copyable
> {
    /// How often damage to the log is looked at again: a running server writes while it is read.
    private static var attemptsMax: Int { 4 }

    private let volume: Volume
    private let progress: (_ done: UInt64, _ total: UInt64) -> Void

    /// - Parameters:
    ///   - volume: the data directory.
    ///   - progress: hears now and then how many octets of how many were checked.
    package init(
        _ volume: Volume, progress: @escaping (_ done: UInt64, _ total: UInt64) -> Void = { _, _ in }
    ) {
        self.volume = volume
        self.progress = progress
    }

    /// Whether the directory has a log or a store.
    ///
    /// - Throws: `SystemError`.
    package func isDataDirectory() throws -> Bool {
        try volume.existingFolder("log") != nil || volume.existingFolder("frames") != nil
    }

    /// Reads everything and changes nothing. A server may be running: what it writes meanwhile is no damage.
    ///
    /// - Throws: `SystemError`.
    package func check() throws -> DirectoryReport { try survey(attemptsMax: Self.attemptsMax).report }

    /// Repairs what is damaged. The caller holds the directory's lock.
    ///
    /// - Parameter salt: a number that no client can know.
    /// - Throws: `SystemError`, after which another repair goes on; `FrameLogError` where a later version of
    ///   this program wrote something.
    package func repair(salt: UInt64 = .random(in: 1 ... .max)) throws -> RepairReport {
        let log = try volume.existingFolder("log")
        let frames = try volume.existingFolder("frames")
        let asideLog = DamagedFiles(of: "log", in: volume)
        let asideFrames = DamagedFiles(of: "frames", in: volume)
        let logRepair = log.map { LogRepair(folder: $0, aside: asideLog) }
        let storeRepair = frames.map {
            StoreRepair<Volume, Digest, Decoding>(folder: $0, aside: asideFrames)
        }
        try logRepair?.resume()
        try storeRepair?.resume()
        let found = try survey(attemptsMax: 1)
        if let finding = found.report.findings.first(where: { $0.kind == .unsupported }) {
            throw FrameLogError(
                reason: .unsupported, path: volume.path + "/" + finding.file, offset: finding.offset,
                detail: "\(finding.detail): \(finding.advice); nothing was changed")
        }
        var rescued: [FrameName] = []
        var lost: [LostFrame] = []
        if let storeRepair, let store = found.store, !store.damagedFiles.isEmpty || !store.broken.isEmpty {
            (rescued, lost) = try storeRepair.run(
                store, storedThrough: found.storedThrough, log: found.log, logFolder: log)
        }
        let asideKeys = DamagedFiles(of: "keys", in: volume)
        if let keys = try volume.existingFolder("keys") {
            for name in found.damagedKeyFiles { try asideKeys.take(name, from: keys) }
        }
        if let logRepair, let survey = found.log, found.isLogDamaged {
            try logRepair.run(
                survey, storedThrough: found.storedThrough, state: found.state, salt: salt)
        }
        return RepairReport(
            before: found.report, moves: asideFrames.moves + asideKeys.moves + asideLog.moves,
            rescued: rescued.map(\.start),
            lostFrames: lost, after: try survey(attemptsMax: 1).report)
    }

    private struct Found {
        var report = DirectoryReport()
        var store: StoreSurvey<Volume, Digest, Decoding>?
        var log: LogSurvey<Volume>?
        /// Up to where windows are in the store, or have to be taken for stored.
        var storedThrough: UInt64 = 0
        var state: LogState?
        var isLogDamaged = false
        var damagedKeyFiles: [String] = []
    }

    private func survey(attemptsMax: Int) throws -> Found {
        var found = Found()
        let frames = try volume.existingFolder("frames")
        let log = try volume.existingFolder("log")
        var done: UInt64 = 0
        // A segment is read twice: to see what there is, and to follow it.
        let total = try Self.byteCount(of: frames) + 2 * Self.byteCount(of: log)
        func advance(_ octets: UInt64) {
            done += octets
            progress(min(done, total), total)
        }
        // The store first: a frame's seal is on the disk before the frame is.
        if let frames {
            let store = try StoreSurvey<Volume, Digest, Decoding>(frames, progress: advance)
            found.report.findings = store.findings
            found.report.frameCount = store.frameCount
            found.report.byteCount = store.byteCount
            found.storedThrough = store.storedThrough
            found.store = store
        }
        if let keys = try volume.existingFolder("keys") {
            let survey = try KeySurvey(keys)
            found.report.findings += survey.findings
            found.report.byteCount += survey.byteCount
            found.damagedKeyFiles = survey.damagedFiles
        }
        if let log { try survey(log, &found, attemptsMax: attemptsMax, advance) }
        return found
    }

    private func survey(
        _ folder: Volume, _ found: inout Found, attemptsMax: Int, _ advance: (UInt64) -> Void
    ) throws {
        var attempt = 1
        while true {
            let survey = try LogSurvey(folder, progress: advance)
            var sink = NoSink<Volume>()
            var replay = LogReplay<Volume>(storedThrough: found.storedThrough)
            try replay.run(survey.segments, in: folder, into: &sink, progress: advance)
            let findings = survey.findings + replay.findings
            let isDamaged = findings.contains { $0.kind == .damage }
            if isDamaged && attempt < attemptsMax {
                attempt += 1
                continue
            }
            found.isLogDamaged = isDamaged
            found.report.findings += findings
            found.report.segmentCount = UInt64(survey.fileCount)
            found.report.itemCount = replay.itemCount
            found.report.waitingItemCount = replay.keptItemCount
            found.report.byteCount += survey.byteCount
            found.report.lost = replay.lost
            found.log = survey
            found.state = replay.state
            relate(replay.state, &found)
            return
        }
    }

    /// Looks whether log and store fit together.
    private func relate(_ state: LogState?, _ found: inout Found) {
        guard let state else { return }
        if found.storedThrough > state.watermark && !found.isLogDamaged {
            found.report.findings.append(
                .note("log", "it ends before the newest frame does: commits at its end may be missing"))
        }
        guard let store = found.store, store.isRetiredDamaged, store.storedThrough == 0 else { return }
        // All frames were removed, and what said up to where is damaged: a window that was sealed has been in
        // the store, but for the last.
        found.storedThrough = state.watermark
    }

    private static func byteCount(of folder: Volume?) throws -> UInt64 {
        guard let folder else { return 0 }
        var sum: UInt64 = 0
        for name in try folder.names() {
            do throws(SystemError) {
                sum += try folder.byteCount(of: name)
            } catch {
                if !error.isNotFound { throw error }
            }
        }
        return sum
    }
}

/// Takes nothing. A class, since ThreadSanitizer takes the places of two empty structs for one.
private final class NoSink<Volume: Storage>: ReplaySink {
    func keep(_ record: Span<UInt8>, state: LogState) {}
    func seal(_ window: OpenWindow, segments: [Segment<Volume>]) {}
}
