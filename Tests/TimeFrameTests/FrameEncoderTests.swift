// Shows that the encoder hands a frame on in bounded pieces, however many items it has and however their data
// comes, and that it refuses to write or to finish whatever disagrees with the layout, or that its sink
// doesn't take.
import Bytes
import Testing
import TimeFrame

@Suite struct FrameEncoderTests {
    /// A layout with two channels of two octets, one without items between them.
    private func layout() throws -> FrameLayout {
        var layout = try FrameLayout(startTimestamp: 0, endTimestamp: 10)
        try layout.addChannel(id: [0x61], type: [], itemCount: 2, payloadByteCount: 2)
        try layout.addChannel(id: [0x62], type: [], itemCount: 0, payloadByteCount: 0)
        try layout.addChannel(id: [0x63], type: [], itemCount: 1, payloadByteCount: 2)
        return layout
    }

    private let content = FrameContent(
        startTimestamp: 0, endTimestamp: 10,
        channels: [
            .init(
                id: "a", type: "", items: [.init(timestamp: 1, data: [1]), .init(timestamp: 2, data: [2])]),
            .init(id: "b", type: "", items: []),
            .init(id: "c", type: "", items: [.init(timestamp: 3, data: [3, 4])]),
        ])

    @Test func writesItemsWholeAndInPieces() throws {
        var sink = PieceCollector()
        var encoder = try FrameEncoder(layout(), into: &sink)
        try encoder.write(timestamp: 1, data: [1].span, into: &sink)
        try encoder.write(timestamp: 2, data: [2].span, into: &sink)
        try encoder.beginItem(timestamp: 3, byteCount: 2, into: &sink)
        try encoder.writeData([3].span, into: &sink)
        try encoder.writeData([UInt8]().span, into: &sink)
        try encoder.writeData([4].span, into: &sink)
        try encoder.finish(into: &sink)
        #expect(sink.pieces.count == 1)
        #expect(try sink.octets == content.encode())
    }

    /// What assembles frames from parts of its own writes the same as the encoder does.
    @Test func preambleAndPrefixesMakeAFrame() throws {
        var octets = Buffer()
        octets.append(copying: try layout().preamble(order: .idFirst).span)
        for item in content.channels.flatMap(\.items) {
            FrameLayout.appendItemPrefix(
                timestamp: item.timestamp, byteCount: UInt64(item.data.count), to: &octets)
            octets.append(copying: item.data.span)
        }
        #expect(try octets.octets.copied() == content.encode(order: .idFirst))
    }

    /// What `steps` does to an encoder of `layout()` must throw `reason`.
    private func refuses(
        _ reason: FrameError.Reason, at offset: UInt64,
        _ steps: (inout FrameEncoder, inout PieceCollector) throws -> Void
    ) throws {
        var sink = PieceCollector()
        var thrown: FrameError?
        do {
            var encoder = try FrameEncoder(layout(), into: &sink)
            try steps(&encoder, &sink)
            try encoder.finish(into: &sink)
        } catch let error as FrameError {
            thrown = error
        }
        #expect(thrown == FrameError(reason, at: offset))
    }

    /// The preamble of `layout()` has 30 + 3 × 17 = 81 octets.
    @Test func refusesWhatDisagreesWithTheLayout() throws {
        try refuses(.itemMissing, at: 81) { _, _ in }
        try refuses(.itemMissing, at: 98) { try $0.write(timestamp: 1, data: [1].span, into: &$1) }
        try refuses(.payloadNotAsPlanned, at: 81) {
            try $0.write(timestamp: 1, data: [1, 2, 3].span, into: &$1)
        }
        try refuses(.payloadNotAsPlanned, at: 81) {
            try $0.beginItem(timestamp: 1, byteCount: .max, into: &$1)
        }
        try refuses(.payloadNotAsPlanned, at: 97) {
            try $0.write(timestamp: 1, data: [UInt8]().span, into: &$1)
            try $0.write(timestamp: 2, data: [1].span, into: &$1)
        }
        try refuses(.itemNotAsAnnounced, at: 97) {
            try $0.beginItem(timestamp: 1, byteCount: 1, into: &$1)
            try $0.writeData([1, 2].span, into: &$1)
        }
        try refuses(.itemNotAsAnnounced, at: 97) {
            try $0.beginItem(timestamp: 1, byteCount: 1, into: &$1)
            try $0.write(timestamp: 2, data: [1].span, into: &$1)
        }
        try refuses(.itemNotAsAnnounced, at: 97) { try $0.beginItem(timestamp: 1, byteCount: 1, into: &$1) }
        try refuses(.itemNotAsAnnounced, at: 81) { try $0.writeData([1].span, into: &$1) }
        try refuses(.itemNotPlanned, at: 133) {
            try $0.write(timestamp: 1, data: [1].span, into: &$1)
            try $0.write(timestamp: 2, data: [2].span, into: &$1)
            try $0.write(timestamp: 3, data: [3, 4].span, into: &$1)
            try $0.write(timestamp: 4, data: [UInt8]().span, into: &$1)
        }
    }

