import Bytes

/// Texts of /proc: lines of words (proc(5)).
enum ProcText {
    /// The words of each line that has any.
    static func lines(_ text: String) -> [[Substring]] {
        text.split(separator: "\n").map { line in line.split { $0 == " " || $0 == "\t" } }.filter {
            !$0.isEmpty
        }
    }

    /// The value of a word of decimal digits, or nil.
    static func number(_ word: Substring) -> UInt64? {
        Array(word.utf8).span.decimal()
    }

    /// A word such as `1.25` in hundredths: 125. Digits behind the second are dropped.
    static func hundredths(_ word: Substring) -> UInt64? {
        let parts = word.split(separator: ".", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), let whole = number(parts[0]), whole < 1 << 50 else { return nil }
        if parts.count == 1 { return whole * 100 }
        let digits = parts[1].prefix(2)
        guard let fraction = number(digits) else { return nil }
        return whole * 100 + (digits.utf8.count == 1 ? fraction * 10 : fraction)
    }
}
