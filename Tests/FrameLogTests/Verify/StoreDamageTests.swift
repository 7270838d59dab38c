// Shows that every file of the store is held to its name, that frames come back from their gzip form or the
// log where exactly their octets can, and that no frame ever gets a second content, in whichever order the
// frames were stored.
import Bytes
import Posix
import SimulatedStorage
import Synchronization
import Testing
import TimeFrame

@testable import FrameLog

@Suite struct StoreDamageTests {
    private static let folder = "data/frames/"

    private static let documented = [MetadataOrder](repeating: .typeFirst, count: 3)

    /// Three stored frames, two of them with gzip forms; the log has only some of the items still.
    private static func small(
        segmentByteCount: Int = 16 << 10, retained: Int = 360, orders: [MetadataOrder] = documented
    ) throws -> DamageRig {
        let rig = Rig()
        rig.settings.segmentByteCount = segmentByteCount
        rig.settings.itemByteCountMax = 300
        rig.retention.framesMax = retained
        try rig.open()
        for number in 0..<3 {
            if rig.order != orders[number] {
                rig.order = orders[number]
                try rig.open()
            }
            rig.post([10 * number, 10 * number + 1], padding: number == 1 ? 0 : 80)
            rig.pass(milliseconds: 1_000)
        }
        rig.post([100])
        return try DamageRig(rig)
    }

    private static func frames(_ disk: SimulatedDisk) -> [String] {
        disk.names(in: "data/frames").filter { $0.hasSuffix(".frame") }
    }

    private static func digest(of octets: [UInt8]) -> [UInt8] {
        var digest = MixedDigest()
        digest.update(octets.span)
        return digest.finish()
    }

    private static func removeLog(_ disk: SimulatedDisk) throws {
        let log = SimulatedStorage(disk, path: "data/log")
        for name in try log.names() { try log.remove(name) }
    }

    @Test func aSoundStoreIsSound() throws {
        let rig = try Self.small(retained: 2)
        let report = try rig.check(rig.disk())
        #expect(report.findings == [])
        #expect(report.frameCount == 2)
        #expect(rig.disk().names(in: "data/frames").contains("retired"))
    }

    /// Two channels of one type, so that no frame of the one order is one in the other.
    @Test func aStoreMayHoldFramesOfEitherOrder() throws {
        let rig = try Self.small(orders: [.typeFirst, .idFirst, .typeFirst])
        #expect(try rig.check(rig.disk()).findings == [])
        let orders = try rig.stored.sorted { $0.key < $1.key }.map { try FrameOrder.both(of: $0.value) }
        #expect(orders == [[.typeFirst], [.idFirst], [.typeFirst]])
        #expect(try rig.content(of: rig.disk()).frames.filter { rig.stored[$0.key] != nil } == rig.stored)
    }

    @Test(arguments: [documented, [.idFirst, .typeFirst, .idFirst]])
    func everyOctetOfEveryFileIsWatched(orders: [MetadataOrder]) throws {
        let rig = try Self.small(retained: 2, orders: orders)
        for name in rig.disk().names(in: "data/frames") {
            let octets = try #require(rig.disk().octets(of: Self.folder + name))
            for index in octets.indices {
                let context = Comment(rawValue: "\(name), octet \(index)")
                let disk = rig.disk { $0.flip(bit: index * 8 + index % 8, of: Self.folder + name) }
                let report = try rig.check(disk)
                #expect(report.findings.contains { $0.file == "frames/" + name && $0.kind != .note }, context)
                let repaired = try rig.repair(disk)
                #expect(repaired.after.isSound, context)
                // The log has all items still, so every frame is what it was.
                #expect(repaired.lostFrames == [], context)
                #expect(repaired.rescued.count == (name.hasSuffix(".frame") ? 1 : 0), context)
                let content = try rig.content(of: disk)
                for (start, octets) in rig.stored where content.frames[start] != nil {
                    #expect(content.frames[start] == octets, context)
                }
                #expect(Set(content.frames.keys).isSuperset(of: [1_001_000, 1_002_000, 1_003_000]), context)
                #expect(content.places.values.allSatisfy { $0.count == 1 }, context)
            }
        }
    }

    @Test func aFrameComesBackFromItsGzipForm() throws {
        let rig = try Self.small()
        let disk = try rig.disk { disk in
            try Self.removeLog(disk)
            let name = Self.frames(disk)[0]
            disk.flip(bit: 400, of: Self.folder + name)
        }
        let repaired = try rig.repair(disk)
        #expect(repaired.rescued == [1_000_000])
        #expect(repaired.after.isSound)
        #expect(disk.octets(of: Self.folder + Self.frames(disk)[0]) == rig.stored[1_000_000])
        #expect(disk.names(in: "data/damaged/frames") == [Self.frames(disk)[0]])
    }

    @Test func aMissingFrameComesBackFromItsGzipForm() throws {
        let rig = try Self.small()
        let disk = try rig.disk { disk in
            try Self.removeLog(disk)
            try SimulatedStorage(disk, path: "data/frames").remove(Self.frames(disk)[2])
        }
        let report = try rig.check(disk)
        #expect(report.findings.map(\.detail).contains("the frame is missing, but its gzip form is there"))
        #expect(try rig.repair(disk).rescued == [1_002_000])
        #expect(disk.octets(of: Self.folder + Self.frames(disk)[2]) == rig.stored[1_002_000])
    }

