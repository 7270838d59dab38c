import Bytes

/// A comma-separated list in a field value (RFC 9110 section 5.6.1).
package enum FieldList {
    /// Calls `body` with each member, without the blanks around it. Empty members count as none.
    package static func forEach(in value: Span<UInt8>, _ body: (Span<UInt8>) -> Void) {
        var start = 0
        while start < value.count {
            let end = value.firstIndex(of: UInt8(ascii: ","), from: start) ?? value.count
            let member = trimmed(value.extracting(start..<end))
            if !member.isEmpty { body(member) }
            start = end + 1
        }
    }

    /// The octets without spaces and tabs at either end.
    @_lifetime(copy value)
    static func trimmed(_ value: Span<UInt8>) -> Span<UInt8> {
        var start = 0
        var end = value.count
        while start < end && isBlank(value[start]) { start += 1 }
        while end > start && isBlank(value[end - 1]) { end -= 1 }
        return value.extracting(start..<end)
    }

    static func isBlank(_ octet: UInt8) -> Bool { octet == UInt8(ascii: " ") || octet == UInt8(ascii: "\t") }
}
