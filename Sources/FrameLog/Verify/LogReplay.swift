import Bytes

/// Takes what a replay of the log gives, in the log's order.
protocol ReplaySink: ~Copyable {
    associatedtype Volume: Storage

    /// A record that is still to be in the log: an item of a window that the store doesn't have, a seal, or a
    /// resume. `state` is what the windows were before it.
    mutating func keep(_ record: Span<UInt8>, state: LogState) throws
    /// A window that was sealed, and the segments read so far.
    mutating func seal(_ window: OpenWindow, segments: [Segment<Volume>]) throws
}

/// What a group's header says of the windows and the clock.
struct LogState: Equatable {
    var watermark: UInt64 = 0
    var duration: UInt64 = 0
    var clock: UInt64 = 0
}

/// Puts what can be read of a log through an assembler, and past what can't be read brings the windows to
/// where the next group says that they were.
///
/// A group says by itself which windows were open when it was written, so no item is put into another window
/// than it was accepted for, whatever is missing before it. Windows whose seal is missing are sealed there.
struct LogReplay<Volume: Storage> {
    private(set) var findings: [Finding] = []
    private(set) var lost = LostEntries()
    private(set) var groupCount: UInt64 = 0
    private(set) var itemCount: UInt64 = 0
    /// Items of windows that the store doesn't have.
    private(set) var keptItemCount: UInt64 = 0
    /// What the windows are behind the last group; nil where there is no group.
    private(set) var state: LogState?

    private let storedThrough: UInt64
    private var assembler = Assembler()
    private var segments: [Segment<Volume>] = []
    /// Whether something before the next group is known to be missing.
    private var isBehindDamage = false
    private var file = ""

    /// Windows that start before `storedThrough` are in the store.
    init(storedThrough: UInt64) { self.storedThrough = storedThrough }

    /// - Parameter folder: where the segments are.
    /// - Throws: `SystemError`, or what the sink throws.
    mutating func run<Sink: ReplaySink & ~Copyable>(
        _ surveyed: [LogSurvey<Volume>.Surveyed], in folder: Volume, into sink: inout Sink,
        progress: (UInt64) -> Void = { _ in }
    ) throws where Sink.Volume == Volume {
        var octets = Buffer()
        for segment in surveyed {
            if segment.isBehindGap { isBehindDamage = true }
            if segment.isBehindGap { lost.missPart(from: state?.watermark ?? storedThrough) }
            _ = try segment.file.readWhole(into: &octets)
            segments.append(Segment(header: segment.header, file: segment.file, folder: folder))
            file = "log/" + segment.name
            for part in segment.parts {
                try take(part, octets.octets, into: &sink)
            }
            progress(UInt64(octets.count))
        }
        lost.close(storedThrough: storedThrough)
    }

    private mutating func take<Sink: ReplaySink & ~Copyable>(
        _ part: SegmentScan.Part, _ octets: Span<UInt8>, into sink: inout Sink
    ) throws where Sink.Volume == Volume {
        guard let group = part.group else {
            lost.miss(octetCount: part.range.count)
            lost.missPart(from: state?.watermark ?? storedThrough)
            isBehindDamage = true
            return
        }
        let isBroken = part.content == .broken
        lost.reach(group)
        if try !group.isPossible || !move(to: group, into: &sink) {
            report(group.position, "the commit doesn't fit behind what is before it")
            lost.miss(group, octetCount: part.range.count, entryCount: Int(group.recordCount))
            isBehindDamage = true
            return
        }
        isBehindDamage = isBroken
        groupCount += 1
        let records = SalvagedRecords(octets, of: group)
        var left = 0
        for range in records.ranges {
            let position = LogPosition(segment: group.position.segment, offset: UInt32(range.lowerBound))
            if try !apply(octets.extracting(range), at: position, into: &sink) { left += 1 }
        }
        // A header that was made up may say fewer than there are.
        let missing = max(0, Int(group.recordCount) - records.ranges.count + left)
        if isBroken || missing > 0 {
            let kept = records.ranges.reduce(0) { $0 + $1.count }
            lost.miss(group, octetCount: max(0, group.recordsRange.count - kept), entryCount: missing)
        }
    }

