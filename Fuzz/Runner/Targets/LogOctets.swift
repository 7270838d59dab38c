// A log of any octets, with the check sums that belong to them, stops the start or is read, or is repaired
// and then read: what is in frames is what it says, and it is read the same the next time.
//
// Check sums that are right let the fuzzer reach what is behind them: a log is not to be trusted because its
// check sums are.
import Bytes
import FrameLog

/// The target `log-octets`: groups of records, one after the other, whose fields come from the input.
func fuzzLogOctets(_ input: Span<UInt8>) {
    var reading = Reading(input)
    let disk = MemoryDisk()
    var forging = LogForging()
    while !reading.isAtEnd { forging.appendGroup(&reading) }
    forging.write(to: disk)
    let now: UInt64 = 100_000
    do {
        guard var rig = try LogRig.openRepaired(disk, now: now) else { return }
        rig.pass(milliseconds: 20_000)
        var left = forging.items
        for (item, _) in rig.stored() {
            guard let count = left[item], count > 0 else { fatalError("an item that the log hasn't") }
            left[item] = count - 1
        }
        let stored = rig.store.frames.map(\.digest)
        let again: LogRig
        do {
            again = try LogRig(disk, now: rig.now)
        } catch {
            fatalError("a log that was opened can be opened again: \(error)")
        }
        require(again.ingest.warnings.isEmpty, "a log that was opened is whole")
        require(again.store.frames.map(\.digest) == stored, "a log is read the same twice")
    } catch {
        fatalError("a log is read or damaged, and nothing else: \(error)")
    }
}

/// Segments as `SegmentHeader`, `GroupHeader`, `Record` and `ItemRecord` draw them.
private struct LogForging {
    private static let groupByteCount = 64
    private static let sectorByteCount = 512

    /// How often the log has each item.
    private(set) var items: [SentItem: Int] = [:]
    private var segments: [[UInt8]] = [LogForging.header(1)]
    /// What the next group is to say, where the input says nothing else.
    private var watermark: UInt64 = 0
    private var duration: UInt64 = 0
    private var durable: UInt64 = 0

    private static func salt(_ sequence: Int) -> UInt64 { 0x0123_4567_89AB_CDEF &* UInt64(sequence) }

    private static func header(_ sequence: Int) -> [UInt8] {
        var rest: [UInt8] = []
        rest.append(bigEndian: UInt32(1))
        rest.append(bigEndian: UInt32(sequence))
        rest.append(bigEndian: UInt32(LogRig.segmentByteCount))
        rest.append(bigEndian: salt(sequence))
        var octets: [UInt8] = []
        octets.append("SYNCSLOG")
        octets.append(bigEndian: CRC32C.checksum(rest.span))
        return octets + rest + [UInt8](repeating: 0, count: sectorByteCount - 12 - rest.count)
    }

    /// Where the next group begins.
    private var position: UInt64 { UInt64(segments.count) << 32 | UInt64(segments[segments.count - 1].count) }

