import Bytes

/// A list of entity tags, as in If-Match and If-None-Match: `*`, or `"tag", W/"tag"` (RFC 9110 section
/// 8.8.3).
///
/// A tag may hold commas, and an asterisk, so it is read to its closing quote.
struct EntityTagList: ~Escapable {
    private let value: Span<UInt8>
    private var index = 0

    @_lifetime(copy value)
    init(_ value: Span<UInt8>) {
        self.value = value
    }

    /// Whether a tag of the list matches `tag`, which is given without quotes. `*` matches any. What is no
    /// tag matches nothing.
    ///
    /// - Parameter isStrong: the comparison of RFC 9110 section 8.8.3.2, under which a weak tag matches
    ///   nothing.
    static func names(_ tag: Span<UInt8>, in value: Span<UInt8>, isStrong: Bool) -> Bool {
        if value.isEqual(to: "*") { return true }
        var list = EntityTagList(value)
        while let member = list.next() {
            if member.isWeak && isStrong { continue }
            if value.extracting(member.range).isEqual(to: tag) { return true }
        }
        return false
    }

    /// Where the next tag stands, without its quotes; nil at the end. A member that is no tag is passed over.
    private mutating func next() -> (range: Range<Int>, isWeak: Bool)? {
        while index < value.count {
            if FieldList.isBlank(value[index]) || value[index] == UInt8(ascii: ",") {
                index += 1
                continue
            }
            let isWeak = value.extracting(index..<value.count).hasPrefix("W/")
            let start = isWeak ? index + 3 : index + 1
            if start <= value.count, value[start - 1] == UInt8(ascii: "\""),
                let end = value.firstIndex(of: UInt8(ascii: "\""), from: start)
            {
                index = end + 1
                if endsMember() { return (start..<end, isWeak) }
            }
            index = value.firstIndex(of: UInt8(ascii: ","), from: index) ?? value.count
        }
        return nil
    }

    /// Whether nothing but blanks stands before the next comma.
    private mutating func endsMember() -> Bool {
        while index < value.count && FieldList.isBlank(value[index]) { index += 1 }
        return index == value.count || value[index] == UInt8(ascii: ",")
    }
}
