// Shows that a check says what is wrong with a log, and that a start after a repair has every item that can
// be read, once and where it was promised: every octet of a small log is changed in turn, and segments are
// lost, cut off and mixed up.
import Bytes
import Posix
import SeededGenerator
import Synchronization
import Testing

@testable import FrameLog
@testable import SimulatedStorage

@Suite struct LogDamageTests {
    /// Three segments or so; of the windows, some are stored and two are open.
    private static func small() throws -> DamageRig {
        let rig = Rig()
        rig.settings.segmentByteCount = 4 << 10
        rig.settings.itemByteCountMax = 256
        rig.settings.latenessMilliseconds = 1_000
        try rig.open()
        for number in 0..<4 {
            rig.post([10 * number, 10 * number + 1], padding: 60)
            rig.post([10 * number + 2], timestamp: .device(rig.now + 900))
            rig.pass(milliseconds: 400)
        }
        rig.pass(milliseconds: 1_000)
        for number in 4..<10 { rig.post([10 * number, 10 * number + 1], padding: 40) }
        return try DamageRig(rig)
    }

    private static func segments(_ disk: SimulatedDisk) -> [String] {
        disk.names(in: "data/log").filter { $0.hasSuffix(".segment") }.map { "data/log/" + $0 }
    }

    @Test func aSoundLogIsSound() throws {
        let rig = try Self.small()
        let disk = rig.disk()
        let operations = disk.operationCount
        let report = try rig.check(disk)
        #expect(report.findings == [])
        #expect(report.isSound)
        #expect(report.segmentCount == UInt64(Self.segments(disk).count))
        #expect(report.itemCount == 24)
        #expect(report.lost.isEmpty)
        #expect(disk.operationCount > operations)
        #expect(Self.segments(disk).count >= 2)
        // A repair has nothing to do, and does nothing.
        let before = disk.state.withLock { $0.folders.mapValues(\.entries) }
        let repaired = try rig.repair(disk)
        #expect(repaired.moves.isEmpty)
        #expect(disk.state.withLock { $0.folders.mapValues(\.entries) } == before)
    }

