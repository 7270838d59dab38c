// Shows that a layout refuses what no frame can hold, whatever the sizes, keeps its plan when it refuses, and
// holds nothing of any single item.
import Testing
import TimeFrame

@Suite struct FrameLayoutTests {
    private func octets(_ text: String) -> [UInt8] { Array(text.utf8) }

    private func fault(
        _ layout: inout FrameLayout, id: [UInt8], type: [UInt8] = [], itemCount: Int = 0, payload: UInt64 = 0
    ) -> FrameError? {
        do {
            try layout.addChannel(id: id, type: type, itemCount: itemCount, payloadByteCount: payload)
            return nil
        } catch {
            return error
        }
    }

    @Test func sumsUpWhatItWillWrite() throws {
        var layout = try FrameLayout(startTimestamp: 1, endTimestamp: 10)
        #expect(layout.frameByteCount == 30)
        try layout.addChannel(
            id: octets("position"), type: octets("number"), itemCount: 2, payloadByteCount: 2)
        try layout.addChannel(id: octets("color"), type: octets("number"), itemCount: 2, payloadByteCount: 2)
        #expect(layout.channelCount == 2)
        #expect(layout.metadataByteCount == 57)
        #expect(layout.dataByteCount == 68)
        #expect(layout.frameByteCount == 155)
        for order in MetadataOrder.allCases {
            let preamble = layout.preamble(order: order)
            #expect(try preamble == Array(Vectors.valid("two-channels", order).prefix(87)))
        }
    }

    @Test func refusesAnEndBeforeTheStart() throws {
        #expect(throws: FrameError(.endBeforeStart, at: 22)) {
            try FrameLayout(startTimestamp: 2, endTimestamp: 1)
        }
        #expect(try FrameLayout(startTimestamp: 2, endTimestamp: 2).frameByteCount == 30)
    }

    @Test func refusesNamesThatAReaderWould() throws {
        var layout = try FrameLayout(startTimestamp: 0, endTimestamp: 1)
        #expect(fault(&layout, id: octets("a"), type: octets("t")) == nil)
        let before = layout.preamble()
        #expect(fault(&layout, id: []) == FrameError(.idEmpty, at: 48))
        #expect(fault(&layout, id: [0xC0, 0x80]) == FrameError(.idNotUTF8, at: 48))
        #expect(fault(&layout, id: octets("b"), type: [0xFF]) == FrameError(.typeNotUTF8, at: 48))
        #expect(fault(&layout, id: octets("a"), type: octets("other")) == FrameError(.idDuplicate, at: 48))
        #expect(layout.preamble() == before)
    }

    /// "é" in one scalar and in two is the same String, but not the same octets.
    @Test func comparesIdsByOctets() throws {
        var layout = try FrameLayout(startTimestamp: 0, endTimestamp: 1)
        #expect("\u{E9}" == "e\u{301}")
        #expect(fault(&layout, id: octets("\u{E9}")) == nil)
        #expect(fault(&layout, id: octets("e\u{301}")) == nil)
        #expect(layout.channelCount == 2)
    }

    @Test func refusesFramesThat64BitsCannotCount() throws {
        let most = UInt64.max - 30 - 17 - 16
        var layout = try FrameLayout(startTimestamp: 0, endTimestamp: 1)
        let tooLong = FrameError(.frameTooLong, at: 30)
        #expect(fault(&layout, id: octets("a"), itemCount: 1, payload: most + 1) == tooLong)
        #expect(fault(&layout, id: octets("a"), itemCount: 1, payload: .max) == tooLong)
        #expect(fault(&layout, id: octets("a"), itemCount: .max, payload: .max) == tooLong)
        #expect(fault(&layout, id: octets("a"), itemCount: .max) == tooLong)
        #expect(fault(&layout, id: octets("a"), itemCount: 1 << 60) == tooLong)
        #expect(layout.frameByteCount == 30)
        #expect(fault(&layout, id: octets("a"), itemCount: 1, payload: most) == nil)
        #expect(layout.frameByteCount == .max)
        #expect(fault(&layout, id: octets("b")) == FrameError(.frameTooLong, at: 47))
        // The header of such a frame can be read, and says that 64 bits still count it.
        let header = try FrameHeader(decoding: layout.preamble().span)
        #expect(header.frameByteCount == .max)
    }

    @Test func refusesMetadataThatTheHeaderCannotSay() throws {
        // 255 records with types of 16 MiB; the array is shared, so the plan holds it once.
        let type = [UInt8](repeating: 0x61, count: 1 << 24)
        var layout = try FrameLayout(startTimestamp: 0, endTimestamp: 1)
        for index in 0..<255 {
            #expect(fault(&layout, id: [UInt8(1 + index % 100), UInt8(1 + index / 100)], type: type) == nil)
        }
        let left = Int(UInt32.max - layout.metadataByteCount) - 16 - 1
        let error = fault(&layout, id: [1], type: Array(repeating: 0x61, count: left + 1))
        #expect(error?.reason == .metadataTooLong)
        #expect(fault(&layout, id: [1], type: Array(repeating: 0x61, count: left)) == nil)
        #expect(layout.metadataByteCount == .max)
    }

    /// The numbers that can be reached from the plan are as many for a million items as for one: totals of
    /// channels.
    @Test func holdsNothingOfAnItem() throws {
        func plan(_ itemCount: Int) throws -> FrameLayout {
            var layout = try FrameLayout(startTimestamp: 0, endTimestamp: 1)
            try layout.addChannel(
                id: [1], type: [2], itemCount: itemCount, payloadByteCount: UInt64(itemCount) * 100)
            return layout
        }
        func leaves(_ value: Any) -> Int {
            let children = Mirror(reflecting: value).children
            return children.isEmpty ? 1 : children.reduce(0) { $0 + leaves($1.value) }
        }
        let (one, million) = (leaves(try plan(1)), leaves(try plan(1_000_000)))
        #expect(one == million)
        #expect(one > 10 && one * 16 < 64 * 1_000_000)
    }
}
