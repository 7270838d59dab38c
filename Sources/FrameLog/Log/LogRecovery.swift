import Bytes
import Posix

/// What a log holds when it is opened: reads all segments, decides what is torn and what is damaged, and puts
/// the entries through the assembler.
///
/// The log ends with the last group that can be read before the first that can't. What follows it is cut off
/// where no readable group says that it was durable (`GroupHeader`), and is damage where one does.
///
/// Nothing in it is trusted because its check sum is right: what no writer writes is damage too.
struct LogRecovery<Volume: Storage> {
    /// The segments with groups in them, oldest first.
    private(set) var segments: [Segment<Volume>] = []
    /// Where the next group is to be written; where there is no segment, the sequence number of the next one.
    private(set) var tail = LogPosition(segment: 1, offset: 0)
    private(set) var assembler = Assembler()
    /// The windows that were sealed and not stored, oldest first, and the segments of their seals.
    private(set) var sealed: [(window: OpenWindow, sealSegment: UInt32)] = []
    /// The latest frame clock of all groups.
    private(set) var clock: UInt64 = 0
    private(set) var warnings: [String] = []

    private let volume: Volume
    private let storedThrough: UInt64
    private var hasGroups = false
    /// What the last group says was on the disk before it.
    private var durable = LogPosition(segment: 0, offset: 0)

    /// Reads the log in `volume`. Windows that start before `storedThrough` are in the store already, and
    /// `keys` are what was known of uploads when the newest of those was sealed; what the log says behind
    /// that counts on.
    init(_ volume: Volume, storedThrough: UInt64, keys: StoredKeys = StoredKeys()) throws {
        assembler.keys.merge(keys.records)
        self.volume = volume
        self.storedThrough = storedThrough
        let sequences = try sweep()
        var octets = Buffer()
        var empty: [UInt32] = []
        for sequence in sequences {
            let name = Segment<Volume>.name(of: sequence)
            let file = try volume.open(name, .readWrite)
            octets.removeAll()
            _ = try file.read(at: 0, count: Int(file.byteCount()), into: &octets)
            let header = try SegmentHeader(decoding: octets.octets, sequence: sequence, path: file.path)
            let segment = Segment<Volume>(header: header, file: file, folder: volume)
            if try !read(octets.octets, of: segment) {
                empty.append(sequence)
                warn(of: octets.octets, from: SegmentHeader.sectorByteCount, in: file.path)
            } else if !empty.isEmpty {
                throw damaged(empty[0], SegmentHeader.sectorByteCount, "the segment's entries are missing")
            }
        }
        try drop(empty)
        assembler.drop(before: storedThrough)
        try secureTail(with: &octets)
        if let last = sequences.last, segments.isEmpty { tail = LogPosition(segment: last + 1, offset: 0) }
    }

    /// Removes what an interrupted run left unfinished, and returns the segments' numbers in order.
    private func sweep() throws -> [UInt32] {
        var sequences: [UInt32] = []
        let names = try volume.names()
        if let marker = names.first(where: { InterruptedRepair.sequence(of: $0) != nil }) {
            throw FrameLogError(
                reason: .corrupt, path: volume.path + "/" + marker, offset: nil,
                detail: "a repair of the log was interrupted")
        }
        for name in names {
            if name.hasSuffix(".tmp") {
                try volume.remove(name)
            } else if let sequence = Segment<Volume>.sequence(of: name) {
                sequences.append(sequence)
            }
        }
        sequences.sort()
        for index in sequences.indices.dropFirst() where sequences[index] != sequences[index - 1] + 1 {
            throw damaged(sequences[index - 1] + 1, nil, "the segment is missing, but later ones are there")
        }
        return sequences
    }

    /// Applies a segment's groups, and returns whether there are any.
    private mutating func read(_ octets: Span<UInt8>, of segment: Segment<Volume>) throws -> Bool {
        var offset = SegmentHeader.sectorByteCount
        let isFirst = segments.isEmpty
        var count = 0
        while let group = GroupHeader(checking: octets, at: offset, header: segment.header) {
            if count == 0 && !isFirst && group.durable != tail {
                throw damaged(tail.segment, Int(tail.offset), "entries that were on the disk can't be read")
            }
            try apply(group, octets, of: segment)
            offset = Int(group.end.offset)
            tail = group.end
            count += 1
        }
        // A later group that can be read says whether what can't be read here was on the disk.
        let stop = LogPosition(segment: segment.sequence, offset: UInt32(offset))
        var later = offset + SegmentHeader.sectorByteCount
        while later < octets.count {
            if let group = GroupHeader(in: octets, at: later, header: segment.header), group.durable > stop {
                throw damaged(segment.sequence, offset, "entries that were on the disk can't be read")
            }
            later += SegmentHeader.sectorByteCount
        }
        if count > 0 { segments.append(segment) }
        return count > 0
    }

