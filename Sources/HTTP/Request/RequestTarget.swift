import Bytes

/// A request target taken apart (RFC 9112 section 3.2), as ranges of the octets it was read from.
struct RequestTarget {
    let path: Range<Int>
    let query: Range<Int>?
    /// Host and port of an absolute target.
    let authority: Range<Int>?

    init(_ octets: Span<UInt8>, _ target: Range<Int>, _ method: Method) throws(RequestFault) {
        let first = octets[target.lowerBound]
        if method == .connect {
            guard Authority.isValid(octets.extracting(target)) else {
                throw RequestFault(400, "The target of CONNECT is a host and a port.")
            }
            throw .connect
        }
        if first == UInt8(ascii: "/") {
            authority = nil
            (path, query) = Self.split(octets, target)
        } else if target.count == 1 && first == UInt8(ascii: "*") {
            if method != .options { throw RequestFault(400, "The target * is for OPTIONS only.") }
            authority = nil
            path = target
            query = nil
        } else {
            guard let start = Self.authorityStart(octets, target) else {
                throw RequestFault(
                    400, "The request target must be a path that begins with a slash, or a whole URL.")
            }
            var end = start
            while end < target.upperBound && octets[end] != UInt8(ascii: "/")
                && octets[end] != UInt8(ascii: "?")
            {
                end += 1
            }
            guard Authority.isValid(octets.extracting(start..<end)) else { throw .badHost }
            authority = start..<end
            let (absolutePath, absoluteQuery) = Self.split(octets, end..<target.upperBound)
            // An empty path means "/" (RFC 9110 section 4.2.3); the slash before the host is one to point at.
            path = absolutePath.isEmpty ? start - 1..<start : absolutePath
            query = absoluteQuery
        }
    }

    private static func authorityStart(_ octets: Span<UInt8>, _ target: Range<Int>) -> Int? {
        let text = octets.extracting(target)
        if text.count > 8, text.extracting(0..<8).isEqual(toLowercased: "https://") {
            return target.lowerBound + 8
        }
        if text.count > 7, text.extracting(0..<7).isEqual(toLowercased: "http://") {
            return target.lowerBound + 7
        }
        return nil
    }

    private static func split(_ octets: Span<UInt8>, _ range: Range<Int>) -> (
        path: Range<Int>, query: Range<Int>?
    ) {
        guard let offset = octets.extracting(range).firstIndex(of: UInt8(ascii: "?")) else {
            return (range, nil)
        }
        let end = range.lowerBound + offset
        return (range.lowerBound..<end, end + 1..<range.upperBound)
    }
}

extension RequestFault {
    static let connect = RequestFault(501, "CONNECT is for proxies; this is none.")
    static let badHost = RequestFault(400, "The host is no host name or address with an optional port.")
}
