import Bytes
import Posix

/// The segments of the log, and the writing of groups to the last of them. Used by one thread, the writer.
///
/// **What holds after an error.** A group that could not be written or synced was not acknowledged. Its
/// octets may be on the disk all the same, whole, and recovery would take them for accepted. So before anyone
/// hears of the error, the group is overwritten with zeros and synced: `takeBack`. Where that succeeds, the
/// items are in no frame, now or later, and where the error was that the disk is full, the log goes on at the
/// same place. Where it fails too, nobody can tell what a restart will find: the log closes, and its clients
/// get no answer, which promises nothing.
struct FileLog<Volume: Storage>: ~Copyable {
    private let volume: Volume
    private let stock: SegmentStock<Volume>
    private let settings: FrameLogSettings
    private var nextSalt: UInt64
    /// All segments, oldest first; groups go to the last.
    private(set) var segments: [Segment<Volume>]
    /// Where the next group begins.
    private(set) var tail: LogPosition
    /// Everything before it is on the disk.
    private(set) var durable: LogPosition
    /// The segment of the newest group: it says where the watermark is, so it stays.
    private(set) var newestGroupSegment: UInt32
    /// What the disk took to sync groups, so far.
    private(set) var syncing = SyncTime()

    init(
        _ volume: Volume, stock: SegmentStock<Volume>, settings: FrameLogSettings, salt: UInt64,
        segments: [Segment<Volume>], tail: LogPosition
    ) {
        self.volume = volume
        self.stock = stock
        self.settings = settings
        nextSalt = salt
        self.segments = segments
        self.tail = tail
        durable = tail
        newestGroupSegment = tail.segment
    }

    /// The octets that a group can have in the current segment. With seals it may use the room that items
    /// leave.
    func room(forSeals: Bool) -> Int {
        guard let segment = segments.last else { return 0 }
        let limit =
            forSeals ? segment.byteCount : segment.byteCount - GroupPlan.reserve(of: segment.byteCount)
        return limit - Int(tail.offset)
    }

    /// Writes a group, and returns once it is on the disk (or, with `Durability.memory` and without seals,
    /// once the system has it) with the position of its first record. Its clock and watermark are those
    /// before the group.
    mutating func write(
        _ plan: inout GroupPlan, watermark: UInt64, duration: UInt64, clock: UInt64
    ) throws(LogFailure) -> LogPosition {
        let segment = segments[segments.count - 1]
        let header = GroupHeader(
            salt: segment.header.salt, position: tail, recordsByteCount: UInt32(plan.byteCount),
            recordCount: UInt32(plan.recordCount), recordsChecksum: plan.recordsChecksum,
            duration: UInt32(duration),
            durable: durable, watermark: watermark, clock: clock)
        precondition(header.end.offset <= segment.byteCount, "a group lies in one segment")
        // A frame must not be stored before its seal is on the disk: another restart could fill its window
        // further.
        let isSynced = settings.durability == .disk || !plan.seals.isEmpty || plan.resume != nil
        do throws(SystemError) {
            try segment.file.write(plan.pieces(behind: header), at: UInt64(tail.offset))
            if isSynced {
                let start = Clock.monotonicMicroseconds()
                try segment.file.sync()
                syncing.count += 1
                syncing.microseconds += Clock.monotonicMicroseconds() - start
            }
        } catch {
            let error = SystemError(call: error.call, subject: segment.path, code: error.code)
            throw LogFailure(error: error, isTakenBack: takeBack(through: header.end))
        }
        let first = LogPosition(segment: tail.segment, offset: tail.offset + UInt32(GroupHeader.byteCount))
        newestGroupSegment = tail.segment
        tail = header.end
        if isSynced { durable = tail }
        return first
    }

    /// Goes on to a new segment, unless the current one is empty: recovery wants groups in all but the last.
    /// After an error the old one is current still.
    mutating func rotate() throws(LogFailure) {
        if !segments.isEmpty && tail.offset == SegmentHeader.sectorByteCount { return }
        do throws(SystemError) {
            // A group says how far the log is durable, in this segment or the one before: never further back.
            if durable < tail, let last = segments.last { try last.file.sync() }
        } catch {
            throw LogFailure(error: error, isTakenBack: false)
        }
        durable = tail
        let sequence = segments.isEmpty ? tail.segment : tail.segment + 1
        let header = SegmentHeader(
            sequence: sequence, segmentByteCount: UInt32(settings.segmentByteCount), salt: nextSalt)
        do throws(SystemError) {
            let blank = try stock.take()
            do throws(SystemError) {
                try blank.file.write(header.encoded().span, at: 0)
                try blank.file.sync()
                try volume.rename(blank.name, to: Segment<Volume>.name(of: sequence))
            } catch {
                // Recovery removes what can't be removed now.
                try? volume.remove(blank.name)
                throw error
            }
            try volume.sync()
            segments.append(Segment(header: header, file: blank.file, folder: volume))
        } catch {
            // Without a group in it the segment means nothing, and the next attempt replaces it.
            throw LogFailure(error: error, isTakenBack: true)
        }
        // Odd steps pass through all numbers, so no two segments of a run have the same salt.
        nextSalt &+= 0x9E37_79B9_7F4A_7C15
        tail = LogPosition(segment: sequence, offset: UInt32(SegmentHeader.sectorByteCount))
    }

    /// Removes the segments before `floor`, each durably before the next, so that a crash leaves no gap in
    /// the log.
    mutating func removeSegments(before floor: UInt32) throws(SystemError) {
        while let first = segments.first, first.sequence < min(floor, newestGroupSegment) {
            do throws(SystemError) {
                try volume.remove(first.name)
            } catch {
                if error.code != SystemError.noSuchEntry { throw error }
            }
            try volume.sync()
            segments.removeFirst()
        }
    }

    /// Overwrites the group that begins at the tail with zeros. Whether that is on the disk now.
    private func takeBack(through end: LogPosition) -> Bool {
        let file = segments[segments.count - 1].file
        let zeros = [UInt8](repeating: 0, count: min(1 << 20, Int(end.offset - tail.offset)))
        do throws(SystemError) {
            var offset = Int(tail.offset)
            while offset < Int(end.offset) {
                let count = min(zeros.count, Int(end.offset) - offset)
                try file.write(zeros.span.extracting(0..<count), at: UInt64(offset))
                offset += count
            }
            try file.sync()
            return true
        } catch {
            return false
        }
    }
}

/// How often something was synced, and for how long altogether.
package struct SyncTime: Sendable {
    package var count: UInt64 = 0
    package var microseconds: UInt64 = 0
}
