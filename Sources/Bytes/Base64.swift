/// Base 64 with padding, RFC 4648 section 4: for digests in header fields and binary data in text.
package enum Base64 {
    private static let alphabet: [UInt8] = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    /// The text for `octets`.
    package static func text(_ octets: Span<UInt8>) -> String {
        var sink: [UInt8] = []
        sink.reserveCapacity((octets.count + 2) / 3 * 4)
        append(octets, to: &sink)
        return String(decoding: sink, as: UTF8.self)
    }

    /// Appends the text for `octets` to `sink`.
    package static func append(_ octets: Span<UInt8>, to sink: inout some OctetSink & ~Copyable) {
        var index = 0
        while index < octets.count {
            let left = octets.count - index
            let first = UInt32(octets[index]) << 16
            let second = left > 1 ? UInt32(octets[index + 1]) << 8 : 0
            let third = left > 2 ? UInt32(octets[index + 2]) : 0
            let group = first | second | third
            sink.append(alphabet[Int(group >> 18)])
            sink.append(alphabet[Int(group >> 12 & 63)])
            sink.append(left > 1 ? alphabet[Int(group >> 6 & 63)] : UInt8(ascii: "="))
            sink.append(left > 2 ? alphabet[Int(group & 63)] : UInt8(ascii: "="))
            index += 3
        }
    }
}
