import Bytes

/// A parsed request head: ranges into the octets it was parsed from, which the caller keeps as they are while
/// it uses them. One is used for request after request and keeps its memory.
package struct RequestHead {
    /// A line of the field section that the server acts on.
    private struct Line {
        let name: FieldName
        let start: Int32
        let end: Int32

        var value: Range<Int> { Int(start)..<Int(end) }
    }

    /// What is to be done.
    package private(set) var method = Method.get
    /// The version the client speaks, 1.1 for a higher minor one.
    package private(set) var version = HTTPVersion.http11
    /// The path, still percent-encoded; `*` for OPTIONS of the server itself.
    package private(set) var path = 0..<0
    /// What follows the first `?`, still percent-encoded.
    package private(set) var query: Range<Int>?
    /// Host and port, from the target where it is absolute, and from Host otherwise; nil for HTTP/1.0 without
    /// Host.
    package private(set) var authority: Range<Int>?
    /// How long the body is.
    package private(set) var framing = BodyFraming.none
    /// Whether the connection may serve another request after this one (RFC 9112 section 9.3).
    package private(set) var keepAlive = true
    /// Whether the client waits for 100 (Continue) before it sends the body (RFC 9110 section 10.1.1).
    package private(set) var expectsContinue = false
    /// The first `lineCount` are this request's.
    private var lines: [Line] = []
    private var lineCount = 0
    private var present = FieldNames()
    private var repeated = FieldNames()

    /// Makes a head that holds no memory until the first request.
    package init() {}

    /// The value of the first field of that name.
    package func value(of name: FieldName) -> Range<Int>? {
        if !present.contains(name) { return nil }
        for index in 0..<lineCount where lines[index].name == name { return lines[index].value }
        return nil
    }

    /// Calls `body` with each value of a field that may come in several lines, in their order.
    package func forEachValue(of name: FieldName, _ body: (Range<Int>) -> Void) {
        if !present.contains(name) { return }
        for index in 0..<lineCount where lines[index].name == name { body(lines[index].value) }
    }
}

extension RequestHead {
    /// Reads a whole head of HTTP/1.1, from the first octet to its empty line, as a scanner has delimited it.
    ///
    /// - Throws: what is wrong with it, which ends the connection.
    package mutating func parse(_ octets: Span<UInt8>) throws(RequestFault) {
        var start = 0
        while octets[start] == UInt8(ascii: "\r") && octets[start + 1] == UInt8(ascii: "\n") { start += 2 }
        let line = try RequestLine(octets, from: start)
        method = line.method
        version = line.version
        try readFields(octets, from: line.end)
        try checkRepetition()
        try readTarget(octets, line.target)
        framing = try readFraming(octets)
        readConnection(octets)
        try readExpectation(octets)
    }

    private mutating func readFields(_ octets: Span<UInt8>, from start: Int) throws(RequestFault) {
        removeFields()
        // The empty line. No line can run into it: its CR is part of no name or value.
        let end = octets.count - 2
        var index = start
        while index < end {
            let nameStart = index
            while OctetClass(of: octets[index]).contains(.token) { index += 1 }
            guard octets[index] == UInt8(ascii: ":"), index > nameStart else {
                throw Self.nameFault(octets[nameStart], isEmpty: index == nameStart)
            }
            let name = FieldName(octets.extracting(nameStart..<index))
            index += 1
            while FieldList.isBlank(octets[index]) { index += 1 }
            let valueStart = index
            index = FieldContent.end(in: octets, from: index)
            guard octets[index] == UInt8(ascii: "\r"), octets[index + 1] == UInt8(ascii: "\n") else {
                throw .controlCharacter
            }
            if let name {
                var valueEnd = index
                while valueEnd > valueStart && FieldList.isBlank(octets[valueEnd - 1]) { valueEnd -= 1 }
                keep(Line(name: name, start: Int32(valueStart), end: Int32(valueEnd)))
            }
            index += 2
        }
    }

    @inline(__always)
    private mutating func keep(_ line: Line) {
        if present.contains(line.name) { repeated.insert(line.name) }
        present.insert(line.name)
        if lineCount < lines.count {
            lines[lineCount] = line
        } else {
            lines.append(line)
        }
        lineCount += 1
    }

    /// Makes the head ready for the fields of the next request.
    mutating func removeFields() {
        lineCount = 0
        present = FieldNames()
        repeated = FieldNames()
    }

    /// Keeps a field whose value stands at a range of the head's octets.
    mutating func keep(_ name: FieldName, _ value: Range<Int>) {
        keep(Line(name: name, start: Int32(value.lowerBound), end: Int32(value.upperBound)))
    }

    private static func nameFault(_ first: UInt8, isEmpty: Bool) -> RequestFault {
        if !isEmpty { return RequestFault(400, "A field name must be a token with a colon right behind it.") }
        return FieldList.isBlank(first)
            ? RequestFault(400, "A field must stand on one line; folding is not allowed.")
            : RequestFault(400, "A header line must begin with a field name.")
    }

    /// A field that has one value must come once.
    func checkRepetition() throws(RequestFault) {
        if !repeated.isDisjoint(with: .singletons) { throw repetitionFault }
    }

