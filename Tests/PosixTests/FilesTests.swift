// Shows that files, directories, mappings and locks do what their comments say, in a directory of the test's
// own.
import Bytes
import Glibc
import Posix
import Testing

/// A directory that is gone when the test has ended.
private final class Playground {
    let directory: Directory

    init() throws {
        let path = "/tmp/syncstreamer-files-\(UInt64.random(in: 0 ... .max))"
        try Directory.make(path)
        directory = try Directory(opening: path)
    }

    deinit {
        for name in (try? directory.names()) ?? [] { try? directory.remove(name) }
        // SAFETY: the String lends its octets and a terminator for the length of the call.
        _ = unsafe rmdir(directory.path)
    }
}

@Suite struct FilesTests {
    @Test func piecesAreWrittenOneBehindTheOther() throws {
        let playground = try Playground()
        let file = try playground.directory.open("pieces", .create)
        // More pieces than one call takes, empty ones among them.
        var pieces: [OctetPiece] = []
        var expected = [UInt8](repeating: 0, count: 10)
        for number in 0..<500 {
            let octets = (0..<number % 7 + 4).map { UInt8(truncatingIfNeeded: number + $0) }
            pieces.append(OctetPiece(octets, 2..<2 + number % 7))
            expected += octets[2..<2 + number % 7]
        }
        pieces.append(OctetPiece([]))
        try file.write(pieces, at: 10)
        #expect(try file.byteCount() == UInt64(expected.count))
        var buffer = Buffer()
        #expect(try file.read(at: 0, count: 1 << 20, into: &buffer) == expected.count)
        #expect(buffer.octets.copied() == expected)
        #expect(try file.read(at: 9, count: 5, into: &buffer) == 5)
        #expect(buffer.octets.copied() == expected + expected[9..<14])
        #expect(try playground.directory.byteCount(of: "pieces") == UInt64(expected.count))
    }

    @Test func largePiecesArriveWhole() throws {
        let playground = try Playground()
        let file = try playground.directory.open("large", .create)
        let octets = (0..<3 << 20).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 7) }
        try file.allocate(byteCount: 1 << 20)
        #expect(try file.byteCount() == 1 << 20)
        try file.write([OctetPiece(octets), OctetPiece(octets, 5..<6)], at: 0)
        try file.sync()
        let mapped = try file.map()
        #expect(mapped.byteCount == octets.count + 1)
        let isWhole = mapped.octets.extracting(0..<octets.count).isEqual(to: octets.span)
        #expect(isWhole)
    }

    @Test func aFileOfAPageIsReadAndALargerOneIsMapped() throws {
        let playground = try Playground()
        for byteCount in [1, 4095, 4096, 4097, 20_000] {
            let octets = (0..<byteCount).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
            let file = try playground.directory.open("frame", .create)
            try file.write(octets.span, at: 0)
            let whole = try file.map()
            #expect(whole.octets.copied() == octets)
            #expect(whole.isMapped == (byteCount > 4096))
        }
    }

    @Test func aMappingOutlivesItsFile() throws {
        let playground = try Playground()
        try playground.directory.open("frame", .create).write([1, 2, 3].span, at: 0)
        let mapped = try playground.directory.open("frame", .read).map()
        try playground.directory.remove("frame")
        #expect(mapped.octets.copied() == [1, 2, 3])
        let empty = try playground.directory.open("empty", .create).map()
        #expect(empty.byteCount == 0)
        #expect(MappedFile(copying: [4, 5].span).octets.copied() == [4, 5])
    }

    @Test func entriesAreListedRenamedAndRemoved() throws {
        let playground = try Playground()
        let directory = playground.directory
        for name in ["a", "b", "ü"] { _ = try directory.open(name, .create) }
        #expect(try directory.names().sorted() == ["a", "b", "ü"])
        try directory.rename("a", to: "b")
        try directory.remove("ü")
        try directory.sync()
        #expect(try directory.names() == ["b"])
    }

    @Test func errorsNameTheCallAndThePath() throws {
        let playground = try Playground()
        let directory = playground.directory
        func text(_ body: () throws -> Void) -> String? {
            do {
                try body()
                return nil
            } catch { return "\(error)" }
        }
        let path = directory.path + "/none"
        #expect(text { _ = try directory.open("none", .read) } == "open \(path): No such file or directory")
        #expect(text { try directory.remove("none") } == "unlink \(path): No such file or directory")
        #expect(text { try directory.rename("none", to: "x") } == "rename \(path): No such file or directory")
        #expect(text { _ = try Directory(opening: path) } == "open \(path): No such file or directory")
        _ = try directory.open("file", .create)
        #expect(
            text { try directory.open("file", .read).write([1].span, at: 0) }
                == "pwrite \(directory.path)/file: Bad file descriptor")
    }

    @Test func aDirectoryIsMadeForThisUserAloneWithThoseAboveIt() throws {
        let playground = try Playground()
        let path = playground.directory.path + "/one/two//three/"
        try Directory.make(path)
        try Directory.make(path)
        var status = stat()
        // SAFETY: the String lends its octets, and stat fills the one structure it is given.
        #expect(unsafe stat(path, &status) == 0)
        #expect(status.st_mode & 0o777 == 0o700)
        for suffix in ["/one/two/three", "/one/two", "/one"] {
            // SAFETY: the String lends its octets for the length of the call.
            #expect(unsafe rmdir(playground.directory.path + suffix) == 0)
        }
    }

    @Test func aLockHasOneOwner() throws {
        let playground = try Playground()
        var first = try FileLock("lock", in: playground.directory)
        #expect(first != nil)
        #expect(try FileLock("lock", in: playground.directory) == nil)
        first = nil
        #expect(try FileLock("lock", in: playground.directory) != nil)
    }

    @Test func linesAreAppended() throws {
        let playground = try Playground()
        let path = playground.directory.path(of: "lines")
        let first = try LineStream(appendingTo: path)
        #expect(try first.append(Array("one\n".utf8).span) == 4)
        let second = try LineStream(appendingTo: path)
        #expect(try second.append(Array("two\n".utf8).span) == 4)
        #expect(try first.append(Array("three\n".utf8).span) == 6)
        #expect(try WholeFile.read(path, byteCountMax: 100) == Array("one\ntwo\nthree\n".utf8))
        #expect(throws: SystemError.self) { _ = try LineStream(appendingTo: playground.directory.path) }
    }

    @Test func aReaderThatTakesNothingGetsWholeLinesAndNobodyWaits() throws {
        let playground = try Playground()
        let path = playground.directory.path(of: "pipe")
        // SAFETY: the String lends its octets and a terminator for the length of the call.
        #expect(unsafe mkfifo(path, 0o600) == 0)
        #expect(throws: SystemError.self) { _ = try LineStream(appendingTo: path) }
        // SAFETY: as above.
        let reader = Descriptor(owning: unsafe open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC))
        let stream = try LineStream(appendingTo: path)
        let line = [UInt8](repeating: UInt8(ascii: "x"), count: 999) + [UInt8(ascii: "\n")]
        let lines = [UInt8](Array(repeating: line, count: 1000).joined())
        let count = try stream.append(lines.span, timeoutMilliseconds: 0)
        #expect(count > 0 && count < lines.count && count % line.count == 0)
        #expect(try stream.append(lines.span, timeoutMilliseconds: 0) == 0)
        var taken = [UInt8](repeating: 0, count: 1 << 20)
        // SAFETY: read fills no more than the array has.
        #expect(unsafe read(reader.number, &taken, taken.count) == count)
        #expect(try stream.append(line.span, timeoutMilliseconds: 0) == line.count)
    }
}