    @Test func handsLargeDataThrough() throws {
        let large = [UInt8](repeating: 9, count: 200_000)
        let content = FrameContent(
            startTimestamp: 0, endTimestamp: 10,
            channels: [
                .init(
                    id: "a", type: "",
                    items: [
                        .init(timestamp: 1, data: [1]), .init(timestamp: 2, data: large),
                        .init(timestamp: 3, data: [3]),
                    ])
            ])
        var sink = PieceCollector()
        try content.encode(into: &sink)
        #expect(sink.pieces.map(\.count) == [30 + 17 + 17 + 16, 200_000, 17])
        #expect(try sink.octets == content.encode())
    }

    @Test(arguments: [0, 1, 100, 65_519, 65_520, 65_521, 65_535, 65_536, 65_537])
    func piecesAreBoundedForEverySize(size: Int) throws {
        let item = FrameContent.Item(timestamp: 1, data: [UInt8](repeating: 7, count: size))
        let content = FrameContent(
            startTimestamp: 0, endTimestamp: 1,
            channels: [.init(id: "a", type: "", items: Array(repeating: item, count: 7))])
        var sink = PieceCollector()
        try content.encode(into: &sink)
        #expect(sink.pieces.allSatisfy { !$0.isEmpty && $0.count <= max(FrameEncoder.pieceByteCount, size) })
        #expect(try sink.octets == content.encode())
    }

    @Test func recordsAreHandedOnInPieces() throws {
        let type = String(repeating: "t", count: 1000)
        let content = FrameContent(
            startTimestamp: 0, endTimestamp: 1,
            channels: (0..<500).map { .init(id: "channel/\($0)", type: type, items: []) })
        var sink = PieceCollector()
        try content.encode(order: .idFirst, into: &sink)
        #expect(sink.pieces.count == 8)
        #expect(sink.pieces.allSatisfy { $0.count <= FrameEncoder.pieceByteCount })
        #expect(try sink.octets == content.encode(order: .idFirst))
    }

    /// Counts what comes and looks at nothing.
    private struct Counter: FrameSink {
        var byteCount = 0
        var pieceByteCountMax = 0

        mutating func write(_ octets: Span<UInt8>) {
            byteCount += octets.count
            pieceByteCountMax = max(pieceByteCountMax, octets.count)
        }
    }

    /// The encoder holds its layout, whose size doesn't depend on the items, and at most one piece: 64 KiB
    /// for a million items is less than one octet of bookkeeping an item.
    @Test func aMillionItemsAreNotCollected() throws {
        var layout = try FrameLayout(startTimestamp: 0, endTimestamp: 10)
        for id in UInt8(1)...10 {
            try layout.addChannel(id: [id], type: [], itemCount: 100_000, payloadByteCount: 10_000_000)
        }
        let data = [UInt8](repeating: 1, count: 100)
        var sink = Counter()
        var encoder = try FrameEncoder(layout, into: &sink)
        for item in 0..<UInt64(1_000_000) { try encoder.write(timestamp: item, data: data.span, into: &sink) }
        try encoder.finish(into: &sink)
        #expect(UInt64(sink.byteCount) == layout.frameByteCount)
        #expect(sink.byteCount == 30 + 10 * 17 + 116_000_000)
        #expect(sink.pieceByteCountMax <= FrameEncoder.pieceByteCount)
    }

    @Test(arguments: 0..<4) func theSinksErrorComesThrough(piecesMax: Int) throws {
        let item = FrameContent.Item(timestamp: 1, data: [UInt8](repeating: 7, count: 60_000))
        let content = FrameContent(
            startTimestamp: 0, endTimestamp: 1,
            channels: [.init(id: "a", type: "", items: Array(repeating: item, count: 4))])
        var sink = PieceCollector(piecesMax: piecesMax)
        #expect(throws: PieceCollector.Full.self) { try content.encode(into: &sink) }
        #expect(sink.pieces.count == piecesMax)
    }
}
