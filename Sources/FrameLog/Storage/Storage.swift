package import Bytes
package import Posix

/// A folder that holds the log's segments or the store's frames: on a disk, or in a test's memory.
///
/// What is not synced may be lost in a crash, in any part and order; what is synced stays. Any thread may use
/// it.
package protocol Storage: Sendable {
    associatedtype File: StorageFile

    /// Where it is, for messages.
    var path: String { get }

    /// A folder in this one, made for this user alone where it is missing.
    func folder(_ name: String) throws(SystemError) -> Self

    /// A folder in this one that exists, or nil where there is none: nothing is made.
    func existingFolder(_ name: String) throws(SystemError) -> Self?

    /// The names of all entries, in no order.
    func names() throws(SystemError) -> [String]

    /// The octets of a file.
    func byteCount(of name: String) throws(SystemError) -> UInt64

    /// Opens a file.
    func open(_ name: String, _ access: Posix.File.Access) throws(SystemError) -> File

    /// Renames a file, in place of what may have had the new name. Lasts once the folder is synced.
    func rename(_ name: String, to newName: String) throws(SystemError)

    /// Moves a file to another folder of the same disk, where nothing has the new name. Lasts once both are
    /// synced, the other one first: until then a crash may leave the file in this folder still.
    func move(_ name: String, to folder: Self, as newName: String) throws(SystemError)

    /// Removes a file; who has it open keeps it. Lasts once the folder is synced.
    func remove(_ name: String) throws(SystemError)

    /// Returns when all entries are on the disk as they are now; their content is the files' business.
    func sync() throws(SystemError)
}

/// An open file of a `Storage`; see `Posix.File`, whose operations these are. Any thread may use it.
package protocol StorageFile: AnyObject, Sendable {
    var path: String { get }
    func byteCount() throws(SystemError) -> UInt64
    func read(at position: UInt64, count: Int, into buffer: inout Buffer) throws(SystemError) -> Int
    func write(_ octets: Span<UInt8>, at position: UInt64) throws(SystemError)
    func write(_ pieces: [OctetPiece], at position: UInt64) throws(SystemError)
    func allocate(byteCount: UInt64) throws(SystemError)
    func sync() throws(SystemError)
    func map() throws(SystemError) -> MappedFile
}
