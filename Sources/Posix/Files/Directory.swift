import CLinux
import Glibc

/// An open directory, whose entries are named relative to it. Any thread may use it.
package final class Directory: Sendable {
    /// The path it was opened by, for messages.
    package let path: String
    private let descriptor: Descriptor

    /// Opens a directory that exists.
    ///
    /// - Throws: `SystemError` of open(2).
    package init(opening path: String) throws(SystemError) {
        // SAFETY: the String lends its octets and a terminator for the length of the call.
        let number = unsafe Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        if number < 0 { throw SystemError(call: "open", subject: path) }
        descriptor = Descriptor(owning: number)
        self.path = path
    }

    /// Makes a directory for this user alone, mode 0700, with those above it, unless it exists.
    ///
    /// - Throws: `SystemError` of mkdir(2), or of the sync that makes a new entry last.
    package static func make(_ path: String) throws(SystemError) {
        // SAFETY: here and below, a String lends its octets and a terminator for the length of the call.
        if unsafe mkdir(path, 0o700) == 0 {
            return try Directory(opening: parent(of: path)).sync()
        }
        if errno == EEXIST { return }
        if errno != ENOENT || parent(of: path) == path { throw SystemError(call: "mkdir", subject: path) }
        try make(parent(of: path))
        if unsafe mkdir(path, 0o700) != 0 && errno != EEXIST {
            throw SystemError(call: "mkdir", subject: path)
        }
        try Directory(opening: parent(of: path)).sync()
    }

    /// The path up to the last slash that separates two names.
    private static func parent(of path: String) -> String {
        var octets = Array(path.utf8)
        let slash = UInt8(ascii: "/")
        while octets.count > 1 && octets.last == slash { octets.removeLast() }
        guard let last = octets.lastIndex(of: slash) else { return "." }
        return last == 0 ? "/" : String(decoding: octets[..<last], as: UTF8.self)
    }

    /// The names of all entries except `.` and `..`, in no order.
    ///
    /// - Throws: `SystemError` of readdir(3).
    package func names() throws(SystemError) -> [String] {
        // The stream takes a descriptor of its own over: it moves the position, and closes it.
        // SAFETY: the literal lends its octets and a terminator for the length of the call.
        let number = unsafe openat(descriptor.number, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        if number < 0 { throw SystemError(call: "openat", subject: path) }
        guard let stream = unsafe fdopendir(number) else {
            let error = SystemError(call: "fdopendir", subject: path)
            _ = close(number)
            throw error
        }
        // SAFETY: the stream is this function's own, open until the end; an entry is copied before the next
        // is read.
        defer { _ = unsafe closedir(stream) }
        var names: [String] = []
        while true {
            errno = 0
            guard let entry = unsafe readdir(stream) else {
                if errno != 0 { throw SystemError(call: "readdir", subject: path) }
                return names
            }
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) {
                unsafe String(cString: UnsafeRawPointer($0).assumingMemoryBound(to: CChar.self))
            }
            if name != "." && name != ".." { names.append(name) }
        }
    }

    /// The octets of a file in this directory.
    ///
    /// - Throws: `SystemError` of fstatat(2).
    package func byteCount(of name: String) throws(SystemError) -> UInt64 {
        var status = stat()
        // SAFETY: the String lends its octets and a terminator, and fstatat fills the one structure it is
        // given.
        if unsafe fstatat(descriptor.number, name, &status, 0) != 0 {
            throw SystemError(call: "stat", subject: path(of: name))
        }
        return UInt64(status.st_size)
    }

    /// Opens a file in this directory.
    ///
    /// - Throws: `SystemError` of openat(2).
    package func open(_ name: String, _ access: File.Access) throws(SystemError) -> File {
        let flags =
            switch access {
            case .read: O_RDONLY
            case .readWrite: O_RDWR
            case .create: O_RDWR | O_CREAT | O_TRUNC
            }
        // SAFETY: the String lends its octets and a terminator for the length of the call.
        let number = unsafe openat(descriptor.number, name, flags | O_CLOEXEC, 0o600)
        if number < 0 { throw SystemError(call: "open", subject: path(of: name)) }
        return File(owning: Descriptor(owning: number), path: path(of: name))
    }

    /// Gives an entry another name, in place of what may have that name. Lasts once the directory is synced.
    ///
    /// - Throws: `SystemError` of renameat(2).
    package func rename(_ name: String, to newName: String) throws(SystemError) {
        // SAFETY: both Strings lend their octets and a terminator for the length of the call.
        if unsafe renameat(descriptor.number, name, descriptor.number, newName) != 0 {
            throw SystemError(call: "rename", subject: path(of: name))
        }
    }

    /// Moves an entry to another directory of the same file system, in place of what may have the new name
    /// there. Lasts once both directories are synced.
    ///
    /// - Throws: `SystemError` of renameat(2).
    package func move(
        _ name: String, to directory: Directory, as newName: String
    ) throws(SystemError) {
        // SAFETY: both Strings lend their octets and a terminator for the length of the call.
        if unsafe renameat(descriptor.number, name, directory.descriptor.number, newName) != 0 {
            throw SystemError(call: "rename", subject: path(of: name))
        }
    }

    /// Removes a file's entry; who has the file open keeps it. Lasts once the directory is synced.
    ///
    /// - Throws: `SystemError` of unlinkat(2), ENOENT where there is none of that name.
    package func remove(_ name: String) throws(SystemError) {
        // SAFETY: the String lends its octets and a terminator for the length of the call.
        if unsafe unlinkat(descriptor.number, name, 0) != 0 {
            throw SystemError(call: "unlink", subject: path(of: name))
        }
    }

    /// Returns when all entries made, renamed and removed before are so on the disk.
    ///
    /// - Throws: `SystemError` of fsync(2).
    package func sync() throws(SystemError) {
        while fsync(descriptor.number) != 0 {
            if errno != EINTR { throw SystemError(call: "fsync", subject: path) }
        }
    }

    /// The path of an entry.
    package func path(of name: String) -> String { path.hasSuffix("/") ? path + name : path + "/" + name }
}