    /// Brings the windows to where `group` says that they were. False where no log can have come there.
    private mutating func move<Sink: ReplaySink & ~Copyable>(
        to group: GroupHeader, into sink: inout Sink
    ) throws -> Bool where Sink.Volume == Volume {
        let duration = UInt64(group.duration)
        let clock = max(state?.clock ?? 0, group.clock)
        guard state != nil else {
            assembler = Assembler(watermark: group.watermark, duration: duration)
            state = LogState(watermark: group.watermark, duration: duration, clock: clock)
            return true
        }
        state?.clock = clock
        if group.watermark == assembler.watermark && duration == assembler.duration { return true }
        if !isBehindDamage { report(group.position, "entries before this place are missing") }
        if !isBehindDamage { lost.missPart(from: assembler.watermark) }
        lost.reach(group)
        if group.watermark < assembler.watermark || duration == 0 || group.watermark % duration != 0 {
            return false
        }
        while let window = assembler.windows.first, window.start < group.watermark {
            if !assembler.canSeal(window.start, window.end) { return false }
            try insert(.seal, window.start, window.end, into: &sink)
        }
        if group.watermark == assembler.watermark && duration == assembler.duration { return true }
        if !assembler.canResume(from: group.watermark, duration) { return false }
        try insert(.resume, group.watermark, duration, into: &sink)
        return true
    }

    private mutating func insert<Sink: ReplaySink & ~Copyable>(
        _ kind: Record.Kind, _ first: UInt64, _ second: UInt64, into sink: inout Sink
    ) throws where Sink.Volume == Volume {
        var record: [UInt8] = []
        _ = Record.append(kind, first, second, to: &record)
        _ = try apply(record.span, at: .zero, into: &sink)
    }

    /// Applies a record as `LogRecovery` does. False, with a finding, where it can't stand where it stands.
    private mutating func apply<Sink: ReplaySink & ~Copyable>(
        _ record: Span<UInt8>, at position: LogPosition, into sink: inout Sink
    ) throws -> Bool where Sink.Volume == Volume {
        guard let before = state else { return false }
        var isKept = true
        switch Record.kind(of: record) {
        case .item, .keyedItem:
            guard let start = applyItem(record, at: position) else { return refuse(position) }
            itemCount += 1
            isKept = start >= storedThrough
            if isKept { keptItemCount += 1 }
        case .seal:
            guard let window = Record.control(of: record) else { return refuse(position) }
            assembler.drop(before: min(window.first, storedThrough))
            if !assembler.canSeal(window.first, window.second) { return refuse(position) }
            try sink.seal(assembler.seal(start: window.first, end: window.second), segments: segments)
        case .resume:
            guard let resume = Record.control(of: record) else { return refuse(position) }
            assembler.drop(before: min(resume.first, storedThrough))
            if !assembler.canResume(from: resume.first, resume.second) { return refuse(position) }
            assembler.resume(from: resume.first, duration: resume.second)
        case nil:
            findings.append(
                .unsupported(
                    file, at: Int(position.offset), "an entry of a kind that this program doesn't know"))
            return false
        }
        state?.watermark = assembler.watermark
        state?.duration = assembler.duration
        if isKept { try sink.keep(record, state: before) }
        return true
    }

    /// The start of the item's window, or nil where it can't be an item's record.
    private mutating func applyItem(_ record: Span<UInt8>, at position: LogPosition) -> UInt64? {
        guard let item = ItemRecord(decoding: record), assembler.duration > 0 else { return nil }
        let id = record.extracting(item.id)
        let type = record.extracting(item.type)
        if !id.isUTF8 || !type.isUTF8 { return nil }
        let admission = assembler.admit(
            id: id, type: type, timestamp: item.timestamp, channelsMax: .max, itemsMax: .max)
        guard case .slot(let slot) = admission else { return nil }
        assembler.apply(
            slot, position: position, byteCount: record.count, payloadByteCount: item.payload.count)
        return slot.windowStart
    }

    private mutating func refuse(_ position: LogPosition) -> Bool {
        report(position, "the entry can't stand where it stands")
        return false
    }

    private mutating func report(_ position: LogPosition, _ detail: String) {
        findings.append(.damage(file, at: Int(position.offset), detail, LogSurvey<Volume>.advice))
    }
}
