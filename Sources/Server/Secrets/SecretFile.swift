import Bytes

/// A secret file's text: pure functions from octets to octets; reading and atomically replacing the file is
/// the caller's part.
///
/// One line a secret (see `SecretEntry`), `#` begins a comment, blank lines are skipped.
package enum SecretFile {
    /// A secret costs a comparison on every POST, so their number is bounded.
    package static let entryCountMax = 1000
    /// Room for that many lines of 1 KiB.
    package static let byteCountMax = 1 << 20

    /// The entries of a file, in its order.
    ///
    /// - Parameter name: the file's name, for errors.
    package static func entries(in text: Span<UInt8>, named name: String) throws(SecretFileError)
        -> [SecretEntry]
    {
        if text.count > byteCountMax {
            throw SecretFileError(file: name, line: nil, advice: "a secret file may have at most 1 MiB")
        }
        var entries: [SecretEntry] = []
        var lines: [Int] = []
        var start = 0
        var number = 0
        while start < text.count {
            let end = text.firstIndex(of: UInt8(ascii: "\n"), from: start) ?? text.count
            number += 1
            let read: SecretEntry?
            do throws(SecretLineFault) {
                read = try SecretEntry(line: text.extracting(start..<end))
            } catch {
                throw SecretFileError(file: name, line: number, advice: error.advice)
            }
            if let entry = read {
                if let same = entries.firstIndex(where: { $0.name == entry.name }) {
                    throw SecretFileError(
                        file: name, line: number,
                        advice: "the name is that of line \(lines[same]); give each secret a name of its own")
                }
                if entries.count == entryCountMax {
                    throw SecretFileError(
                        file: name, line: number,
                        advice: "there are more than \(entryCountMax) secrets; remove some")
                }
                entries.append(entry)
                lines.append(number)
            }
            start = end + 1
        }
        return entries
    }

    /// The file with a line for `entry` at its end; its name must be new.
    package static func adding(
        _ entry: SecretEntry, to text: Span<UInt8>, named name: String
    ) throws(SecretFileError) -> [UInt8] {
        let entries = try entries(in: text, named: name)
        if entries.contains(where: { $0.name == entry.name }) {
            throw SecretFileError(
                file: name, line: nil,
                advice: "it has a secret called \(entry.name) already; choose another name")
        }
        if entries.count == entryCountMax {
            throw SecretFileError(
                file: name, line: nil, advice: "it has \(entryCountMax) secrets, the most that are allowed")
        }
        var file = text.copied()
        if let last = file.last, last != UInt8(ascii: "\n") { file.append("\n") }
        file.append(utf8: entry.line)
        file.append("\n")
        return file
    }

    /// The file without the line of the secret called `secret`; every other line stays as it is.
    package static func revoking(
        _ secret: String, in text: Span<UInt8>, named name: String
    ) throws(SecretFileError) -> [UInt8] {
        _ = try entries(in: text, named: name)
        var file: [UInt8] = []
        var isFound = false
        var start = 0
        while start < text.count {
            let end = text.firstIndex(of: UInt8(ascii: "\n"), from: start).map { $0 + 1 } ?? text.count
            let line = text.extracting(start..<end)
            let content =
                end > start && text[end - 1] == UInt8(ascii: "\n") ? line.extracting(droppingLast: 1) : line
            // Every line was read without a fault above.
            if let entry = try? SecretEntry(line: content), entry.name == secret {
                isFound = true
            } else {
                file.append(copying: line)
            }
            start = end
        }
        if !isFound {
            throw SecretFileError(file: name, line: nil, advice: "it has no secret of that name")
        }
        return file
    }
}

/// Why a secret file can't be used: the file, the line, and what to do. It never repeats what a line says.
package struct SecretFileError: Error, Sendable, Equatable, CustomStringConvertible {
    package let file: String
    /// Counted from 1; nil where the fault is no single line's.
    package let line: Int?
    package let advice: String

    package var description: String {
        line.map { "\(file), line \($0): \(advice)" } ?? "\(file): \(advice)"
    }
}
