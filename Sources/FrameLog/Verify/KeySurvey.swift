import Bytes
import Posix

/// The files of the folder `keys`, and what is wrong with them. Changes nothing. A running server may add and
/// remove files meanwhile.
struct KeySurvey<Volume: Storage> {
    private(set) var findings: [Finding] = []
    /// Files to be moved aside.
    private(set) var damagedFiles: [String] = []
    private(set) var byteCount: UInt64 = 0

    init(_ folder: Volume) throws {
        var octets = Buffer()
        for name in try folder.names().sorted() where !name.hasSuffix(".tmp") {
            if KeyFileName(name) == nil {
                findings.append(.note("keys/" + name, "no file of the uploads' keys; it is left alone"))
                continue
            }
            do throws(SystemError) {
                let unreadable = try folder.open(name, .read).readWhole(into: &octets)
                byteCount += UInt64(octets.count)
                if unreadable == nil && KeyFile.decode(octets.octets) != nil { continue }
                damagedFiles.append(name)
                findings.append(
                    .damage(
                        "keys/" + name, at: unreadable, "the list of uploads with keys is damaged",
                        "--repair moves it aside: an upload of then that is repeated counts anew; "
                            + "or restore it from a copy"))
            } catch {
                // A running server has removed it since.
                if !error.isNotFound { throw error }
            }
        }
    }
}
