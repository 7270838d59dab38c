package import Bytes

/// JSON texts piece by piece (RFC 8259).
package enum JSONWriter {
    /// Appends a string with its quotes.
    package static func append(_ text: String, to sink: inout some OctetSink & ~Copyable) {
        let octets = Array(text.utf8)
        append(utf8: octets.span, to: &sink)
    }

    /// Appends UTF-8 octets as a string with its quotes. What is no UTF-8 becomes U+FFFD, so the text is JSON
    /// whatever a client sent.
    package static func append(utf8 octets: Span<UInt8>, to sink: inout some OctetSink & ~Copyable) {
        if !octets.isUTF8 { return append(String(decoding: octets.copied(), as: UTF8.self), to: &sink) }
        sink.append("\"")
        for index in octets.indices {
            let octet = octets[index]
            switch octet {
            case UInt8(ascii: "\""): sink.append("\\\"")
            case UInt8(ascii: "\\"): sink.append("\\\\")
            case UInt8(ascii: "\n"): sink.append("\\n")
            case UInt8(ascii: "\r"): sink.append("\\r")
            case UInt8(ascii: "\t"): sink.append("\\t")
            case 0..<0x20, 0x7F:
                sink.append("\\u00")
                sink.append(Hex.digit(octet >> 4))
                sink.append(Hex.digit(octet & 15))
            default: sink.append(octet)
            }
        }
        sink.append("\"")
    }
}
