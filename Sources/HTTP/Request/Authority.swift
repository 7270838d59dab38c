import Bytes

/// A host with an optional port (RFC 3986 section 3.2), as in Host and in absolute targets.
enum Authority {
    /// User information is no part of one here: RFC 9110 section 4.2.4 has it treated as an error.
    static func isValid(_ text: Span<UInt8>) -> Bool {
        if text.isEmpty { return false }
        var index = 0
        if text[0] == UInt8(ascii: "[") {
            index = 1
            while index < text.count && OctetClass(of: text[index]).contains(.addressLiteral) { index += 1 }
            // The shortest address is "::".
            guard index >= 3, index < text.count, text[index] == UInt8(ascii: "]") else { return false }
            index += 1
        } else {
            while index < text.count && OctetClass(of: text[index]).contains(.hostName) { index += 1 }
            if index == 0 { return false }
        }
        if index == text.count { return true }
        return text[index] == UInt8(ascii: ":") && isPort(text.extracting(index + 1..<text.count))
    }

    /// No digits at all are allowed, and mean the scheme's port.
    private static func isPort(_ text: Span<UInt8>) -> Bool {
        if text.isEmpty { return true }
        guard let port = text.decimal() else { return false }
        return port <= UInt64(UInt16.max)
    }
}
