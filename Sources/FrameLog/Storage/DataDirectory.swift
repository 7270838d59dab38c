import Posix

/// The directory of one server: the folder `log`, the folder `frames`, and a lock that keeps a second server
/// out.
package final class DataDirectory: Sendable {
    package let storage: DiskStorage
    private let lock: FileLock

    /// Opens the directory, makes it where it is missing, mode 0700, and holds its lock as long as this
    /// object lives.
    ///
    /// - Throws: `SystemError`, or a `FrameLogError` that says that another server owns it.
    package init(_ path: String) throws {
        storage = try DiskStorage(path)
        guard let lock = try storage.lock("lock") else { throw FrameLogError.ownedByAnother(path: path) }
        self.lock = lock
    }
}
