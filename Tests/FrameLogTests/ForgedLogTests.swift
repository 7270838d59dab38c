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
        /// How many records the group says that it has.
        var recordCount: UInt32 = 1
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
        .control("a window that lies askew", .seal, 1_000_500, 1_001_500),
        .control("a window longer than windows are", .seal, 1_000_000, 1_002_000),
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

    @Test(arguments: forgeries)
    func isRepaired(_ forgery: Forgery) throws {
        let rig = Rig()
        try rig.open()
        rig.post([1])
        let path = "data/log/" + rig.disk.names(in: "data/log")[0]
        _ = try append(forgery, to: rig, path)
        rig.disk.restart()
        let check = SimulatedCheck(SimulatedStorage(rig.disk))
        #expect(try !check.check().isSound)
        #expect(try check.repair(salt: 77).after.isSound)
        try rig.open()
        try rig.checkPromises()
    }

    /// The first entry of all is one that can't stand there, so that no window has a length.
    @Test func aLogWithoutWindowsIsRepaired() throws {
        let rig = Rig()
        try rig.open()
        let path = "data/log/" + rig.disk.names(in: "data/log")[0]
        let first = SegmentHeader.sectorByteCount
        rig.disk.change(path) { octets in
            var record: [UInt8] = []
            let checksum = Record.append(.resume, 0, 0, to: &record)
            var checksums: [UInt8] = []
            checksums.append(bigEndian: checksum)
            let salt = octets.span.bigEndian(at: 24, as: UInt64.self)
            let group = GroupHeader(
                salt: salt, position: LogPosition(segment: 1, offset: UInt32(first)),
                recordsByteCount: UInt32(record.count), recordCount: 1,
                recordsChecksum: CRC32C.checksum(checksums.span), duration: 0,
                durable: LogPosition(segment: 1, offset: UInt32(first)), watermark: 0, clock: 0)
            let written = group.encoded() + record
            octets.replaceSubrange(first..., with: [UInt8](repeating: 0, count: octets.count - first))
            octets.replaceSubrange(first..<first + written.count, with: written)
        }
        #expect(throws: FrameLogError.self) { try rig.open() }
        let check = SimulatedCheck(SimulatedStorage(rig.disk))
        #expect(try check.repair(salt: 77).after.isSound)
        try rig.open()
    }

    /// A later commit says that it was on the disk, so it isn't torn.
    @Test func aCommitOfFewerEntriesThanItHasIsDamage() throws {
        let rig = Rig()
        try rig.open()
        let path = "data/log/" + rig.disk.names(in: "data/log")[0]
        let start = try append(.item("one entry") { $0.recordCount = 0 }, to: rig, path)
        _ = try append(.item("an item"), to: rig, path, at: start + SegmentHeader.sectorByteCount)
        rig.disk.restart()
        #expect(throws: FrameLogError.self) { try rig.open() }
        let check = SimulatedCheck(SimulatedStorage(rig.disk))
        let report = try check.check()
        #expect(!report.isSound)
        #expect(report.lost.count == 0)
        #expect(try check.repair(salt: 77).after.isSound)
        try rig.open()
    }

    /// The file ends within a sector, and its header doesn't say any more how long it was.
    @Test(arguments: [577, 1_100, 1_500, 2_100])
    func aSegmentThatWasCutShortIsRepaired(byteCount: Int) throws {
        let rig = Rig()
        try rig.open()
        rig.post([1])
        let path = "data/log/" + rig.disk.names(in: "data/log")[0]
        rig.disk.change(path) { octets in
            octets.removeLast(octets.count - byteCount)
            octets[8] ^= 1
        }
        #expect(throws: FrameLogError.self) { try rig.open() }
        let check = SimulatedCheck(SimulatedStorage(rig.disk))
        _ = try check.repair(salt: 77)
        try rig.open()
        #expect(rig.post([2]) == [.accepted(frame: 1_000_000)])
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

    /// Puts a group with one record behind the last one, or at `place`, and gives where.
    private func append(
        _ forgery: Forgery, to rig: Rig, _ path: String, at place: Int? = nil
    ) throws -> Int {
        let octets = try #require(rig.disk.octets(of: path))
        let header = try SegmentHeader(decoding: octets.span, sequence: 1, path: path)
        var start = SegmentHeader.sectorByteCount
        while let group = GroupHeader(checking: octets.span, at: start, header: header) {
            start = Int(group.end.offset)
        }
        start = place ?? start
        let position = LogPosition(segment: 1, offset: UInt32(start))
        let durable = LogPosition(segment: 1, offset: position.offset + forgery.durableAhead)
        let group = GroupHeader(
            salt: header.salt, position: position, recordsByteCount: UInt32(forgery.record.count),
            recordCount: forgery.recordCount,
            recordsChecksum: CRC32C.checksum(forgery.record.span.extracting(4..<8)), duration: 1_000,
            durable: durable, watermark: 1_000_000, clock: forgery.clock)
        let written = group.encoded() + forgery.record
        rig.disk.change(path) { $0.replaceSubrange(start..<start + written.count, with: written) }
        return start
    }
}
