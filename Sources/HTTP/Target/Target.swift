package import Bytes

/// Parts of a request target (RFC 3986).
package enum Target {
    /// Appends a path segment's octets, percent-decoded once; false where an escape is broken.
    package static func decode(_ segment: Span<UInt8>, into octets: inout [UInt8]) -> Bool {
        var index = 0
        while index < segment.count {
            guard let octet = decodedOctet(segment, &index) else { return false }
            octets.append(octet)
        }
        return true
    }

    /// The octet at `index`, which goes past it; nil where an escape is broken.
    package static func decodedOctet(_ text: Span<UInt8>, _ index: inout Int) -> UInt8? {
        let octet = text[index]
        if octet != UInt8(ascii: "%") {
            index += 1
            return octet
        }
        guard text.count - index >= 3, let high = Hex.value(text[index + 1]),
            let low = Hex.value(text[index + 2])
        else { return nil }
        index += 3
        return high << 4 | low
    }

    /// Appends octets as one path segment: all but the unreserved ones (RFC 3986 section 2.3) become escapes,
    /// so nothing in them can end a header line or a path.
    package static func appendEncoded(_ octets: Span<UInt8>, to sink: inout some OctetSink & ~Copyable) {
        for index in octets.indices {
            let octet = octets[index]
            switch octet {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
                UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                sink.append(octet)
            default:
                sink.append("%")
                sink.append(Hex.digit(octet >> 4) & 0xDF | (octet >> 4 < 10 ? 0x20 : 0))
                sink.append(Hex.digit(octet & 15) & 0xDF | (octet & 15 < 10 ? 0x20 : 0))
            }
        }
    }
}
