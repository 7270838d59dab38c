import Posix

/// Puts a new log in the place of a damaged one, in steps that a crash can't break: until the new segments
/// are complete, the old ones are untouched, and from then on a marker (`InterruptedRepair`) keeps servers
/// out until they have changed places.
struct LogRepair<Volume: Storage> {
    let folder: Volume
    let aside: DamagedFiles<Volume>

    /// Brings a repair to its end that was interrupted after its new segments were complete, and removes what
    /// one left that was interrupted before.
    func resume() throws {
        let names = try folder.names()
        if let first = names.compactMap({ InterruptedRepair.sequence(of: $0) }).max() {
            try replace(from: first)
        }
        // These are this program's own, and copies of what is in the old segments.
        for name in try folder.names() where InterruptedRepair.newSegment(name) != nil {
            try folder.remove(name)
        }
    }

    /// Writes a new log of all that can be read, and moves the old one aside.
    ///
    /// - Parameters:
    ///   - state: what the windows are behind the last group; nil where no group can be read.
    ///   - salt: a number that no client can know.
    func run(
        _ survey: LogSurvey<Volume>, storedThrough: UInt64, state: LogState?, salt: UInt64
    ) throws {
        if let state { try write(survey, storedThrough: storedThrough, state: state, salt: salt) }
        let marker = InterruptedRepair.name(of: survey.nextSequence)
        try folder.open(marker, .create).sync()
        try folder.sync()
        try replace(from: survey.nextSequence)
    }

    private func write(
        _ survey: LogSurvey<Volume>, storedThrough: UInt64, state: LogState, salt: UInt64
    ) throws {
        do {
            let segmentByteCount = survey.segments.reduce(0) { max($0, Int($1.header.segmentByteCount)) }
            var rewriter = LogRewriter<Volume>(
                folder, segmentByteCount: segmentByteCount, firstSequence: survey.nextSequence, salt: salt)
            var replay = LogReplay<Volume>(storedThrough: storedThrough)
            try replay.run(survey.segments, in: folder, into: &rewriter)
            try rewriter.finish(replay.state ?? state)
        } catch {
            // Most likely the disk is full.
            for name in try folder.names()
            where name.hasSuffix(".tmp") || InterruptedRepair.newSegment(name) != nil {
                // What can't be removed now is removed by the next repair.
                try? folder.remove(name)
            }
            throw error
        }
    }

    /// Moves the segments before `first` aside, and the new ones to their places.
    private func replace(from first: UInt32) throws {
        for name in try folder.names().sorted() {
            guard let sequence = Segment<Volume>.sequence(of: name), sequence < first else { continue }
            try aside.take(name, from: folder)
        }
        for name in try folder.names().sorted() {
            guard let sequence = InterruptedRepair.newSegment(name), sequence >= first else { continue }
            try folder.rename(name, to: Segment<Volume>.name(of: sequence))
        }
        try folder.sync()
        try folder.remove(InterruptedRepair.name(of: first))
        try folder.sync()
    }
}
