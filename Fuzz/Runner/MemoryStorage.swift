// A data directory in memory, for targets that open logs and stores hundreds of times a second.
import Bytes
import FrameLog
import Posix
import Synchronization

/// ENOENT
private let noEntry: Int32 = 2

/// The files of all folders, by path.
final class MemoryDisk: Sendable {
    fileprivate let files = Mutex<[String: MemoryFile]>([:])

    /// The paths that begin with `prefix`, in order.
    func paths(_ prefix: String) -> [String] {
        files.withLock { $0.keys.filter { $0.hasPrefix(prefix) }.sorted() }
    }

    /// What is in a file; nil where there is none.
    subscript(path: String) -> [UInt8]? {
        get { files.withLock { $0[path] }?.octets }
        set { files.withLock { $0[path] = newValue.map { MemoryFile(path, $0) } } }
    }
}

/// A folder of such a disk.
struct MemoryStorage: Storage {
    let disk: MemoryDisk
    let path: String

    func folder(_ name: String) -> MemoryStorage { MemoryStorage(disk: disk, path: path + "/" + name) }

    func existingFolder(_ name: String) -> MemoryStorage? {
        disk.paths(path + "/" + name + "/").isEmpty ? nil : folder(name)
    }

    func names() -> [String] {
        disk.paths(path + "/").map { String($0.dropFirst(path.count + 1)) }.filter { !$0.contains("/") }
    }

    func byteCount(of name: String) throws(SystemError) -> UInt64 { try file(name, "stat").byteCount() }

    func open(_ name: String, _ access: File.Access) throws(SystemError) -> MemoryFile {
        if access == .create { disk[path + "/" + name] = [] }
        return try file(name, "open")
    }

    func rename(_ name: String, to newName: String) throws(SystemError) {
        let file = try file(name, "rename")
        disk.files.withLock {
            $0[path + "/" + name] = nil
            $0[path + "/" + newName] = file
        }
    }

    func move(_ name: String, to folder: MemoryStorage, as newName: String) throws(SystemError) {
        let file = try file(name, "rename")
        disk.files.withLock {
            $0[path + "/" + name] = nil
            $0[folder.path + "/" + newName] = file
        }
    }

    func remove(_ name: String) throws(SystemError) {
        _ = try file(name, "unlink")
        disk[path + "/" + name] = nil
    }

    func sync() {}

    private func file(_ name: String, _ call: String) throws(SystemError) -> MemoryFile {
        guard let file = disk.files.withLock({ $0[path + "/" + name] }) else {
            throw SystemError(call: call, subject: path + "/" + name, code: noEntry)
        }
        return file
    }
}

/// A file of such a disk.
final class MemoryFile: StorageFile {
    let path: String
    private let content: Mutex<[UInt8]>

    init(_ path: String, _ octets: [UInt8]) {
        self.path = path
        content = Mutex(octets)
    }

    var octets: [UInt8] { content.withLock { $0 } }

    func byteCount() -> UInt64 { UInt64(octets.count) }

    func read(at position: UInt64, count: Int, into buffer: inout Buffer) -> Int {
        let octets = octets
        let start = min(Int(position), octets.count)
        let end = min(start + count, octets.count)
        buffer.append(copying: octets.span.extracting(start..<end))
        return end - start
    }

    func write(_ octets: Span<UInt8>, at position: UInt64) {
        let octets = octets.copied()
        let start = Int(position)
        content.withLock { content in
            let missing = start + octets.count - content.count
            if missing > 0 { content += [UInt8](repeating: 0, count: missing) }
            content.replaceSubrange(start..<start + octets.count, with: octets)
        }
    }

    func write(_ pieces: [OctetPiece], at position: UInt64) {
        var octets: [UInt8] = []
        for piece in pieces { octets += piece.octets[piece.range] }
        write(octets.span, at: position)
    }

    func allocate(byteCount: UInt64) {
        content.withLock { content in
            let missing = Int(byteCount) - content.count
            if missing > 0 { content += [UInt8](repeating: 0, count: missing) }
        }
    }

    func sync() {}

    func map() -> MappedFile { MappedFile(copying: octets.span) }
}
