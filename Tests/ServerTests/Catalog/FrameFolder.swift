// Support for tests of the catalogue and the routes: frames on a disk.

import Bytes
import Compression
import FrameLog
import Glibc
import Posix
import TLS
import Testing
import TimeFrame

@testable import Server

/// Frames in a folder of their own under /tmp, written as the store keeps them and opened by the real store,
/// so that the routes serve real mapped files. Removed with the last reference.
final class FrameFolder {
    /// Every window is so long.
    static let duration: UInt64 = 10_000

    let path: String
    /// Oldest first.
    let files: [StoredFrame]
    private let folder: Directory

    /// - Parameters:
    ///   - starts: when each frame's window starts.
    ///   - gzipStarts: which of them have a gzip form too.
    init(starts: [UInt64], gzipStarts: Set<UInt64> = []) throws {
        path = "/tmp/syncstreamer-tests-" + Hex.text(Random.octets(8).span)
        try Directory.make(path)
        let storage = try DiskStorage(path)
        let frames = try storage.folder("frames")
        folder = try Directory(opening: path + "/frames")
        for start in starts {
            let octets = try Self.frame(start)
            let name = "\(start)-\(Hex.text(SHA256.digest(of: octets.span).span)).frame"
            try frames.open(name, .create).write(octets.span, at: 0)
            if !gzipStarts.contains(start) { continue }
            let gzip = try Self.gzip(octets)
            try frames.open(name + ".gz", .create).write(gzip.span, at: 0)
        }
        var retention = Retention()
        retention.framesMax = .max
        let store = try DiskFrameStore(opening: storage, retention: retention)
        // No gzip form that a start finds is sent before it is checked.
        let checker = store.checker(FrameInflation.self)
        while case .checked = checker.checkNext(unless: { false }) {}
        files = store.frames
    }

    deinit {
        try? removeFiles()
        // SAFETY: rmdir only reads the paths. Where they can't be removed, files of this test stay in /tmp:
        // no harm.
        _ = unsafe rmdir(path + "/frames")
        _ = unsafe rmdir(path)
    }

    /// Makes the frames' files such that they can't be opened (ELOOP).
    func breakFiles() throws {
        for name in try folder.names() {
            try folder.remove(name)
            // SAFETY: symlink only reads the two texts.
            #expect(unsafe symlink(name, "\(path)/frames/\(name)") == 0)
        }
    }

    /// Removes the frames' files, as if the disk had lost them.
    func removeFiles() throws {
        for name in try folder.names() { try folder.remove(name) }
    }

    /// The octets of a frame: one item that compresses well and differs from frame to frame.
    static func frame(_ start: UInt64) throws -> [UInt8] {
        let data = Array(String(repeating: "reading of \(start); ", count: 50).utf8)
        let item = FrameContent.Item(timestamp: start, data: data)
        let channel = FrameContent.Channel(id: "a", type: "text/plain", items: [item])
        return try FrameContent(startTimestamp: start, endTimestamp: start + duration, channels: [channel])
            .encode()
    }

    /// The gzip form of `octets`.
    static func gzip(_ octets: [UInt8]) throws -> [UInt8] {
        var encoder = try FrameGzip()
        var gzip = Buffer()
        encoder.update(octets.span, into: &gzip)
        encoder.finish(into: &gzip)
        return gzip.octets.copied()
    }

    /// What a gzip file, which must be whole, holds.
    static func gunzip(_ gzip: [UInt8]) throws -> [UInt8] {
        var inflater = try Inflater(limits: InflateLimits(byteCountMax: .max, ratioMax: 2000))
        var octets = Buffer()
        let step = inflater.inflate(gzip.span, into: &octets, outputMax: 1 << 30)
        try #require(step.consumed == gzip.count && inflater.isWhole)
        return octets.octets.copied()
    }
}
