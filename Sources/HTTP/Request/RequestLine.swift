import Bytes

/// A request line's parts (RFC 9112 section 3), as ranges of the octets it was read from.
struct RequestLine {
    let method: Method
    let target: Range<Int>
    let version: HTTPVersion

    /// - Parameters:
    ///   - octets: what the line stands in.
    ///   - line: where, without the line's end.
    init(_ octets: Span<UInt8>, _ line: Range<Int>) throws(RequestFault) {
        let space = UInt8(ascii: " ")
        var index = line.lowerBound
        let table = OctetClass.table
        let classes = table.span
        while index < line.upperBound && classes[Int(octets[index])].contains(.token) { index += 1 }
        let methodEnd = index
        guard methodEnd > line.lowerBound, index < line.upperBound, octets[index] == space else {
            throw RequestFault(400, "A request line is METHOD TARGET HTTP/1.1 with one space between.")
        }
        let targetStart = index + 1
        index = targetStart
        while index < line.upperBound && classes[Int(octets[index])].contains(.target) { index += 1 }
        guard index > targetStart else { throw RequestFault(400, "The request line has no target.") }
        guard index < line.upperBound else {
            throw RequestFault(400, "The request line names no version; HTTP/0.9 is not spoken here.")
        }
        guard octets[index] == space else {
            throw RequestFault(400, "The request target holds an octet that must be percent-encoded.")
        }
        version = try HTTPVersion(octets.extracting(index + 1..<line.upperBound))
        target = targetStart..<index
        // The version comes first: what another version's method means is not known here.
        guard let method = Method(octets.extracting(line.lowerBound..<methodEnd)) else {
            throw RequestFault(501, "The method is not known here.")
        }
        self.method = method
    }
}

/// The version a request line names; the two that this parser speaks.
package enum HTTPVersion: Sendable {
    case http10
    case http11

    init(_ text: Span<UInt8>) throws(RequestFault) {
        let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
        guard text.count == 8, text.hasPrefix("HTTP/"), text[6] == UInt8(ascii: "."), digits.contains(text[5]),
            digits.contains(text[7])
        else { throw RequestFault(400, "A request line ends in its version, such as HTTP/1.1.") }
        // A higher minor version is compatible (RFC 9110 section 2.5).
        guard text[5] == UInt8(ascii: "1") else {
            throw RequestFault(505, "This version of HTTP is not spoken here; use HTTP/1.1.")
        }
        self = text[7] == UInt8(ascii: "0") ? .http10 : .http11
    }
}
