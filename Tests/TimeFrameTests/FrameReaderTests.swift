// Shows that the reader refuses every kind of broken frame, at its octet and in both field orders, beyond the
// golden ones; that no size however large makes it trap or take memory; and that it accepts what is odd but
// legal.
import Testing
import TimeFrame

/// Puts frames together from raw numbers, so that any of them can be wrong.
private struct RawFrame {
    var version: UInt16 = 1
    var metadataSize: UInt32?
    var dataSize: UInt64?
    var start: UInt64 = 0
    var end: UInt64 = 0
    var records: [UInt8] = []
    var items: [UInt8] = []

    static func octets(_ value: some FixedWidthInteger & UnsignedInteger) -> [UInt8] {
        (0..<value.bitWidth / 8).reversed().map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
    }

    /// A record whose names stand in the order given, with the sizes given or their own.
    mutating func record(
        _ offset: UInt64, _ first: [UInt8], _ second: [UInt8], firstSize: UInt32? = nil,
        secondSize: UInt32? = nil
    ) {
        records += Self.octets(offset) + Self.octets(firstSize ?? UInt32(first.count))
        records += Self.octets(secondSize ?? UInt32(second.count)) + first + second
    }

    mutating func item(_ timestamp: UInt64, _ data: [UInt8], size: UInt64? = nil) {
        items += Self.octets(timestamp) + Self.octets(size ?? UInt64(data.count)) + data
    }

    var octets: [UInt8] {
        var octets = Self.octets(version) + Self.octets(metadataSize ?? UInt32(records.count))
        octets += Self.octets(dataSize ?? UInt64(items.count)) + Self.octets(start) + Self.octets(end)
        return octets + records + items
    }

    func fault(_ order: MetadataOrder = .typeFirst) -> FrameError? {
        do {
            _ = try FrameReader(octets.span, order: order)
            return nil
        } catch {
            return error
        }
    }

    func orderFound() throws -> MetadataOrder { try FrameReader(inEitherOrder: octets.span).order }
}

@Suite struct FrameReaderTests {
    private let a: [UInt8] = [0x61], b: [UInt8] = [0x62], t: [UInt8] = [0x74]

    @Test func bothOrdersNameTheRightField() {
        for (order, first, second) in [
            (MetadataOrder.typeFirst, FrameError.Reason.typePastEnd, FrameError.Reason.idPastEnd),
            (.idFirst, .idPastEnd, .typePastEnd),
        ] {
            var frame = RawFrame()
            frame.record(0, a, t, firstSize: .max)
            #expect(frame.fault(order) == FrameError(first, at: 38))
            frame.records = []
            frame.record(0, a, t, secondSize: .max)
            #expect(frame.fault(order) == FrameError(second, at: 42))
            frame.records = []
            frame.record(0, a, t, firstSize: .max, secondSize: .max)
            #expect(frame.fault(order) == FrameError(first, at: 38))
        }
    }

    @Test func namesMustBeText() {
        var frame = RawFrame()
        frame.record(0, [0xED, 0xA0, 0x80], a)
        #expect(frame.fault() == FrameError(.typeNotUTF8, at: 46))
        #expect(frame.fault(.idFirst) == FrameError(.idNotUTF8, at: 46))
        frame.records = []
        frame.record(0, a, [])
        #expect(frame.fault() == FrameError(.idEmpty, at: 47))
        #expect(frame.fault(.idFirst) == nil)
    }

    @Test func duplicatesAreFoundInBothOrders() {
        var frame = RawFrame()
        frame.record(0, a, t)
        frame.record(0, b, t)
        #expect(frame.fault(.typeFirst) == FrameError(.idDuplicate, at: 65))
        #expect(frame.fault(.idFirst) == nil)
    }

    @Test func aFrameIsFoundInEitherOrder() throws {
        var frame = RawFrame()
        frame.record(0, a, t)
        #expect(try frame.orderFound() == .typeFirst)
        frame.record(0, b, t)
        #expect(try frame.orderFound() == .idFirst)
        // Of what is a frame in neither order it is said what is wrong in the documentation's.
        frame.record(0, a, t)
        #expect(throws: FrameError(.idDuplicate, at: 65)) { try frame.orderFound() }
    }

    @Test func idsAreComparedByOctets() {
        var frame = RawFrame()
        frame.record(0, t, Array("\u{E9}".utf8))
        frame.record(0, t, Array("e\u{301}".utf8))
        #expect(frame.fault() == nil)
    }

