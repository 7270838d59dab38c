import Glibc

@testable import TLS

/// A directory of a test's own, removed at the end, with what certificates it needs.
final class Scratch {
    let path: String
    private var names: [String] = []

    init() {
        var template = Array("/tmp/syncstreamer-tls-XXXXXX".utf8CString)
        // SAFETY: mkdtemp rewrites the template in place.
        guard unsafe mkdtemp(&template) != nil else { fatalError("mkdtemp failed") }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit {
        for name in names { unsafe unlink(file(name)) }
        unsafe rmdir(path)
    }

    func file(_ name: String) -> String { path + "/" + name }

    func write(_ octets: [UInt8], to name: String) -> String {
        names.append(name)
        let path = file(name)
        guard let stream = unsafe fopen(path, "w") else { fatalError("can't write \(path)") }
        unsafe precondition(fwrite(octets, 1, octets.count, stream) == octets.count && fclose(stream) == 0)
        return path
    }
}
