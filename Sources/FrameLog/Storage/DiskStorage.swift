package import Posix

/// A folder of the file system.
package struct DiskStorage: Storage {
    private let directory: Directory

    /// Opens a folder, and makes it for this user alone, mode 0700, where it is missing.
    ///
    /// - Throws: `SystemError` of mkdir(2), open(2) or fsync(2).
    package init(_ path: String) throws(SystemError) {
        try Directory.make(path)
        directory = try Directory(opening: path)
    }

    /// Where it is, for messages.
    package var path: String { directory.path }

    /// A folder in this one, made where it is missing.
    package func folder(_ name: String) throws(SystemError) -> DiskStorage {
        try DiskStorage(directory.path(of: name))
    }

    /// The names of all entries, in no order.
    package func names() throws(SystemError) -> [String] { try directory.names() }

    /// The octets of a file.
    package func byteCount(of name: String) throws(SystemError) -> UInt64 {
        try directory.byteCount(of: name)
    }

    /// Opens a file.
    package func open(_ name: String, _ access: File.Access) throws(SystemError) -> File {
        try directory.open(name, access)
    }

    /// Renames a file.
    package func rename(_ name: String, to newName: String) throws(SystemError) {
        try directory.rename(name, to: newName)
    }

    /// Removes a file.
    package func remove(_ name: String) throws(SystemError) { try directory.remove(name) }

    /// Returns when all entries are on the disk as they are now.
    package func sync() throws(SystemError) { try directory.sync() }

    /// Takes the lock file `name` in this folder, or returns nil where another has it.
    func lock(_ name: String) throws(SystemError) -> FileLock? { try FileLock(name, in: directory) }
}

extension File: StorageFile {}
