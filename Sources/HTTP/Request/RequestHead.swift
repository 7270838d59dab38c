import Bytes

/// How a request's body is delimited (RFC 9112 section 6.3).
package enum BodyFraming: Sendable, Equatable {
    case none
    case length(UInt64)
    case chunked
}

/// A parsed request head: ranges into the octets it was parsed from, which the caller keeps as they are while it uses
/// them. One is used for request after request and keeps its memory.
package struct RequestHead {
    /// A line of the field section that the server acts on.
    private struct Line {
        let name: FieldName
        let start: Int32
        let end: Int32

        var value: Range<Int> { Int(start)..<Int(end) }
    }

    package private(set) var method = Method.get
    package private(set) var version = HTTPVersion.http11
    /// The path, still percent-encoded; `*` for OPTIONS of the server itself.
    package private(set) var path = 0..<0
    /// What follows the first `?`, still percent-encoded.
    package private(set) var query: Range<Int>?
    /// Host and port, from the target where it is absolute, and from Host otherwise; nil for HTTP/1.0 without Host.
    package private(set) var authority: Range<Int>?
    package private(set) var framing = BodyFraming.none
    /// Whether the connection may serve another request after this one (RFC 9112 section 9.3).
    package private(set) var keepAlive = true
    /// Whether the client waits for 100 (Continue) before it sends the body (RFC 9110 section 10.1.1).
    package private(set) var expectsContinue = false
    private var lines: [Line] = []

    package init() {}

    /// The value of the first field of that name.
    package func value(of name: FieldName) -> Range<Int>? {
        for line in lines where line.name == name { return line.value }
        return nil
    }

    /// Calls `body` with each value of a field that may come in several lines, in their order.
    package func forEachValue(of name: FieldName, _ body: (Range<Int>) -> Void) {
        for line in lines where line.name == name { body(line.value) }
    }
}

extension RequestHead {
    /// Reads a whole head, from the first octet to its empty line, as a scanner has delimited it.
    ///
    /// - Throws: what is wrong with it, which ends the connection.
    package mutating func parse(_ octets: Span<UInt8>) throws(RequestFault) {
        lines.removeAll(keepingCapacity: true)
        var start = 0
        while octets[start] == UInt8(ascii: "\r") && octets[start + 1] == UInt8(ascii: "\n") { start += 2 }
        guard let end = octets.firstIndex(of: UInt8(ascii: "\n"), from: start) else {
            preconditionFailure("a delimited head has a request line")
        }
        let line = try RequestLine(octets, start..<end - 1)
        method = line.method
        version = line.version
        try readFields(octets, from: end + 1)
        try readTarget(octets, line.target)
        framing = try readFraming(octets)
        readConnection(octets)
        try readExpectation(octets)
    }

    private mutating func readFields(_ octets: Span<UInt8>, from start: Int) throws(RequestFault) {
        let table = OctetClass.table
        let classes = table.span
        var index = start
        while octets[index] != UInt8(ascii: "\r") {
            let nameStart = index
            while classes[Int(octets[index])].contains(.token) { index += 1 }
            guard index > nameStart else {
                let isFolded = octets[index] == UInt8(ascii: " ") || octets[index] == UInt8(ascii: "\t")
                throw isFolded
                    ? RequestFault(400, "A field must stand on one line; folding is not allowed.")
                    : RequestFault(400, "A header line must begin with a field name.")
            }
            guard octets[index] == UInt8(ascii: ":") else {
                throw RequestFault(400, "A field name must be a token with a colon right behind it.")
            }
            let name = FieldName(octets.extracting(nameStart..<index))
            index += 1
            while Self.isBlank(octets[index]) { index += 1 }
            let valueStart = index
            while classes[Int(octets[index])].contains(.value) { index += 1 }
            guard octets[index] == UInt8(ascii: "\r"), octets[index + 1] == UInt8(ascii: "\n") else {
                throw RequestFault(400, "A field value holds a control character.")
            }
            var valueEnd = index
            while valueEnd > valueStart && Self.isBlank(octets[valueEnd - 1]) { valueEnd -= 1 }
            if let name { lines.append(Line(name: name, start: Int32(valueStart), end: Int32(valueEnd))) }
            index += 2
        }
        // A line that begins with a bare CR must not pass for the end: what stands behind it would go unread here, while
        // another reader acts on it.
        guard index + 2 == octets.count else {
            throw RequestFault(400, "A header line must begin with a field name.")
        }
    }

    /// Takes the target apart (RFC 9112 section 3.2) and settles the authority.
    private mutating func readTarget(_ octets: Span<UInt8>, _ target: Range<Int>) throws(RequestFault) {
        let host = try readHost(octets)
        authority = host
        if octets[target.lowerBound] == UInt8(ascii: "/") {
            guard method != .connect else { throw .connectTarget }
            return splitPath(octets, target)
        }
        if target.count == 1 && octets[target.lowerBound] == UInt8(ascii: "*") {
            guard method == .options else {
                throw RequestFault(400, "The target * is for OPTIONS only.")
            }
            path = target
            query = nil
            return
        }
        if method == .connect { throw .connectTarget }
        guard let schemeEnd = Self.schemeEnd(octets, target) else {
            throw RequestFault(400, "The request target must be a path that begins with a slash, or a whole URL.")
        }
        var index = schemeEnd
        while index < target.upperBound && octets[index] != UInt8(ascii: "/") && octets[index] != UInt8(ascii: "?") {
            index += 1
        }
        // The target's authority replaces Host's (RFC 9112 section 3.2.2); a difference is what smugglers live on.
        guard Self.isAuthority(octets.extracting(schemeEnd..<index)) else { throw .badHost }
        if let host, !octets.extracting(host).isEqualIgnoringCase(to: octets.extracting(schemeEnd..<index)) {
            throw RequestFault(400, "The target's host and the Host field differ.")
        }
        authority = schemeEnd..<index
        splitPath(octets, index..<target.upperBound)
    }

