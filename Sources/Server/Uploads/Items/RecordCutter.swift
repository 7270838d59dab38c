import Bytes

/// Cuts a stream of TimeFrame's `data_item` records: a timestamp and a size, 8 octets each in network byte
/// order, then the data. A timestamp of 0 leaves the time to the server.
package struct RecordCutter {
    private static let prefixByteCount = 16

    private let byteCountMax: Int
    /// Octets left of a record that is too large.
    private var toSkip: UInt64 = 0

    /// - Parameter byteCountMax: the most octets of an item.
    package init(byteCountMax: Int) {
        self.byteCountMax = byteCountMax
    }

    /// As `ItemCutter.next`.
    package mutating func next(_ content: Span<UInt8>, isEnd: Bool) -> ItemStep {
        if toSkip > 0 {
            let skipped = Int(min(toSkip, UInt64(content.count)))
            toSkip -= UInt64(skipped)
            if isEnd && toSkip > 0 { return .torn }
            return skipped < content.count
                ? next(content, after: skipped, isEnd: isEnd) : .needsMore(consumed: skipped)
        }
        return next(content, after: 0, isEnd: isEnd)
    }

    private mutating func next(_ content: Span<UInt8>, after start: Int, isEnd: Bool) -> ItemStep {
        let rest = content.count - start
        if rest < Self.prefixByteCount {
            return isEnd && rest > 0 ? .torn : .needsMore(consumed: start)
        }
        let timestamp = content.bigEndian(at: start, as: UInt64.self)
        let size = content.bigEndian(at: start + 8, as: UInt64.self)
        let data = start + Self.prefixByteCount
        if size > UInt64(byteCountMax) {
            let here = min(size, UInt64(content.count - data))
            toSkip = size - here
            return .tooLarge(consumed: data + Int(here))
        }
        let end = data + Int(size)
        if end > content.count { return isEnd ? .torn : .needsMore(consumed: start) }
        return .item(data..<end, timestamp: timestamp == 0 ? nil : timestamp, consumed: end)
    }
}
