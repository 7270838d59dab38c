import Bytes

/// Writes what a replay keeps into new segments, which have the names of segments yet to be.
///
/// All of it is on the disk before any of it counts, so each group may say that everything before it is
/// durable.
struct LogRewriter<Volume: Storage>: ~Copyable, ReplaySink {
    /// Octets of records that make a group: a group's header costs little beside them.
    private static var groupByteCount: Int { 1 << 20 }

    private let folder: Volume
    private let stock: SegmentStock<Volume>
    private let segmentByteCount: Int
    private var nextSequence: UInt32
    private var salt: UInt64

    private var current: (header: SegmentHeader, blank: SegmentStock<Volume>.Blank)?
    private var tail: LogPosition
    private var pending: [UInt8] = []
    private var pendingCount: UInt32 = 0
    private var pendingState = LogState()
    private var checksums = CRC32C()

    /// - Parameters:
    ///   - segmentByteCount: at least that of any segment there was, so that all records find room.
    ///   - firstSequence: a number that no segment has had.
    init(_ folder: Volume, segmentByteCount: Int, firstSequence: UInt32, salt: UInt64) {
        self.folder = folder
        self.segmentByteCount = segmentByteCount
        self.salt = salt
        stock = SegmentStock(folder, segmentByteCount: segmentByteCount)
        nextSequence = firstSequence
        tail = LogPosition(segment: firstSequence, offset: 0)
    }

    mutating func seal(_ window: OpenWindow, segments: [Segment<Volume>]) {}

    mutating func keep(_ record: Span<UInt8>, state: LogState) throws {
        let room = GroupPlan.roomMax(segmentByteCount: segmentByteCount) - GroupHeader.byteCount
        if pendingCount > 0 && pending.count + record.count > min(room, Self.groupByteCount) { try flush() }
        if pendingCount == 0 { pendingState = state }
        pending.append(copying: record)
        pendingCount += 1
        var octets = InlineArray<4, UInt8>(repeating: 0)
        for index in 0..<4 { octets[index] = record[4 + index] }
        checksums.update(octets.span)
    }

    /// Writes the rest, and says where the windows and the clock are, also where no item is left.
    mutating func finish(_ state: LogState) throws {
        // Of windows that nothing readable has begun there is nothing to say.
        if state.duration > 0 && state.watermark % state.duration == 0 {
            var record: [UInt8] = []
            _ = Record.append(.resume, state.watermark, state.duration, to: &record)
            try keep(record.span, state: state)
        }
        try flush()
        try close()
    }

    private mutating func flush() throws {
        if pendingCount == 0 { return }
        let end = SegmentHeader.aligned(Int(tail.offset) + GroupHeader.byteCount + pending.count)
        if current == nil || end > segmentByteCount - GroupPlan.reserve(of: segmentByteCount) {
            try close()
            try begin()
        }
        guard let current else { return }
        let header = GroupHeader(
            salt: current.header.salt, position: tail, recordsByteCount: UInt32(pending.count),
            recordCount: pendingCount, recordsChecksum: checksums.value,
            duration: UInt32(pendingState.duration), durable: lastEnd ?? tail,
            watermark: pendingState.watermark, clock: pendingState.clock)
        try current.blank.file.write(header.encoded().span, at: UInt64(tail.offset))
        try current.blank.file.write(pending.span, at: UInt64(tail.offset) + UInt64(GroupHeader.byteCount))
        tail = header.end
        lastEnd = tail
        pending.removeAll(keepingCapacity: true)
        pendingCount = 0
        checksums = CRC32C()
    }

    /// Where the last group ends: what the next one calls durable, also in another segment.
    private var lastEnd: LogPosition?

    private mutating func begin() throws {
        let header = SegmentHeader(
            sequence: nextSequence, segmentByteCount: UInt32(segmentByteCount), salt: salt)
        // Odd steps pass through all numbers.
        salt &+= 0x9E37_79B9_7F4A_7C15
        nextSequence += 1
        let blank = try stock.take()
        try blank.file.write(header.encoded().span, at: 0)
        current = (header, blank)
        tail = LogPosition(segment: header.sequence, offset: UInt32(SegmentHeader.sectorByteCount))
    }

    private mutating func close() throws {
        guard let (header, blank) = current else { return }
        try blank.file.sync()
        let name = Segment<Volume>.name(of: header.sequence) + InterruptedRepair.newSuffix
        try folder.rename(blank.name, to: name)
        try folder.sync()
        current = nil
    }
}
