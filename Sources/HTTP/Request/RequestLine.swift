import Bytes

/// A request line's parts (RFC 9112 section 3), as ranges of the octets it was read from.
struct RequestLine {
    let method: Method
    let target: Range<Int>
    let version: HTTPVersion
    /// Where the field section begins.
    let end: Int

    /// Reads the line at `start` of octets that hold it whole, CR LF and all.
    init(_ octets: Span<UInt8>, from start: Int) throws(RequestFault) {
        // Nothing here runs past the line: its LF is part of no token, target or version.
        var index = start
        while OctetClass(of: octets[index]).contains(.token) { index += 1 }
        let methodEnd = index
        guard methodEnd > start, octets[index] == UInt8(ascii: " ") else {
            throw RequestFault(400, "A request line is METHOD TARGET HTTP/1.1 with one space between.")
        }
        let targetStart = index + 1
        index = targetStart
        while OctetClass(of: octets[index]).contains(.target) { index += 1 }
        target = targetStart..<index
        if octets[index] != UInt8(ascii: " ") || target.isEmpty {
            throw Self.targetFault(
                isEmpty: target.isEmpty,
                endsLine: octets[index] == UInt8(ascii: "\r")
                    && octets[index + 1] == UInt8(ascii: "\n"))
        }
        guard let lineFeed = octets.firstIndex(of: UInt8(ascii: "\n"), from: index) else {
            preconditionFailure("a delimited request line ends in LF")
        }
        end = lineFeed + 1
        version = try HTTPVersion(octets.extracting(index + 1..<lineFeed - 1))
        // The version comes first: what another version's method means is not known here.
        guard let method = Method(octets.extracting(start..<methodEnd)) else {
            throw .unknownMethod
        }
        self.method = method
    }

    private static func targetFault(isEmpty: Bool, endsLine: Bool) -> RequestFault {
        if isEmpty { return RequestFault(400, "The request line has no target.") }
        return endsLine
            ? RequestFault(400, "The request line names no version; HTTP/0.9 is not spoken here.")
            : RequestFault(400, "The request target holds an octet that must be percent-encoded.")
    }
}

extension RequestFault {
    static let unknownMethod = RequestFault(501, "The method is not known here.")
}

/// The version of HTTP that a request came by.
package enum HTTPVersion: Sendable {
    case http10
    case http11
    case http2

    /// The one that a request line names.
    init(_ text: Span<UInt8>) throws(RequestFault) {
        if text.isEqual(to: "HTTP/1.1") {
            self = .http11
            return
        }
        let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
        guard text.count == 8, text.hasPrefix("HTTP/"), text[6] == UInt8(ascii: "."),
            digits.contains(text[5]),
            digits.contains(text[7])
        else { throw RequestFault(400, "A request line ends in its version, such as HTTP/1.1.") }
        // RFC 9110 section 2.5 would take a higher minor version for 1.1. None was ever made, so who sends
        // one is no client but a probe for servers that differ.
        guard text[5] == UInt8(ascii: "1"), text[7] == UInt8(ascii: "0") else {
            throw RequestFault(505, "This version of HTTP is not spoken here; use HTTP/1.1.")
        }
        self = .http10
    }
}
