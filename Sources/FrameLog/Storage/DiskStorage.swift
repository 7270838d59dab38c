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

    private init(_ directory: Directory) { self.directory = directory }

    /// Opens a folder that exists, and makes nothing. Nil where there is none.
    ///
    /// - Throws: `SystemError` of open(2).
    package static func existing(_ path: String) throws(SystemError) -> DiskStorage? {
        do throws(SystemError) {
            return DiskStorage(try Directory(opening: path))
        } catch {
            if error.isNotFound { return nil }
            throw error
        }
    }

    /// Where it is, for messages.
    package var path: String { directory.path }

    /// A folder in this one, made where it is missing.
    package func folder(_ name: String) throws(SystemError) -> DiskStorage {
        try DiskStorage(directory.path(of: name))
    }

    /// A folder in this one that exists, or nil where there is none.
    package func existingFolder(_ name: String) throws(SystemError) -> DiskStorage? {
        try DiskStorage.existing(directory.path(of: name))
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

    /// Moves a file to another folder of the same file system.
    package func move(
        _ name: String, to folder: DiskStorage, as newName: String
    ) throws(SystemError) {
        try directory.move(name, to: folder.directory, as: newName)
    }

    /// Removes a file.
    package func remove(_ name: String) throws(SystemError) { try directory.remove(name) }

    /// Returns when all entries are on the disk as they are now.
    package func sync() throws(SystemError) { try directory.sync() }

    /// Takes the lock file `name` in this folder, or returns nil where another has it.
    func lock(_ name: String) throws(SystemError) -> FileLock? { try FileLock(name, in: directory) }
}

extension File: StorageFile {}
