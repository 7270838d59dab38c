import Bytes
import Posix

/// What a store remembers of uploads with keys, for the log that is opened beside it.
package struct StoredKeys: Sendable {
    let records: [KeyRecord]

    init(_ records: [KeyRecord]) {
        self.records = records
    }

    /// Nothing.
    package init() { records = [] }
}

/// The folder `keys` of a data directory. Used by one thread, the sealer.
struct KeyFolder<Volume: Storage> {
    /// What earlier runs have left.
    let stored: StoredKeys

    private let folder: Volume
    private let lateness: UInt64
    private var files: [KeyFileName] = []

    /// - Throws: `SystemError`; `FrameLogError` where a file is damaged.
    init(opening volume: Volume, lateness: UInt64) throws {
        folder = try volume.folder("keys")
        self.lateness = lateness
        var records: [KeyRecord] = []
        var octets = Buffer()
        for name in try folder.names() {
            if name.hasSuffix(".tmp") {
                try folder.remove(name)
                continue
            }
            guard let file = KeyFileName(name) else { continue }
            files.append(file)
            octets.removeAll()
            let opened = try folder.open(name, .read)
            _ = try opened.read(at: 0, count: Int(opened.byteCount()), into: &octets)
            guard let read = KeyFile.decode(octets.octets) else {
                throw FrameLogError(
                    reason: .corrupt, path: opened.path, offset: nil,
                    detail: "the file is damaged")
            }
            records.append(contentsOf: read)
        }
        stored = StoredKeys(records)
    }

    /// Writes what goes with a sealed window, and returns once it is durable.
    ///
    /// - Throws: `SystemError`, after which it may be tried again.
    mutating func store(_ records: [KeyRecord], windowStart: UInt64) throws(SystemError) {
        if records.isEmpty { return }
        let end = records.reduce(0) { max($0, $1.windowEnd) }
        let name = KeyFileName(
            windowStart: windowStart, goodUntil: end + KeyTable.keptMilliseconds + lateness)
        let temporary = "\(windowStart).tmp"
        do throws(SystemError) {
            let file = try folder.open(temporary, .create)
            try file.write(KeyFile.encode(records).span, at: 0)
            try file.sync()
            try folder.rename(temporary, to: name.text)
            try folder.sync()
        } catch {
            // What can't be removed now is removed at the next start, or overwritten by the next try.
            try? folder.remove(temporary)
            throw error
        }
        if !files.contains(name) { files.append(name) }
    }

    /// Removes the files that nobody needs any more at `now`.
    mutating func removeExpired(now: UInt64) {
        let folder = folder
        files.removeAll { file in
            if file.goodUntil > now { return false }
            do throws(SystemError) {
                try folder.remove(file.text)
                return true
            } catch {
                // Tried again with the next window.
                return error.code == SystemError.noSuchEntry
            }
        }
    }
}
