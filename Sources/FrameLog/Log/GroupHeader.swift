import Bytes

/// What a group begins with: the records that one commit wrote and synced together, which count all or not at
/// all.
///
/// | at | size | field |
/// | --- | --- | --- |
/// | 0 | 4 | "SLGR" |
/// | 4 | 4 | CRC-32C of the 56 octets after it |
/// | 8 | 8 | the segment's salt |
/// | 16 | 8 | the group's own position: segment, offset |
/// | 24 | 4 | octets of records that follow |
/// | 28 | 4 | how many records |
/// | 32 | 4 | CRC-32C of the records' checksums, 4 octets each, in their order |
/// | 36 | 4 | length of a window in milliseconds when the group was written |
/// | 40 | 8 | position before which everything was on the disk when the group was written |
/// | 48 | 8 | watermark when the group was written |
/// | 56 | 8 | frame clock when the group was written |
///
/// **Why a group says how far the log was durable.** After a crash a group may be torn: any of its sectors
/// may be missing. A group that was acknowledged may be damaged too, by the disk. The first must be cut off,
/// the second must stop the server, and by itself they look the same. But a group is only written once the
/// one before it is on the disk, and says so: so a group that can't be read is damaged where any later group
/// says that it was durable, and torn where none does. Only for the last group of all it can't be told, and
/// it counts as torn, with a warning.
///
/// **Why it says its position and the salt.** After damage, groups are looked for at every sector. A client
/// could post octets that look like a group and stop the next start with them, if it knew the salt.
struct GroupHeader: Equatable {
    static let byteCount = 64

    let salt: UInt64
    let position: LogPosition
    let recordsByteCount: UInt32
    let recordCount: UInt32
    let recordsChecksum: UInt32
    let duration: UInt32
    let durable: LogPosition
    let watermark: UInt64
    let clock: UInt64

    func encoded() -> [UInt8] {
        var rest: [UInt8] = []
        rest.reserveCapacity(Self.byteCount)
        rest.append(bigEndian: salt)
        rest.append(bigEndian: position.rawValue)
        rest.append(bigEndian: recordsByteCount)
        rest.append(bigEndian: recordCount)
        rest.append(bigEndian: recordsChecksum)
        rest.append(bigEndian: duration)
        rest.append(bigEndian: durable.rawValue)
        rest.append(bigEndian: watermark)
        rest.append(bigEndian: clock)
        var octets: [UInt8] = []
        octets.reserveCapacity(Self.byteCount)
        octets.append("SLGR")
        octets.append(bigEndian: CRC32C.checksum(rest.span))
        octets.append(copying: rest.span)
        return octets
    }

    init(
        salt: UInt64, position: LogPosition, recordsByteCount: UInt32, recordCount: UInt32,
        recordsChecksum: UInt32,
        duration: UInt32, durable: LogPosition, watermark: UInt64, clock: UInt64
    ) {
        self.salt = salt
        self.position = position
        self.recordsByteCount = recordsByteCount
        self.recordCount = recordCount
        self.recordsChecksum = recordsChecksum
        self.duration = duration
        self.durable = durable
        self.watermark = watermark
        self.clock = clock
    }

    /// Reads the header that stands at `offset` of a segment, or returns nil where there is none that belongs
    /// there.
    init?(in segment: Span<UInt8>, at offset: Int, header: SegmentHeader) {
        if offset > segment.count - Self.byteCount { return nil }
        let octets = segment.extracting(offset..<offset + Self.byteCount)
        if !octets.hasPrefix("SLGR") { return nil }
        let rest = octets.extracting(8..<Self.byteCount)
        if octets.bigEndian(at: 4, as: UInt32.self) != CRC32C.checksum(rest) { return nil }
        salt = rest.bigEndian(at: 0, as: UInt64.self)
        position = LogPosition(rawValue: rest.bigEndian(at: 8, as: UInt64.self))
        recordsByteCount = rest.bigEndian(at: 16, as: UInt32.self)
        recordCount = rest.bigEndian(at: 20, as: UInt32.self)
        recordsChecksum = rest.bigEndian(at: 24, as: UInt32.self)
        duration = rest.bigEndian(at: 28, as: UInt32.self)
        durable = LogPosition(rawValue: rest.bigEndian(at: 32, as: UInt64.self))
        watermark = rest.bigEndian(at: 40, as: UInt64.self)
        clock = rest.bigEndian(at: 48, as: UInt64.self)
        if Int(recordsByteCount) > segment.count { return nil }
        if salt != header.salt || position != LogPosition(segment: header.sequence, offset: UInt32(offset)) {
            return nil
        }
    }

    /// Reads the header at `offset`, and checks all its records. Nil where the group isn't whole.
    init?(checking segment: Span<UInt8>, at offset: Int, header: SegmentHeader) {
        self.init(in: segment, at: offset, header: header)
        if Int(end.offset) > segment.count { return nil }
        var records = segment.extracting(recordsRange)
        var count = 0
        var checksums = CRC32C()
        while !records.isEmpty {
            guard let record = Record(checking: records) else { return nil }
            var octets = InlineArray<4, UInt8>(repeating: 0)
            for index in 0..<4 { octets[index] = records[4 + index] }
            checksums.update(octets.span)
            count += 1
            records = records.extracting(record.byteCount..<records.count)
        }
        if count != Int(recordCount) || checksums.value != recordsChecksum { return nil }
    }

    /// Whether a writer can have written it. A check sum that is right doesn't say so.
    var isPossible: Bool {
        durable <= position && max(watermark, clock) <= Record.timeMax
            && (duration == 0 || watermark % UInt64(duration) == 0)
    }

    /// Where the records stand in the segment.
    var recordsRange: Range<Int> {
        let start = Int(position.offset) + Self.byteCount
        return start..<start + Int(recordsByteCount)
    }

    /// Where the next group begins.
    var end: LogPosition {
        LogPosition(
            segment: position.segment, offset: UInt32(SegmentHeader.aligned(recordsRange.upperBound)))
    }
}