    @Test func dataNeedsAChannel() {
        var frame = RawFrame()
        frame.item(1, [1])
        #expect(frame.fault() == FrameError(.dataWithoutChannel, at: 6))
    }

    @Test func metadataMayNotEndInsideARecordsNumbers() {
        for cut in 1..<16 {
            var frame = RawFrame()
            frame.records = [UInt8](repeating: 0, count: cut)
            #expect(frame.fault() == FrameError(.metadataCutsRecord, at: UInt64(30 + cut)))
        }
    }

    @Test func itemsMustEndWhereTheDataDoes() {
        var frame = RawFrame()
        frame.record(0, t, a)
        frame.item(1, [1, 2, 3])
        let whole = frame.items
        for cut in 1..<16 {
            frame.items = Array(whole.prefix(cut))
            #expect(frame.fault() == FrameError(.itemPastEnd, at: 48))
        }
        for cut in 16..<19 {
            frame.items = Array(whole.prefix(cut))
            #expect(frame.fault() == FrameError(.itemPastEnd, at: 56))
        }
        frame.items = whole
        #expect(frame.fault() == nil)
        for cut in 1..<16 {
            frame.items = whole + Array(whole.prefix(cut))
            #expect(frame.fault() == FrameError(.itemPastEnd, at: 48 + 19))
        }
    }

    @Test(
        arguments: [4, 1 << 31, 1 << 32, 1 << 62, 1 << 63 - 1, 1 << 63, .max - 16, .max - 15, .max]
            as [UInt64])
    func noSizeOverflows(size: UInt64) {
        var frame = RawFrame()
        frame.record(0, t, a)
        frame.record(0, t, b)
        frame.item(.max, [1, 2, 3], size: size)
        #expect(frame.fault() == FrameError(.itemPastEnd, at: 30 + 36 + 8))
        frame.items = []
        frame.item(.max, [1, 2, 3])
        frame.dataSize = max(size, 20)
        #expect(frame.fault() == FrameError(.dataPastEnd, at: 6))
        frame.dataSize = nil
        frame.records = []
        frame.record(max(size, 20), t, a)
        #expect(frame.fault() == FrameError(.offsetPastData, at: 30))
    }

    @Test func oddButLegal() throws {
        // No type, no items at both ends, a late item, the greatest timestamps, offsets that repeat.
        var frame = RawFrame(start: .max, end: .max)
        frame.record(0, [], a)
        frame.record(0, [], b)
        frame.record(16, [], t)
        frame.item(0, [])
        let octets = frame.octets
        let reader = try FrameReader(octets.span)
        #expect(reader.header.startTimestamp == .max && reader.header.endTimestamp == .max)
        var counts: [Int] = []
        for index in 0..<3 { counts.append(reader.channel(at: index).itemCount) }
        #expect(counts == [0, 1, 0])
        let channel = reader.channel(at: 1)
        #expect(channel.type.isEmpty && channel.payloadByteCount == 0)
        var items = channel.items
        if let item = items.next() {
            #expect(item.timestamp == 0 && item.data.isEmpty)
        } else {
            Issue.record("the item is missing")
        }
        for _ in 0..<2 {
            if items.next() != nil { Issue.record("an item too many") }
        }
    }

    @Test func aHundredThousandChannels() throws {
        let content = FrameContent(
            startTimestamp: 0, endTimestamp: 1,
            channels: (0..<100_000).map { .init(id: "channel/\($0)", type: "", items: []) })
        var octets = try content.encode()
        #expect(try FrameReader(octets.span).channelCount == 100_000)
        // The last id becomes the one before it: "channel/99999" and "channel/99998".
        octets[octets.count - 1] = UInt8(ascii: "8")
        let error = #expect(throws: FrameError.self) { try FrameContent(decoding: octets.span) }
        #expect(error == FrameError(.idDuplicate, at: UInt64(octets.count - 13)))
    }

    @Test func theHeaderAloneIsEnoughForTheSizes() throws {
        let octets = try Vectors.valid("two-channels", .typeFirst)
        let header = try FrameHeader(decoding: octets.span.extracting(0..<30))
        #expect(header.metadataByteCount == 57 && header.dataByteCount == 68 && header.frameByteCount == 155)
        #expect(header.startTimestamp == 1 && header.endTimestamp == 10)
        let uncountable = try Vectors.octets("invalid/data-size-overflows.frame")
        #expect(try FrameHeader(decoding: uncountable.span).frameByteCount == nil)
    }
}
