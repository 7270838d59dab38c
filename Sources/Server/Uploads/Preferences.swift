import Bytes
import HTTP

/// The Prefer field (RFC 7240).
enum Preferences {
    /// Whether `return=minimal` is asked for, which here means: no body where there is nothing but success to
    /// report. Of several `return` preferences the first one counts (section 2).
    static func wantMinimal(_ head: borrowing RequestHead, _ octets: Span<UInt8>) -> Bool {
        var isMinimal: Bool?
        head.forEachValue(of: .prefer) { value in
            FieldList.forEach(in: octets.extracting(value)) { preference in
                // No preference of interest has a comma or a semicolon within quotes.
                let end = preference.firstIndex(of: UInt8(ascii: ";")) ?? preference.count
                guard let equals = preference.firstIndex(of: UInt8(ascii: "=")), equals < end,
                    trimmed(preference.extracting(0..<equals)).isEqual(toLowercased: "return")
                else { return }
                let wanted = trimmed(preference.extracting(equals + 1..<end))
                isMinimal = isMinimal ?? (wanted.isEqual(to: "minimal") || wanted.isEqual(to: "\"minimal\""))
            }
        }
        return isMinimal ?? false
    }

    /// The octets without spaces and tabs at either end (RFC 7240 allows them around the equals sign).
    @_lifetime(copy text)
    private static func trimmed(_ text: Span<UInt8>) -> Span<UInt8> {
        var range = text.indices
        while let first = range.first, text[first] == UInt8(ascii: " ") || text[first] == UInt8(ascii: "\t") {
            range.removeFirst()
        }
        while let last = range.last, text[last] == UInt8(ascii: " ") || text[last] == UInt8(ascii: "\t") {
            range.removeLast()
        }
        return text.extracting(range)
    }
}
