import Glibc

/// A directory of a test's own, removed at the end with all that was written to it.
final class Scratch {
    let path: String
    private var names: Set<String> = []
    private var lastNumber = 0

    init() {
        var template = Array("/tmp/syncstreamer-tls-XXXXXX".utf8CString)
        // SAFETY: mkdtemp rewrites the template in place.
        guard unsafe mkdtemp(&template) != nil else { fatalError("no temporary directory can be made") }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit {
        for name in names { unsafe unlink(path + "/" + name) }
        unsafe rmdir(path)
    }

    func nextNumber() -> Int {
        lastNumber += 1
        return lastNumber
    }

    /// The path of a file in the directory, which goes with it.
    func file(_ name: String) -> String {
        names.insert(name)
        return path + "/" + name
    }

    func write(_ octets: [UInt8], to name: String) -> String {
        let path = file(name)
        guard let stream = unsafe fopen(path, "w") else { fatalError("\(path) can't be written") }
        unsafe precondition(fwrite(octets, 1, octets.count, stream) == octets.count && fclose(stream) == 0)
        return path
    }

    /// A file's text, as UTF-8.
    static func text(of path: String) -> String {
        guard let stream = unsafe fopen(path, "r") else { fatalError("\(path) can't be read") }
        defer { unsafe fclose(stream) }
        var text: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 4096)
        while case let count = unsafe fread(&piece, 1, piece.count, stream), count > 0 {
            text += piece.prefix(count)
        }
        return String(decoding: text, as: UTF8.self)
    }
}
