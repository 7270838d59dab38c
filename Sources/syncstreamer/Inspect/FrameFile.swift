import Bytes
import Posix

/// The octets of a file that should hold a frame: mapped where it is one on a disk, and otherwise in memory.
struct FrameFile {
    /// What it is called in messages.
    let name: String
    /// The octets.
    let mapped: MappedFile

    /// Opens a file by its path; `-` is standard input.
    init(_ path: String) throws {
        if path == "-" {
            let octets = try StandardInput.readAll(byteCountMax: Self.inputByteCountMax)
            self.init(MappedFile(copying: octets.octets), name: "standard input")
            return
        }
        let name = Substring(path)
        let slash = name.lastIndex(of: "/")
        let folder = slash.map { $0 == name.startIndex ? "/" : String(name[..<$0]) } ?? "."
        let directory = try Directory(opening: folder)
        try self.init(slash.map { String(name[name.index(after: $0)...]) } ?? path, in: directory, path: path)
    }

    /// Opens an entry of a directory.
    ///
    /// - Parameter path: what it is called in messages.
    init(_ entry: String, in directory: Directory, path: String) throws {
        let file = try directory.open(entry, .read)
        if try file.isRegular() {
            self.init(try file.map(), name: path)
        } else {
            let octets = try file.readToEnd(byteCountMax: Self.inputByteCountMax)
            self.init(MappedFile(copying: octets.octets), name: path)
        }
    }

    private init(_ mapped: MappedFile, name: String) {
        self.mapped = mapped
        self.name = name
    }

    /// Standard input and pipes have to be held in memory; a file has not.
    private static let inputByteCountMax = 1 << 30
}