    /// The newest frame is damaged and can't be made anew: its window must not be sealed again with what is
    /// left of its items.
    @Test func aFrameThatIsLostIsNotSealedAgain() throws {
        let rig = try Self.small()
        let disk = rig.disk { disk in
            let names = disk.names(in: "data/frames").filter { $0.hasPrefix("1002000") }
            for name in names { disk.flip(bit: 8 * 20, of: Self.folder + name) }
            // One of its items.
            let path = "data/log/" + disk.names(in: "data/log")[0]
            let item = disk.octets(of: path)!.firstIndex(of: Array("20 ".utf8))!
            disk.flip(bit: 8 * item, of: path)
        }
        let repaired = try rig.repair(disk)
        #expect(repaired.after.isSound)
        #expect(repaired.lostFrames.map(\.start) == [1_002_000])
        #expect(repaired.moves.count == 3)
        let content = try rig.content(of: disk)
        #expect(content.frames[1_002_000] == nil)
        #expect(content.frames[1_000_000] == rig.stored[1_000_000])
        #expect(content.places[100] == [1_003_000])
        #expect(content.places[20] == nil && content.places[21] == nil)
    }

    @Test func namesAreChecked() throws {
        let rig = try Self.small()
        let disk = try rig.disk { disk in
            let folder = SimulatedStorage(disk, path: "data/frames")
            try folder.rename(Self.frames(disk)[1], to: "1001000-abc.frame")
            _ = try folder.open("notes.txt", .create)
            _ = try folder.open("5.tmp", .create)
        }
        let report = try rig.check(disk)
        #expect(report.findings.filter { $0.kind == .damage }.map(\.file) == ["frames/1001000-abc.frame"])
        #expect(report.findings.filter { $0.kind == .note }.map(\.file) == ["frames/notes.txt"])
        let repaired = try rig.repair(disk)
        #expect(repaired.moves.map(\.to) == ["damaged/frames/1001000-abc.frame"])
        #expect(try rig.content(of: disk).frames[1_001_000] == nil)
    }

    @Test func aFrameOfALaterVersionIsLeftAlone() throws {
        let rig = try Self.small()
        let disk = try rig.disk { disk in
            let folder = SimulatedStorage(disk, path: "data/frames")
            let old = Self.frames(disk)[1]
            disk.change(Self.folder + old) { $0[1] = 2 }
            let digest = Self.digest(of: disk.octets(of: Self.folder + old)!)
            try folder.rename(old, to: FrameName(start: 1_001_000, digest: digest).text)
        }
        let before = disk.names(in: "data/frames")
        #expect(try rig.check(disk).findings.map(\.kind) == [.unsupported])
        #expect(throws: FrameLogError.self) { try rig.repair(disk) }
        #expect(disk.names(in: "data/frames") == before)
    }

    @Test func aDamagedListOfUploadsStopsTheStartUntilItIsRepaired() throws {
        let rig = try Self.small()
        let disk = try rig.disk { disk in
            let file = try SimulatedStorage(disk).folder("keys").open("1000000-9000000.keys", .create)
            var octets = KeyFile.encode([])
            octets[8] ^= 1
            try file.write(octets.span, at: 0)
        }
        #expect(rig.isRefused(disk.copy()))
        #expect(try rig.check(disk).findings.map(\.file) == ["keys/1000000-9000000.keys"])
        let repaired = try rig.repair(disk)
        #expect(repaired.after.isSound)
        #expect(repaired.moves.map(\.to) == ["damaged/keys/1000000-9000000.keys"])
        #expect(!rig.isRefused(disk))
    }

    @Test func nothingAsideIsOverwritten() throws {
        let rig = try Self.small()
        let disk = rig.disk()
        let name = try #require(disk.names(in: "data/frames").first { $0.hasSuffix(".gz") })
        let gzip = disk.octets(of: Self.folder + name)
        for number in 0..<3 {
            let file = try SimulatedStorage(disk, path: "data/frames").open(name, .create)
            try file.write([UInt8(number)].span, at: 0)
            #expect(try rig.repair(disk).moves.count == 1)
        }
        #expect(gzip != nil)
        let names = disk.names(in: "data/damaged/frames")
        #expect(names == [name, name + ".1", name + ".2"])
        #expect(names.map { disk.octets(of: "data/damaged/frames/" + $0) } == [[0], [1], [2]])
    }

    /// Everything was removed by retention, and the list that says so is damaged.
    @Test func aDamagedListOfRemovedFramesBringsNoneBack() throws {
        let rig = Rig()
        rig.retention.ageMillisecondsMax = 0
        try rig.open()
        rig.post([1])
        rig.pass(milliseconds: 3_000)
        _ = try rig.store.retire(now: rig.now + 10_000)
        rig.store.removeRetired()
        let damaged = try DamageRig(rig)
        let disk = damaged.disk { $0.flip(bit: 200, of: "data/frames/retired") }
        #expect(disk.names(in: "data/frames") == ["retired"])
        let repaired = try damaged.repair(disk)
        #expect(repaired.before.findings.map(\.file) == ["frames/retired"])
        #expect(repaired.after.isSound)
        #expect(try damaged.content(of: disk).places == [:])
    }

    @Test func aDirectoryWithoutFoldersIsNone() throws {
        let check = SimulatedCheck(SimulatedStorage(SimulatedDisk()))
        #expect(try !check.isDataDirectory())
        #expect(try check.check().isSound)
    }
}

/// In which orders octets are a frame.
private enum FrameOrder {
    static func both(of octets: [UInt8]) throws -> [MetadataOrder] {
        MetadataOrder.allCases.filter { (try? FrameContent(decoding: octets.span, order: $0)) != nil }
    }
}

extension [UInt8] {
    fileprivate func firstIndex(of part: [UInt8]) -> Int? {
        indices.first { $0 + part.count <= count && Array(self[$0..<$0 + part.count]) == part }
    }
}
