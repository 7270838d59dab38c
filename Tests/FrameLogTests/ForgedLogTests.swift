// Shows that a log's entries are not trusted because their check sums are right: each that no writer writes
// stops the start, and says where it stands.
import Bytes
import SimulatedStorage
import Testing

@testable import FrameLog

@Suite struct ForgedLogTests {
    /// A group's fields that a case changes, and its one record.
    struct Forgery: Sendable, CustomTestStringConvertible {
        let testDescription: String
        var record: [UInt8] = []
        var clock: UInt64 = 1_000_000
        /// How far behind itself the group says that the log is durable.
        var durableAhead: UInt32 = 0

        init(_ name: String, record: (inout [UInt8]) -> Void, change: (inout Forgery) -> Void = { _ in }) {
            testDescription = name
            record(&self.record)
            change(&self)
        }

        static func item(
            _ name: String, id: [UInt8] = [97], type: [UInt8] = [], timestamp: UInt64 = 1_000_000,
            place: KeyedPlace? = nil, change: (inout Forgery) -> Void = { _ in }
        ) -> Forgery {
            let record = { (octets: inout [UInt8]) in
                _ = ItemRecord.append(
                    channelID: id.span, channelType: type.span, timestamp: timestamp, place: place,
                    data: [1, 2].span, to: &octets)
            }
            return Forgery(name, record: record, change: change)
        }

        static func control(
            _ name: String, _ kind: Record.Kind, _ first: UInt64, _ second: UInt64
        ) -> Forgery {
            Forgery(name, record: { _ = Record.append(kind, first, second, to: &$0) })
        }
    }

    private static let lastOfAll = KeyedPlace(
        key: UploadKey(digest: [UInt8](repeating: 1, count: 16).span), claim: 0, index: .max, digest: 0)

    static let forgeries: [Forgery] = [
        .item("a channel id that isn't UTF-8", id: [0xFF]),
        .item("a channel type that isn't UTF-8", type: [0xC0, 0xAF]),
        .item("a timestamp that no window can hold", timestamp: .max),
        .item("the last item that can be counted", place: lastOfAll),
        .item("a clock that nothing can be added to") { $0.clock = .max },
        .item("a commit that was durable before it was written") { $0.durableAhead = 512 },
        .control("a window without an end", .seal, 1_000_000, .max),
        .control("windows from the end of time on", .resume, 1 << 63, 1_000),
        .control("windows longer than a group can say", .resume, 1 << 40, 1 << 40),
    ]

    @Test(arguments: forgeries)
    func stopsTheStart(_ forgery: Forgery) throws {
        let rig = Rig()
        try rig.open()
        let path = "data/log/" + rig.disk.names(in: "data/log")[0]
        let end = try append(forgery, to: rig, path)
        rig.disk.restart()
        let error = #expect(throws: FrameLogError.self) { try rig.open() }
        #expect(error?.reason == .corrupt)
        #expect(error?.path == path)
        #expect(try #require(error?.offset) >= UInt64(end))
    }

    @Test func anItemThatAWriterWritesDoesNot() throws {
        let rig = Rig()
        try rig.open()
        let path = "data/log/" + rig.disk.names(in: "data/log")[0]
        _ = try append(.item("an item"), to: rig, path)
        rig.disk.restart()
        try rig.open()
        #expect(rig.warnings == [])
    }

    /// Puts a group with one record behind the last one, and gives where.
    private func append(_ forgery: Forgery, to rig: Rig, _ path: String) throws -> Int {
        let octets = try #require(rig.disk.octets(of: path))
        let header = try SegmentHeader(decoding: octets.span, sequence: 1, path: path)
        var start = SegmentHeader.sectorByteCount
        while let group = GroupHeader(checking: octets.span, at: start, header: header) {
            start = Int(group.end.offset)
        }
        let position = LogPosition(segment: 1, offset: UInt32(start))
        let durable = LogPosition(segment: 1, offset: position.offset + forgery.durableAhead)
        let group = GroupHeader(
            salt: header.salt, position: position, recordsByteCount: UInt32(forgery.record.count),
            recordCount: 1,
            recordsChecksum: CRC32C.checksum(forgery.record.span.extracting(4..<8)), duration: 1_000,
            durable: durable, watermark: 1_000_000, clock: forgery.clock)
        let written = group.encoded() + forgery.record
        rig.disk.change(path) { $0.replaceSubrange(start..<start + written.count, with: written) }
        return start
    }
}
