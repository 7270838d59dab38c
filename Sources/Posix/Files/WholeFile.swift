import Bytes

/// Small files that are read and replaced whole, by path: configuration, certificates, secrets.
package enum WholeFile {
    /// The file's octets, or what a pipe brings up to its end, as with `<(…)` of a shell.
    ///
    /// - Parameter byteCountMax: a larger file is refused, with EFBIG, before it is read.
    /// - Throws: `SystemError` that names the path.
    package static func read(_ path: String, byteCountMax: Int) throws(SystemError) -> [UInt8] {
        let (folder, name) = split(path)
        let file = try Directory(opening: folder).open(name, .read)
        if try !file.isRegular() {
            let buffer = try file.readToEnd(byteCountMax: byteCountMax)
            return buffer.octets.copied()
        }
        let byteCount = try file.byteCount()
        if byteCount > UInt64(byteCountMax) { throw SystemError.tooLarge(path) }
        var buffer = Buffer()
        _ = try file.read(at: 0, count: Int(byteCount), into: &buffer)
        return buffer.octets.copied()
    }

    /// Puts a file with these octets, readable by this user alone, in place of what may be there: a crash
    /// leaves the old one or the new one, whole.
    ///
    /// - Throws: `SystemError` that names the path.
    package static func replace(_ path: String, with octets: Span<UInt8>) throws(SystemError) {
        let (folder, name) = split(path)
        let directory = try Directory(opening: folder)
        let temporary = name + ".new"
        let file = try directory.open(temporary, .create)
        try file.write(octets, at: 0)
        try file.sync()
        try directory.rename(temporary, to: name)
        try directory.sync()
    }

    private static func split(_ path: String) -> (folder: String, name: String) {
        guard let slash = path.lastIndex(of: "/") else { return (".", path) }
        let folder = slash == path.startIndex ? "/" : String(path[..<slash])
        return (folder, String(path[path.index(after: slash)...]))
    }
}
