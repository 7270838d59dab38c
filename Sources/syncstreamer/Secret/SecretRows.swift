import Bytes
import HTTP
import Server

/// The secrets of a file, as people and programs read them.
struct SecretRows {
    private let entries: [SecretEntry]
    private let nowMilliseconds: UInt64

    init(_ entries: [SecretEntry], nowMilliseconds: UInt64) {
        self.entries = entries
        self.nowMilliseconds = nowMilliseconds
    }

    /// A table.
    func lines(_ style: Style) -> [String] {
        var columns: [(String, TextTable.Alignment)] = [
            ("name", .left), ("channels", .left), ("expires", .left),
        ]
        let hasSubjects = entries.contains { subject(of: $0) != nil }
        if hasSubjects { columns.append(("certificate", .left)) }
        var table = TextTable(columns)
        for entry in entries {
            let expiry = entry.expiry.map { $0.text + (isOver($0) ? " (over)" : "") } ?? "never"
            let row = [entry.name, channels(of: entry).joined(separator: ","), expiry]
            table.add(hasSubjects ? row + [subject(of: entry).map { PlainText.text($0) } ?? ""] : row)
        }
        return table.lines(style)
    }

    /// A JSON array of objects with `name`, `channels`, `expires` (null for never), `isOver`, and `subject`
    /// where the line is for certificates.
    var json: String {
        var octets: [UInt8] = []
        for entry in entries {
            octets.append(octets.isEmpty ? "[{\"name\":" : ",{\"name\":")
            JSONWriter.append(entry.name, to: &octets)
            octets.append(",\"channels\":[")
            for (index, pattern) in channels(of: entry).enumerated() {
                if index > 0 { octets.append(",") }
                JSONWriter.append(pattern, to: &octets)
            }
            octets.append("],\"expires\":")
            if let expiry = entry.expiry {
                JSONWriter.append(expiry.text, to: &octets)
            } else {
                octets.append("null")
            }
            octets.append(utf8: ",\"isOver\":\(entry.expiry.map(isOver) ?? false)")
            if let subject = subject(of: entry) {
                octets.append(",\"subject\":")
                JSONWriter.append(subject, to: &octets)
            }
            octets.append("}")
        }
        octets.append(octets.isEmpty ? "[]" : "]")
        return String(decoding: octets, as: UTF8.self)
    }

    private func subject(of entry: SecretEntry) -> String? {
        guard case .certificate(let subject) = entry.proof else { return nil }
        return String(decoding: subject, as: UTF8.self)
    }

    private func channels(of entry: SecretEntry) -> [String] { entry.patterns.map(\.text) }

    private func isOver(_ expiry: SecretExpiry) -> Bool { expiry.isOver(nowMilliseconds: nowMilliseconds) }
}
