import Bytes

/// Text from elsewhere, made safe to print: what could steer a terminal is shown as an escape instead.
enum PlainText {
    /// Appends UTF-8 octets, with C0 and C1 controls and DEL as `\u00XX` (ECMA-48 gives them their power).
    static func append(_ octets: Span<UInt8>, to sink: inout some OctetSink & ~Copyable) {
        var index = 0
        while index < octets.count { index += appendCharacter(octets, at: index, to: &sink) }
    }

    /// Appends the octet at `index`, or the control that begins there as an escape; returns how many octets
    /// that took.
    static func appendCharacter(
        _ octets: Span<UInt8>, at index: Int, to sink: inout some OctetSink & ~Copyable
    ) -> Int {
        let octet = octets[index]
        if octet < 0x20 || octet == 0x7F {
            appendEscape(octet, to: &sink)
            return 1
        }
        // U+0080 to U+009F are C2 80 to C2 9F.
        if octet == 0xC2, index + 1 < octets.count, 0x80...0x9F ~= octets[index + 1] {
            appendEscape(octets[index + 1], to: &sink)
            return 2
        }
        sink.append(octet)
        return 1
    }

    /// The text with such characters escaped.
    static func text(_ text: String) -> String {
        var octets: [UInt8] = []
        let source = Array(text.utf8)
        append(source.span, to: &octets)
        return String(decoding: octets, as: UTF8.self)
    }

    private static func appendEscape(_ value: UInt8, to sink: inout some OctetSink & ~Copyable) {
        sink.append("\\u00")
        sink.append(hex: [value].span)
    }
}
