/// A lock on a file that one process at a time can hold, and that ends with the process however it ends
/// (flock(2)).
package final class FileLock: Sendable {
    private let file: File

    /// Takes the lock on a file of `directory`, which is made where it is missing, or returns nil where
    /// another process, or another lock of this one, has it.
    ///
    /// - Throws: `SystemError` of open(2) or flock(2).
    package init?(_ name: String, in directory: Directory) throws(SystemError) {
        file = try directory.open(name, .create)
        if try !file.lock() { return nil }
    }
}