    mutating func appendGroup(_ reading: inout Reading) {
        let shape = reading.octet()
        if shape & 1 != 0 && segments.count < 4 {
            durable = position
            segments.append(Self.header(segments.count + 1))
        }
        var (watermark, duration, durable) = (self.watermark, self.duration, self.durable)
        if shape & 2 != 0 { watermark = reading.time() }
        if shape & 4 != 0 { duration = reading.time() }
        if shape & 8 != 0 { durable = UInt64(reading.octet()) << 32 | UInt64(reading.short()) }
        let clock = shape & 16 != 0 ? reading.time() : watermark

        var records: [UInt8] = []
        var checksums = CRC32C()
        let count = 1 + reading.octet() % 8
        for _ in 0..<count {
            let record = makeRecord(&reading)
            checksums.update(record.span.extracting(4..<8))
            records += record
        }
        let taken = segments[segments.count - 1].count
        let byteCount = Self.groupByteCount + records.count
        if taken + byteCount > LogRig.segmentByteCount { return }

        var rest: [UInt8] = []
        rest.append(bigEndian: Self.salt(segments.count))
        rest.append(bigEndian: position)
        rest.append(bigEndian: UInt32(records.count))
        rest.append(bigEndian: UInt32(shape & 32 != 0 ? reading.octet() : count))
        rest.append(bigEndian: checksums.value)
        rest.append(bigEndian: UInt32(truncatingIfNeeded: duration))
        rest.append(bigEndian: durable)
        rest.append(bigEndian: watermark)
        rest.append(bigEndian: clock)
        var group: [UInt8] = []
        group.append("SLGR")
        group.append(bigEndian: CRC32C.checksum(rest.span))
        group += rest + records
        let padding = (Self.sectorByteCount - group.count % Self.sectorByteCount) % Self.sectorByteCount
        group += [UInt8](repeating: 0, count: padding)
        if shape & 64 != 0 { group[reading.short() % group.count] ^= 0x10 }
        segments[segments.count - 1] += group
        self.durable = position
    }

    /// A record whose size and check sum are right.
    private mutating func makeRecord(_ reading: inout Reading) -> [UInt8] {
        let kind = reading.octet()
        var content: [UInt8] = []
        switch kind % 8 {
        case 0..<4: appendItem(isKeyed: kind % 8 == 3, &reading, to: &content)
        case 4: appendControl(kind: 2, &reading, to: &content)
        case 5, 6: appendControl(kind: 3, &reading, to: &content)
        default:
            content = [UInt8(reading.octet() % 6), UInt8(reading.octet() % 3)]
            content += reading.octets(reading.octet())
        }
        note(content)
        var record: [UInt8] = []
        record.append(bigEndian: UInt32(8 + content.count))
        record.append(bigEndian: CRC32C.checksum(content.span))
        return record + content
    }

    private mutating func appendItem(isKeyed: Bool, _ reading: inout Reading, to content: inout [UInt8]) {
        let timestamp = reading.time()
        let id = reading.octets(reading.octet() % 8)
        let type = reading.octets(reading.octet() % 8)
        content += [isKeyed ? 4 : 1, 0, UInt8(id.count), UInt8(type.count)]
        content.append(bigEndian: timestamp)
        if isKeyed {
            content += [UInt8](repeating: UInt8(reading.octet()), count: 16)
            content.append(bigEndian: reading.time())
            content.append(bigEndian: UInt64(reading.octet()))
        }
        let payload = reading.octets(reading.octet())
        content += id + type + payload
    }

    /// Counts the item that a record is, if it is one.
    private mutating func note(_ content: [UInt8]) {
        guard content.count >= 12, content[1] == 0, content[0] == 1 || content[0] == 4 else { return }
        let id = content[0] == 1 ? 12 : 44
        let type = id + Int(content[2])
        let data = type + Int(content[3])
        if data > content.count { return }
        let item = SentItem(
            channel: Array(content[id..<type]), type: Array(content[type..<data]),
            timestamp: content.span.bigEndian(at: 4, as: UInt64.self), data: Array(content[data...]))
        items[item, default: 0] += 1
    }

    /// A seal or a resume, after which a group says what it says, if it is true.
    private mutating func appendControl(kind: UInt8, _ reading: inout Reading, to content: inout [UInt8]) {
        let first = reading.time()
        let second = reading.time()
        content += [kind, 0]
        content.append(bigEndian: first)
        content.append(bigEndian: second)
        watermark = kind == 2 ? second : first
        if kind == 3 { duration = second }
    }

    func write(to disk: MemoryDisk) {
        for (index, segment) in segments.enumerated() {
            let rest = [UInt8](repeating: 0, count: LogRig.segmentByteCount - segment.count)
            disk["\(LogRig.path)/log/0000000\(index + 1).segment"] = segment + rest
        }
    }
}