    private mutating func apply(_ group: GroupHeader, _ octets: Span<UInt8>, of segment: Segment<Volume>)
        throws
    {
        if !hasGroups {
            let keys = assembler.keys
            assembler = Assembler(watermark: group.watermark, duration: UInt64(group.duration))
            assembler.keys = keys
            hasGroups = true
        }
        let start = Int(group.position.offset)
        if group.watermark != assembler.watermark || UInt64(group.duration) != assembler.duration {
            throw damaged(segment.sequence, start, "entries before this place are missing")
        }
        if !group.isPossible {
            throw damaged(segment.sequence, start, "the commit can't stand where it stands")
        }
        clock = max(clock, group.clock)
        durable = group.durable
        var offset = group.recordsRange.lowerBound
        while offset < group.recordsRange.upperBound {
            let rest = octets.extracting(offset..<group.recordsRange.upperBound)
            let byteCount = Int(rest.bigEndian(at: 0, as: UInt32.self))
            try apply(rest.extracting(0..<byteCount), at: offset, of: segment)
            offset += byteCount
        }
    }

    /// Applies a record. A window that the store has, and whose seal was cut off with the end of an earlier
    /// log, is given up before what follows: its items are in its frame.
    private mutating func apply(_ octets: Span<UInt8>, at offset: Int, of segment: Segment<Volume>) throws {
        let position = LogPosition(segment: segment.sequence, offset: UInt32(offset))
        let misplaced = damaged(segment.sequence, offset, "the entry can't stand where it stands")
        switch Record.kind(of: octets) {
        case .item, .keyedItem:
            guard let item = ItemRecord(decoding: octets), assembler.duration > 0,
                octets.extracting(item.id).isUTF8, octets.extracting(item.type).isUTF8
            else { throw misplaced }
            // What was taken once was within the limits of then.
            let admission = assembler.admit(
                id: octets.extracting(item.id), type: octets.extracting(item.type), timestamp: item.timestamp,
                channelsMax: .max, itemsMax: .max)
            guard case .slot(let slot) = admission else { throw misplaced }
            assembler.apply(
                slot, position: position, byteCount: octets.count, payloadByteCount: item.payload.count)
            if let place = item.place {
                assembler.note(place, in: slot)
                assembler.keys.commit()
            }
        case .seal:
            guard let window = Record.control(of: octets) else { throw misplaced }
            assembler.drop(before: min(window.first, storedThrough))
            if !assembler.canSeal(window.first, window.second) { throw misplaced }
            let ended = assembler.seal(start: window.first, end: window.second)
            if ended.start >= storedThrough { sealed.append((ended, segment.sequence)) }
        case .resume:
            guard let resume = Record.control(of: octets) else { throw misplaced }
            assembler.drop(before: min(resume.first, storedThrough))
            if !assembler.canResume(from: resume.first, resume.second) { throw misplaced }
            assembler.resume(from: resume.first, duration: resume.second)
        case nil:
            throw FrameLogError(
                reason: .unsupported, path: segment.path, offset: UInt64(offset),
                detail: "an entry of a kind that this program doesn't know: use a later version")
        }
    }

    /// Removes segments behind the last group, latest first, so that a crash leaves no gap.
    private func drop(_ sequences: [UInt32]) throws {
        for sequence in sequences.reversed() {
            try volume.remove(Segment<Volume>.name(of: sequence))
            try volume.sync()
        }
    }

    /// Makes sure that all groups are on the disk, and overwrites what follows the last one with zeros.
    ///
    /// What a process wrote that was killed may be in the system's memory only. Where a sync of it had
    /// failed, it is there and counts as written, and a sync alone would do nothing and succeed (fsync(2)):
    /// so what no later group vouches for is written again. In the same way the disk may have a group behind
    /// the last one that the system's memory has not: a sector of zeros where it would begin takes it away
    /// for good, or a power failure would bring it back.
    private mutating func secureTail(with octets: inout Buffer) throws {
        guard let last = segments.last else { return }
        octets.removeAll()
        _ = try last.file.read(at: 0, count: last.byteCount, into: &octets)
        let torn = warn(of: octets.octets, from: Int(tail.offset), in: last.path)
        let end = min(max(torn, Int(tail.offset) + SegmentHeader.sectorByteCount), octets.count)
        let doubtful = durable.segment == last.sequence ? Int(durable.offset) : SegmentHeader.sectorByteCount
        try last.file.write(octets.octets.extracting(doubtful..<Int(tail.offset)), at: UInt64(doubtful))
        try last.file.write(
            [UInt8](repeating: 0, count: end - Int(tail.offset)).span, at: UInt64(tail.offset))
        try last.file.sync()
    }

    /// Says how many octets are dropped behind `start`, and returns where the last of them ends.
    @discardableResult
    private mutating func warn(of octets: Span<UInt8>, from start: Int, in path: String) -> Int {
        var end = octets.count
        while end > start && octets[end - 1] == 0 { end -= 1 }
        if end > start {
            warnings.append(
                "\(path) at octet \(start): dropped \(end - start) octets of a commit that was torn")
        }
        return end
    }

    private func damaged(_ sequence: UInt32, _ offset: Int?, _ detail: String) -> FrameLogError {
        FrameLogError(
            reason: .corrupt, path: volume.path + "/" + Segment<Volume>.name(of: sequence),
            offset: offset.map(UInt64.init), detail: detail)
    }
}
