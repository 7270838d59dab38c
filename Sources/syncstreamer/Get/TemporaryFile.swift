import Bytes
import Posix
import TLS

/// A new file under a name that nobody can guess, gone with this object unless it is kept.
final class TemporaryFile {
    let file: File
    private let directory: Directory
    private let name: String
    private let target: String?
    private var isThere = true

    /// In the directory of `path`, whose place it can take.
    convenience init(beside path: String) throws {
        let slash = path.lastIndex(of: "/")
        let folder = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        let name = slash.map { String(path[path.index(after: $0)...]) } ?? path
        if name.isEmpty || (try? Directory(opening: path)) != nil {  // What can't be opened as one is none.
            throw CommandFailure("\(path) is a directory; give a file's name")
        }
        try self.init(folder, target: name)
    }

    /// In a directory, to be read by this object alone.
    convenience init(in folder: String) throws {
        try self.init(folder, target: nil)
    }

    private init(_ folder: String, target: String?) throws {
        directory = try Directory(opening: folder)
        name = ".syncstreamer-" + Hex.text(Random.octets(16).span)
        self.target = target
        file = try directory.open(name, .create)
    }

    deinit { remove() }

    /// Removes the name; the file is there as long as this object.
    func remove() {
        if isThere { try? directory.remove(name) }  // Nothing hangs on it: the name is no one else's.
        isThere = false
    }

    /// Puts the file in its place, whole and on the disk.
    ///
    /// - Parameter isNameSynced: false leaves it to the caller to sync the directory. Until then a power cut
    ///   may take the name back, but never gives it to less than the whole file.
    func keep(isNameSynced: Bool = true) throws {
        guard let target else { preconditionFailure("a file with no place to go to can't be kept") }
        try FileMode.makeOrdinary(directory.path(of: name))
        try file.sync()
        try directory.rename(name, to: target)
        isThere = false
        if isNameSynced { try directory.sync() }
    }
}