    private static func schemeEnd(_ octets: Span<UInt8>, _ target: Range<Int>) -> Int? {
        for scheme in ["https://", "http://"] as [StaticString] {
            let count = scheme.utf8CodeUnitCount
            if target.count > count,
                octets.extracting(target.lowerBound..<target.lowerBound + count).isEqual(toLowercased: scheme)
            {
                return target.lowerBound + count
            }
        }
        return nil
    }

    private mutating func splitPath(_ octets: Span<UInt8>, _ target: Range<Int>) {
        var end = target.lowerBound
        while end < target.upperBound && octets[end] != UInt8(ascii: "?") { end += 1 }
        path = target.lowerBound..<end
        query = end < target.upperBound ? end + 1..<target.upperBound : nil
    }

    /// Host must come exactly once (RFC 9112 section 3.2); HTTP/1.0 may lack it.
    private func readHost(_ octets: Span<UInt8>) throws(RequestFault) -> Range<Int>? {
        var hosts = 0
        var host: Range<Int>?
        for line in lines where line.name == .host {
            hosts += 1
            host = line.value
        }
        if hosts == 0 && version == .http10 { return nil }
        guard hosts == 1, let host else {
            throw hosts == 0
                ? RequestFault(400, "The Host field is missing.")
                : RequestFault(400, "The Host field comes more than once.")
        }
        guard host.isEmpty || Self.isAuthority(octets.extracting(host)) else { throw .badHost }
        return host
    }

    /// A host with an optional port (RFC 3986 section 3.2), checked for octets that could mean anything else.
    private static func isAuthority(_ text: Span<UInt8>) -> Bool {
        if text.isEmpty { return false }
        for index in text.indices {
            switch text[index] {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"),
                UInt8(ascii: "~"), UInt8(ascii: ":"), UInt8(ascii: "["), UInt8(ascii: "]"), UInt8(ascii: "%"):
                continue
            default: return false
            }
        }
        return true
    }

    /// How the body is delimited (RFC 9112 section 6.3). What two readers could delimit differently is refused.
    private func readFraming(_ octets: Span<UInt8>) throws(RequestFault) -> BodyFraming {
        var length: UInt64?
        var codings = 0
        var isChunked = false
        for line in lines {
            switch line.name {
            case .contentLength:
                guard length == nil else {
                    throw RequestFault(400, "Content-Length comes more than once.")
                }
                guard let value = octets.extracting(line.value).decimal(), value <= UInt64(Int64.max) else {
                    throw RequestFault(400, "Content-Length must be one decimal number.")
                }
                length = value
            case .transferEncoding:
                codings += 1
                isChunked = octets.extracting(line.value).isEqual(toLowercased: "chunked")
            default: continue
            }
        }
        if codings == 0 { return length.map { $0 == 0 ? .none : .length($0) } ?? .none }
        guard length == nil else {
            throw RequestFault(400, "Content-Length and Transfer-Encoding exclude each other.")
        }
        guard version == .http11 else {
            throw RequestFault(400, "HTTP/1.0 has no Transfer-Encoding.")
        }
        guard codings == 1, isChunked else {
            throw RequestFault(400, "Transfer-Encoding must be chunked and nothing else.")
        }
        return .chunked
    }

    private mutating func readConnection(_ octets: Span<UInt8>) {
        var closes = false
        var keeps = false
        for line in lines where line.name == .connection {
            FieldList.forEach(in: octets.extracting(line.value)) { member in
                if member.isEqual(toLowercased: "close") { closes = true }
                if member.isEqual(toLowercased: "keep-alive") { keeps = true }
            }
        }
        keepAlive = !closes && (version == .http11 || keeps)
    }

    private mutating func readExpectation(_ octets: Span<UInt8>) throws(RequestFault) {
        expectsContinue = false
        for line in lines where line.name == .expect {
            guard octets.extracting(line.value).isEqual(toLowercased: "100-continue") else {
                throw RequestFault(417, "The only expectation that can be met is 100-continue.")
            }
            // RFC 9110 section 10.1.1: from HTTP/1.0 it is ignored, and without a body it means nothing.
            expectsContinue = version == .http11 && framing != .none
        }
    }

    private static func isBlank(_ octet: UInt8) -> Bool { octet == UInt8(ascii: " ") || octet == UInt8(ascii: "\t") }
}

extension RequestFault {
    fileprivate static let badHost = RequestFault(400, "The host is no host name or address with an optional port.")
    fileprivate static let connectTarget = RequestFault(400, "CONNECT is for proxies; this is none.")
}
