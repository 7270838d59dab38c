import Glibc

/// Who may use a file (chmod(2)).
package enum FileMode {
    /// Gives a file the mode that a new one has by the process's umask, so that others may read it where that
    /// is usual.
    ///
    /// Call it on the main thread before there are others: the umask is the process's and can only be read by
    /// setting it.
    /// - Throws: `SystemError` that names the path.
    package static func makeOrdinary(_ path: String) throws(SystemError) {
        let mask = umask(0o077)
        _ = umask(mask)
        // SAFETY: the String lends its octets and a terminator for the length of the call.
        if unsafe chmod(path, 0o666 & ~mask) != 0 { throw SystemError(call: "chmod", subject: path) }
    }
}