    @Test(arguments: 0..<(Thoroughness.isSanitized ? 1 : 8))
    func everyOctetIsWatched(lane: Int) throws {
        let rig = try Self.small()
        let whole = try rig.content(of: rig.disk())
        #expect(whole.places.values.allSatisfy { $0.count == 1 })
        var damagedCount = 0
        for path in Self.segments(rig.disk()) {
            let octets = try #require(rig.disk().octets(of: path))
            for index in stride(from: lane, to: octets.count, by: 8) {
                // Of long stretches of zeros, some octets have to do.
                let near = octets[max(0, index - 20)..<min(index + 20, octets.count)]
                if index % 128 != lane && near.allSatisfy({ $0 == 0 }) { continue }
                let context = Comment(rawValue: "\(path), octet \(index)")
                let bit = index * 8 + index / 8 % 8
                let isRefused = rig.isRefused(rig.disk { $0.flip(bit: bit, of: path) })
                let disk = rig.disk { $0.flip(bit: bit, of: path) }
                let repaired = try rig.repair(disk)
                #expect(!repaired.before.findings.isEmpty, context)
                #expect(repaired.before.isSound == !isRefused, context)
                #expect(repaired.after.isSound, context)
                if isRefused { damagedCount += 1 }
                let content = try rig.content(of: disk)
                for (number, places) in content.places {
                    #expect(places == whole.places[number], context)
                }
                for (start, octets) in rig.stored { #expect(content.frames[start] == octets, context) }
                // A changed octet takes one commit's items at most.
                #expect(whole.places.count - content.places.count <= 2, context)
                let missing = whole.places.filter { content.places[$0.key] == nil }
                if isRefused && !missing.isEmpty {
                    let windows = try #require(repaired.before.lost.windows, context)
                    for places in missing.values { #expect(windows.contains(places[0]), context) }
                }
            }
        }
        #expect(damagedCount > 50)
    }

    @Test func aTornTailIsNoDamage() throws {
        let rig = try Self.small()
        let path = try #require(Self.segments(rig.disk()).last)
        let octets = try #require(rig.disk().octets(of: path))
        let last = try #require(octets.lastIndex { $0 != 0 })
        let disk = rig.disk { $0.change(path) { $0[last] ^= 1 } }
        let report = try rig.check(disk)
        #expect(report.isSound)
        #expect(report.findings.map(\.kind) == [.note])
        #expect(
            report.findings[0].detail.hasSuffix(
                "octets of a commit that was not finished; a start drops them"))
        #expect(try rig.repair(disk).moves.isEmpty)
    }

    @Test func aMissingSegment() throws {
        let rig = try Self.small()
        let whole = try rig.content(of: rig.disk())
        let path = Self.segments(rig.disk())[1]
        let name = String(path.dropFirst("data/".count))
        let disk = try rig.disk {
            try SimulatedStorage($0, path: "data/log").remove(String(path.dropFirst("data/log/".count)))
        }
        let report = try rig.check(disk)
        #expect(report.findings.map(\.file) == [name])
        #expect(report.findings.allSatisfy { $0.kind == .damage })
        #expect(report.lost.isAtLeast)
        try expectRepair(rig, disk, whole, lostMax: whole.places.count - 1)
    }

    @Test func aTruncatedSegment() throws {
        let rig = try Self.small()
        let whole = try rig.content(of: rig.disk())
        for path in Self.segments(rig.disk()) {
            for count in [0, 10, 511, 512, 600, 1_100, 2_048, 4_000] {
                let disk = rig.disk { $0.change(path) { $0.removeLast($0.count - count) } }
                let report = try rig.check(disk)
                #expect(!report.isSound, "\(path) cut at \(count)")
                #expect(report.findings.contains { "data/" + $0.file == path && $0.kind == .damage })
                try expectRepair(rig, disk, whole, lostMax: whole.places.count - 1)
            }
        }
    }

    @Test func swappedSegments() throws {
        let rig = try Self.small()
        let whole = try rig.content(of: rig.disk())
        let paths = Self.segments(rig.disk())
        let (first, second) = (paths[0], paths[1])
        let disk = rig.disk { disk in
            let contents = (disk.octets(of: first)!, disk.octets(of: second)!)
            disk.change(first) { $0 = contents.1 }
            disk.change(second) { $0 = contents.0 }
        }
        let report = try rig.check(disk)
        let damaged = report.findings.filter { $0.kind == .damage }
        #expect(damaged.count == 2)
        #expect(damaged.allSatisfy { $0.detail.hasSuffix("which its name denies") })
        // What a segment says of itself is what counts, so nothing is lost.
        try expectRepair(rig, disk, whole, lostMax: 0)
    }

    @Test func aSegmentThatIsThereTwiceCountsOnce() throws {
        let rig = try Self.small()
        let whole = try rig.content(of: rig.disk())
        let paths = Self.segments(rig.disk())
        let disk = rig.disk { disk in
            let octets = disk.octets(of: paths[0])!
            disk.change(paths[1]) { $0 = octets }
        }
        #expect(try !rig.check(disk).isSound)
        try expectRepair(rig, disk, whole, lostMax: whole.places.count - 1)
    }

    @Test func nothingOfTheLogCanBeRead() throws {
        let rig = try Self.small()
        let whole = try rig.content(of: rig.disk())
        let disk = rig.disk { disk in
            for path in Self.segments(disk) {
                disk.change(path) { for index in $0.indices { $0[index] = 0xAA } }
            }
        }
        #expect(try !rig.check(disk).isSound)
        try expectRepair(rig, disk, whole, lostMax: whole.places.count)
        for (start, octets) in rig.stored { #expect(try rig.content(of: disk).frames[start] == octets) }
    }

    @Test func aLaterVersionIsLeftAlone() throws {
        let rig = try Self.small()
        let path = Self.segments(rig.disk())[0]
        let disk = rig.disk { disk in
            disk.change(path) { octets in
                octets[15] = 2
                var sum: [UInt8] = []
                sum.append(bigEndian: CRC32C.checksum(octets[12..<32].span))
                octets.replaceSubrange(8..<12, with: sum)
            }
        }
        #expect(try rig.check(disk).isUnsupported)
        let before = disk.octets(of: path)
        let error = #expect(throws: FrameLogError.self) { try rig.repair(disk) }
        #expect(error?.reason == .unsupported)
        #expect(disk.octets(of: path) == before)
    }

    /// Any operation of a repair fails, or is its last: no start takes half of it for the log, and another
    /// repair brings it to its end.
    @Test func aRepairCanBeInterrupted() throws {
        let rig = try Self.small()
        let path = Self.segments(rig.disk())[0]
        func damaged() -> SimulatedDisk {
            rig.disk { disk in
                disk.flip(bit: 8 * 640, of: path)
                disk.flip(bit: 8 * 40, of: "data/frames/" + disk.names(in: "data/frames")[0])
            }
        }
        let reference = damaged()
        _ = try rig.repair(reference)
        let expected = try rig.content(of: reference)
        var count = 0
        for kind in FaultKind.all(turn: 0) {
            count += try kind.atEveryOperation { fault, _, context in
                let disk = damaged()
                disk.arrange([fault])
                do { _ = try rig.repair(disk) } catch { #expect("\(error)".contains("data"), "\(context)") }
                if !disk.hasFired { return false }
                disk.arrange([])
                let cut = disk.copy()
                cut.restart()
                disk.restartProcess()
                for disk in [disk, cut] {
                    if rig.isRefused(disk.copy()) { #expect(try !rig.check(disk).isSound, "\(context)") }
                    #expect(try rig.repair(disk).after.isSound, "\(context)")
                    let places = try rig.content(of: disk).places
                    if kind.isReading {
                        // What could not be read is damage to a repair, and lies aside.
                        #expect(places.allSatisfy { expected.places[$0.key] == $0.value }, "\(context)")
                    } else {
                        #expect(places == expected.places, "\(context)")
                    }
                }
                return true
            }
        }
        #expect(count > (Thoroughness.isSanitized ? 5 : 40))
    }

    /// Sectors of any files are lost, changed and misplaced, files cut off and removed, a few at a time: the
    /// seed says which.
    @Test(arguments: 1...(Thoroughness.isSanitized ? 30 : 300) as ClosedRange<UInt64>)
    func anyDamageTogether(seed: UInt64) throws {
        let rig = try Self.small()
        let whole = try rig.content(of: rig.disk())
        var generator = SeededGenerator(seed: seed)
        let disk = try rig.disk { disk in
            for _ in 0..<Int.random(in: 1...5, using: &generator) { try Self.damage(disk, &generator) }
        }
        let context = Comment(rawValue: "seed \(seed)")
        let isRefused = rig.isRefused(disk.copy())
        let repaired = try rig.repair(disk)
        if isRefused { #expect(!repaired.before.isSound, context) }
        #expect(repaired.after.isSound, "seed \(seed): \(repaired.after.findings)")
        let content = try rig.content(of: disk)
        for (number, places) in content.places { #expect(places == whole.places[number], context) }
        for (start, octets) in content.frames where rig.stored[start] != nil {
            #expect(octets == rig.stored[start], context)
        }
        let lost = Set(repaired.lostFrames.map(\.start))
        #expect(lost.isDisjoint(with: content.frames.keys), context)
    }

    private static func damage(_ disk: SimulatedDisk, _ generator: inout SeededGenerator) throws {
        let frames = disk.names(in: "data/frames").map { "data/frames/" + $0 }
        guard let path = (segments(disk) + segments(disk) + frames).randomElement(using: &generator) else {
            return
        }
        let count = disk.octets(of: path)!.count
        let start = count < 512 ? 0 : Int.random(in: 0..<count / 512, using: &generator) * 512
        let other = count < 512 ? 0 : Int.random(in: 0..<count / 512, using: &generator) * 512
        let end = min(start + 512, count)
        let octet = UInt8.random(in: 0...255, using: &generator)
        switch Int.random(in: 0..<6, using: &generator) {
        case 0: disk.change(path) { for index in start..<end { $0[index] = 0 } }
        case 1: disk.change(path) { for index in start..<end { $0[index] = octet } }
        case 2:
            disk.change(path) {
                for index in start..<end { $0[index] = $0[min(other + index - start, count - 1)] }
            }
        case 3: disk.change(path) { if !$0.isEmpty { $0[(start + Int(octet)) % count] ^= 1 } }
        case 4: disk.change(path) { $0.removeLast(count - start) }
        default:
            // A frame that goes without a trace can't be told from one that never was.
            if path.hasPrefix("data/frames") { return }
            let slash = path.lastIndex(of: "/")!
            try SimulatedStorage(disk, path: String(path[..<slash])).remove(
                String(path[path.index(after: slash)...]))
        }
    }

    /// Repairs, and expects that all that is left is where it was.
    private func expectRepair(
        _ rig: DamageRig, _ disk: SimulatedDisk, _ whole: DamageRig.Content, lostMax: Int,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let repaired = try rig.repair(disk)
        #expect(repaired.after.isSound, "\(repaired.after.findings)", sourceLocation: sourceLocation)
        #expect(!repaired.moves.isEmpty, sourceLocation: sourceLocation)
        let moved = Set(disk.names(in: "data/damaged/log").map { "damaged/log/" + $0 })
        #expect(Set(repaired.moves.map(\.to)).isSubset(of: moved), sourceLocation: sourceLocation)
        let content = try rig.content(of: disk)
        for (number, places) in content.places {
            #expect(places == whole.places[number], "item \(number)", sourceLocation: sourceLocation)
        }
        #expect(whole.places.count - content.places.count <= lostMax, sourceLocation: sourceLocation)
    }
}
