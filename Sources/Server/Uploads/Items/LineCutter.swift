import Bytes

/// Cuts NDJSON into lines (github.com/ndjson/ndjson-spec): each ends with LF, before which a CR is no part of
/// it; the last one may go without. Lines of blanks alone are passed over and are no items.
package struct LineCutter {
    private let byteCountMax: Int
    /// So many octets of the line have no LF among them.
    private var scanned = 0
    /// The rest of a line that is too long is passed over.
    private var isSkipping = false

    /// - Parameter byteCountMax: the most octets of an item.
    package init(byteCountMax: Int) {
        self.byteCountMax = byteCountMax
    }

    /// As `ItemCutter.next`.
    package mutating func next(_ content: Span<UInt8>, isEnd: Bool) -> ItemStep {
        var start = 0
        while true {
            guard let end = content.firstIndex(of: UInt8(ascii: "\n"), from: start + scanned) else {
                return rest(of: content, from: start, isEnd: isEnd)
            }
            let range = start..<end
            scanned = 0
            start = end + 1
            if isSkipping {
                isSkipping = false
                continue
            }
            if isTooLong(content, range) { return .tooLarge(consumed: start) }
            let line = Self.trimmed(content, range)
            if line.isEmpty { continue }
            return .item(line, timestamp: nil, consumed: start)
        }
    }

    /// What to do where no LF is left.
    private mutating func rest(of content: Span<UInt8>, from start: Int, isEnd: Bool) -> ItemStep {
        if isSkipping {
            scanned = 0
            return .needsMore(consumed: content.count)
        }
        if isTooLong(content, start..<content.count) {
            scanned = 0
            isSkipping = !isEnd
            return .tooLarge(consumed: content.count)
        }
        if isEnd {
            scanned = 0
            let line = Self.trimmed(content, start..<content.count)
            if line.isEmpty { return .needsMore(consumed: content.count) }
            return .item(line, timestamp: nil, consumed: content.count)
        }
        scanned = content.count - start
        return .needsMore(consumed: start)
    }

    /// Whether an item is too long, or stands among too many blanks.
    ///
    /// A line is judged whenever a piece of it arrives, and the same whether it comes in pieces or whole: so
    /// blanks count, and of them no more are looked at than `blanksMax`, however many there are.
    private func isTooLong(_ content: Span<UInt8>, _ range: Range<Int>) -> Bool {
        if range.count > byteCountMax + Self.blanksMax { return true }
        var range = range
        while range.count > byteCountMax, Self.isBlank(content[range.lowerBound]) { range.removeFirst() }
        while range.count > byteCountMax, Self.isBlank(content[range.upperBound - 1]) { range.removeLast() }
        return range.count > byteCountMax
    }

    /// The line without JSON's white space at its ends (RFC 8259 section 2).
    private static func trimmed(_ content: Span<UInt8>, _ range: Range<Int>) -> Range<Int> {
        var range = range
        while let first = range.first, isBlank(content[first]) { range.removeFirst() }
        while let last = range.last, isBlank(content[last]) { range.removeLast() }
        return range
    }

    private static func isBlank(_ octet: UInt8) -> Bool {
        octet == UInt8(ascii: " ") || octet == UInt8(ascii: "\t") || octet == UInt8(ascii: "\r")
    }

    /// Blanks around a line that don't make it too long.
    private static let blanksMax = 1024
}