    private var repetitionFault: RequestFault {
        if repeated.contains(.host) { return RequestFault(400, "The Host field comes more than once.") }
        return repeated.contains(.contentLength)
            ? RequestFault(400, "Content-Length comes more than once.")
            : RequestFault(400, "A field that has one value comes more than once.")
    }

    /// What the request line of HTTP/1.1 says, where it comes as a field.
    ///
    /// - Throws: 501 for a method that is not known.
    mutating func read(method token: Span<UInt8>, version: HTTPVersion) throws(RequestFault) {
        guard let method = Method(token) else { throw .unknownMethod }
        self.method = method
        self.version = version
        keepAlive = true
    }

    /// Takes the path of HTTP/2 apart, and settles the authority: that of `:authority`, or Host's (RFC 9113
    /// section 8.3.1). Two that differ are what smugglers live on.
    mutating func readTarget(_ octets: Span<UInt8>, _ range: Range<Int>, authority named: Range<Int>?)
        throws(RequestFault)
    {
        let text = octets.extracting(range)
        for index in text.indices where !OctetClass(of: text[index]).contains(.target) {
            throw RequestFault(400, "The path holds an octet that must be percent-encoded.")
        }
        guard !text.isEmpty, text[0] == UInt8(ascii: "/") || text.isEqual(to: "*") else {
            throw RequestFault(400, "The path must begin with a slash.")
        }
        let target = try RequestTarget(octets, range, method)
        path = target.path
        query = target.query
        let host = value(of: .host)
        authority = named ?? host
        guard let authority, Authority.isValid(octets.extracting(authority)) else { throw .badHost }
        if let host, !octets.extracting(host).isEqualIgnoringCase(to: octets.extracting(authority)) {
            throw RequestFault(400, "The authority and the Host field differ.")
        }
    }

    /// How long the body of an HTTP/2 request is. Its end is the stream's; a Content-Length only foretells
    /// it.
    mutating func readFraming(_ octets: Span<UInt8>, hasBody: Bool) throws(RequestFault) {
        framing = hasBody ? .chunked : .none
        guard let range = value(of: .contentLength) else { return }
        guard let length = octets.extracting(range).decimal(), length <= UInt64(Int64.max) else {
            throw RequestFault(400, "Content-Length must be one decimal number.")
        }
        if hasBody { framing = .length(length) }
    }

    /// Takes the target apart and settles the authority. Host must be there (RFC 9112 section 3.2), but for
    /// HTTP/1.0.
    private mutating func readTarget(_ octets: Span<UInt8>, _ range: Range<Int>) throws(RequestFault) {
        let host = value(of: .host)
        if host == nil && version == .http11 { throw RequestFault(400, "The Host field is missing.") }
        if let host, !host.isEmpty, !Authority.isValid(octets.extracting(host)) { throw .badHost }
        let target = try RequestTarget(octets, range, method)
        path = target.path
        query = target.query
        authority = target.authority ?? host
        // The target's authority replaces Host's (RFC 9112 section 3.2.2); a difference is what smugglers
        // live on.
        if let host, let named = target.authority,
            !octets.extracting(host).isEqualIgnoringCase(to: octets.extracting(named))
        {
            throw RequestFault(400, "The target's host and the Host field differ.")
        }
    }

    /// How the body is delimited (RFC 9112 section 6.3). What two readers could delimit differently is
    /// refused.
    private func readFraming(_ octets: Span<UInt8>) throws(RequestFault) -> BodyFraming {
        var length: UInt64?
        if let range = value(of: .contentLength) {
            length = octets.extracting(range).decimal()
            guard let length, length <= UInt64(Int64.max) else {
                throw RequestFault(400, "Content-Length must be one decimal number.")
            }
        }
        guard let coding = value(of: .transferEncoding) else {
            return length == nil || length == 0 ? .none : .length(length!)
        }
        if length != nil {
            throw RequestFault(400, "Content-Length and Transfer-Encoding exclude each other.")
        }
        if version == .http10 { throw RequestFault(400, "HTTP/1.0 has no Transfer-Encoding.") }
        guard !repeated.contains(.transferEncoding),
            octets.extracting(coding).isEqual(toLowercased: "chunked")
        else {
            throw RequestFault(400, "Transfer-Encoding must be chunked and nothing else.")
        }
        return .chunked
    }

    private mutating func readConnection(_ octets: Span<UInt8>) {
        var closes = false
        var keeps = false
        forEachValue(of: .connection) { value in
            FieldList.forEach(in: octets.extracting(value)) { member in
                if member.isEqual(toLowercased: "close") { closes = true }
                if member.isEqual(toLowercased: "keep-alive") { keeps = true }
            }
        }
        keepAlive = !closes && (version == .http11 || keeps)
    }

    mutating func readExpectation(_ octets: Span<UInt8>) throws(RequestFault) {
        expectsContinue = false
        if !present.contains(.expect) { return }
        for index in 0..<lineCount where lines[index].name == .expect {
            guard octets.extracting(lines[index].value).isEqual(toLowercased: "100-continue") else {
                throw RequestFault(417, "The only expectation that can be met is 100-continue.")
            }
            // RFC 9110 section 10.1.1: from HTTP/1.0 it is ignored, and without a body it means nothing.
            expectsContinue = version != .http10 && framing != .none
        }
    }
}
