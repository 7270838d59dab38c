import Bytes
import FrameLog
import HTTPClient
import Posix
import TLS

/// Copies a range of frames into a directory, each under its id, and leaves alone what is there and right.
///
/// Frames take their names when they are whole and checked. So an interrupted copy goes on where it was when
/// it is started again.
struct FrameCopy {
    private let server: RemoteServer
    private let path: String
    private let directory: Directory
    private let isCancelled: () -> Bool

    private(set) var copiedCount: UInt64 = 0
    private(set) var copiedByteCount: UInt64 = 0
    private(set) var presentCount: UInt64 = 0
    /// Frames that were listed, and removed before it was their turn.
    private(set) var removedCount: UInt64 = 0

    /// - Parameter path: a directory, which is made where there is none.
    init(from server: RemoteServer, to path: String, unless isCancelled: @escaping () -> Bool) throws {
        self.server = server
        self.path = path
        self.isCancelled = isCancelled
        try Directory.make(path)
        directory = try Directory(opening: path)
    }

    /// Copies the frames, oldest first, since those are the next to be removed.
    mutating func run(_ entries: [IndexEntry]) throws {
        var progress = ProgressBar()
        defer { progress.finish() }
        for (index, entry) in entries.enumerated() {
            try copy(entry)
            let words = "\(index + 1) of \(entries.count) frames, \(Quantities.size(copiedByteCount))"
            progress.update(ProgressBar.line(UInt64(index + 1), of: UInt64(entries.count), words: words))
        }
        try directory.sync()
    }

    /// What was done, in a line.
    var summary: String {
        var words = "\(path): \(Quantities.count(copiedCount, "frame")) copied"
        if copiedCount > 0 { words += ", \(Quantities.size(copiedByteCount))" }
        if presentCount > 0 { words += "; \(presentCount) there already" }
        if removedCount > 0 { words += "; \(removedCount) removed by the server before they were copied" }
        return words
    }

    private mutating func copy(_ entry: IndexEntry) throws {
        // It names a file from here on, and comes from the server.
        guard entry.id == "\(entry.startAt)" else {
            throw CommandFailure("'\(PlainText.text(entry.id))' is no frame's id; check --url")
        }
        let name = "\(entry.id).frame"
        let target = try TemporaryFile(beside: directory.path(of: name))
        do {
            let digest = try presentDigest(of: name)
            if let byteCount = try server.fetch(
                entry.id, into: target.file, unlessItIs: digest, unless: isCancelled)
            {
                try target.keep(isNameSynced: false)
                copiedCount += 1
                copiedByteCount += byteCount
            } else {
                presentCount += 1
            }
        } catch let refusal as ServerRefusal where refusal.status == 404 || refusal.status == 410 {
            removedCount += 1
        }
    }

    /// The digest of the file that has a frame's name, or nil where there is none.
    private func presentDigest(of name: String) throws -> [UInt8]? {
        let file: File
        do {
            file = try directory.open(name, .read)
        } catch  where error.code == SystemError.noSuchEntry {
            return nil
        }
        let mapped = try file.map()
        return SHA256.digest(of: mapped.octets)
    }
}
