// Shows how single fields are read: dates, lists of tags, ranges, weights, percent-encoding. Expected values are the
// RFCs' own examples where they have any.
import Bytes
import HTTP
import Testing

/// The head of a GET with the given field lines.
private func withHead<Result>(_ fields: String..., body: (borrowing RequestHead, Span<UInt8>) -> Result) throws -> Result {
    let octets = Array(("GET / HTTP/1.1\r\nHost: h\r\n" + fields.map { $0 + "\r\n" }.joined() + "\r\n").utf8)
    var head = RequestHead()
    try head.parse(octets.span)
    return body(head, octets.span)
}

@Suite struct HTTPDateTests {
    /// RFC 9110 section 5.6.7.
    @Test(arguments: [
        "Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994",
    ])
    func theThreeForms(text: String) {
        #expect(HTTPDate.seconds(Array(text.utf8).span) == 784_111_777)
    }

    @Test(arguments: [
        (0, "Thu, 01 Jan 1970 00:00:00 GMT"), (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"),
        (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"), (1_709_164_800, "Thu, 29 Feb 2024 00:00:00 GMT"),
        (4_107_542_399, "Sun, 28 Feb 2100 23:59:59 GMT"), (4_107_542_400, "Mon, 01 Mar 2100 00:00:00 GMT"),
        (253_402_300_799, "Fri, 31 Dec 9999 23:59:59 GMT"),
    ] as [(UInt64, String)])
    func written(seconds: UInt64, text: String) {
        var octets: [UInt8] = []
        HTTPDate.append(secondsSinceEpoch: seconds, to: &octets)
        #expect(String(decoding: octets, as: UTF8.self) == text)
        #expect(HTTPDate.seconds(octets.span) == seconds)
    }

    @Test(arguments: [
        "", "x", "Sun, 31 Feb 2024 00:00:00 GMT", "Sun, 06 Nov 1994 24:00:00 GMT", "Sun, 06 Nov 1994 08:49:37 UTC",
        "Sun, 06 Foo 1994 08:49:37 GMT", "Sun, 06 Nov 1969 08:49:37 GMT", "Sun, 6 Nov 1994 08:49:37 GMT", "1994-11-06",
        "Sunday, 06-Nov-94 08:49:37", "Sun Nov  6 08:49:37 199", ",", "Sun,", "Sunday,",
    ])
    func noDates(text: String) {
        #expect(HTTPDate.seconds(Array(text.utf8).span) == nil)
    }
}

@Suite struct PreconditionTests {
    private func evaluate(_ fields: String...) throws -> PreconditionResult {
        let octets = Array(("GET / HTTP/1.1\r\nHost: h\r\n" + fields.map { $0 + "\r\n" }.joined() + "\r\n").utf8)
        var head = RequestHead()
        try head.parse(octets.span)
        return Preconditions.evaluate(head, octets.span, tag: Array("abc".utf8).span, lastModified: 784_111_777)
    }

    @Test func theOrderOfRFC9110() throws {
        #expect(try evaluate() == .proceed)
        #expect(try evaluate("If-None-Match: \"abc\"") == .notModified)
        #expect(try evaluate("If-None-Match: W/\"abc\"") == .notModified)
        #expect(try evaluate("If-None-Match: \"x\", \"abc\"") == .notModified)
        #expect(try evaluate("If-None-Match: \"x\"", "If-None-Match: \"abc\"") == .notModified)
        #expect(try evaluate("If-None-Match: *") == .notModified)
        #expect(try evaluate("If-None-Match: \"x\"") == .proceed)
        #expect(try evaluate("If-None-Match: abc") == .proceed)
        #expect(try evaluate("If-None-Match: \"x\"", "If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT") == .proceed)
        #expect(try evaluate("If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT") == .notModified)
        #expect(try evaluate("If-Modified-Since: Sun, 06 Nov 1994 08:49:36 GMT") == .proceed)
        #expect(try evaluate("If-Modified-Since: nonsense") == .proceed)
        #expect(try evaluate("If-Match: \"abc\"") == .proceed)
        #expect(try evaluate("If-Match: W/\"abc\"") == .preconditionFailed)
        #expect(try evaluate("If-Match: \"x\"") == .preconditionFailed)
        #expect(try evaluate("If-Match: *", "If-None-Match: \"abc\"") == .notModified)
        #expect(try evaluate("If-Unmodified-Since: Sun, 06 Nov 1994 08:49:36 GMT") == .preconditionFailed)
        #expect(try evaluate("If-Unmodified-Since: Sun, 06 Nov 1994 08:49:37 GMT") == .proceed)
    }

    @Test(arguments: [
        ("\"abc\"", true), ("W/\"abc\"", false), ("\"x\"", false), ("Sun, 06 Nov 1994 08:49:37 GMT", true),
        ("Sun, 06 Nov 1994 08:49:38 GMT", false), ("", false),
    ])
    func ifRange(value: String, isAllowed: Bool) throws {
        let result = try withHead("If-Range: \(value)") { head, octets in
            Preconditions.allowsRange(head, octets, tag: Array("abc".utf8).span, lastModified: 784_111_777)
        }
        #expect(result == isAllowed)
    }
}

@Suite struct ByteRangeTests {
    @Test(arguments: [
        ("bytes=0-499", .ranges([0..<500])), ("bytes=500-999", .ranges([500..<1000])),
        ("bytes=-500", .ranges([9500..<10000])), ("bytes=9500-", .ranges([9500..<10000])),
        ("bytes=0-0,-1", .ranges([0..<1, 9999..<10000])), ("BYTES=0-0", .ranges([0..<1])),
        ("bytes= 0-0 , 2-3", .ranges([0..<1, 2..<4])), ("bytes=9990-20000", .ranges([9990..<10000])),
        ("bytes=-20000", .ranges([0..<10000])), ("bytes=0-9999", .ranges([0..<10000])),
        ("bytes=10000-", .unsatisfiable), ("bytes=-0", .unsatisfiable), ("bytes=20000-30000,40000-", .unsatisfiable),
        ("bytes=10000-,0-0", .ranges([0..<1])), ("bytes=5-4", .whole), ("bytes=a-b", .whole), ("bytes=", .whole),
        ("bytes=-", .whole), ("items=0-1", .whole), ("bytes=0-5,3-8", .whole), ("bytes=1", .whole), ("", .whole),
        ("bytes=0-0,99999999999999999999-", .whole),
    ] as [(String, RangeRequest)])
    func ofTenThousandOctets(value: String, request: RangeRequest) {
        #expect(ByteRanges.request(Array(value.utf8).span, byteCount: 10000) == request)
    }

    @Test func tooManyAreIgnored() {
        let specs = (0..<17).map { "\($0 * 2)-\($0 * 2)" }
        let sixteen = Array("bytes=\(specs.prefix(16).joined(separator: ","))".utf8)
        let seventeen = Array("bytes=\(specs.joined(separator: ","))".utf8)
        #expect(ByteRanges.request(sixteen.span, byteCount: 100) == .ranges((0..<16).map { $0 * 2..<$0 * 2 + 1 }))
        #expect(ByteRanges.request(seventeen.span, byteCount: 100) == .whole)
    }

    @Test func anEmptyRepresentationHasNoRange() {
        #expect(ByteRanges.request(Array("bytes=0-".utf8).span, byteCount: 0) == .unsatisfiable)
        #expect(ByteRanges.request(Array("bytes=-1".utf8).span, byteCount: 0) == .unsatisfiable)
    }
}

@Suite struct NegotiationTests {
    @Test(arguments: [
        ("gzip", true), ("GZIP", true), ("x-gzip", true), ("deflate, gzip;q=0.5", true), ("gzip;q=0", false),
        ("gzip;q=0.000", false), ("*", true), ("*;q=0", false), ("gzip;q=0, *", false), ("identity", false),
        ("br, deflate", false), ("", false), ("gzip;q=0.5, identity", false), ("gzip;q=0.5, identity;q=0.4", true),
        ("gzip;q=x", false), ("gzip ; q=1", true),
    ])
    func gzip(value: String, isAccepted: Bool) throws {
        let result = try withHead("Accept-Encoding: \(value)") { ContentNegotiation.acceptsGzip($0, $1) }
        #expect(result == isAccepted)
    }

    @Test func withoutTheFieldNothingIsCoded() throws {
        let result = try withHead { ContentNegotiation.acceptsGzip($0, $1) }
        #expect(!result)
    }
}

@Suite struct TargetTests {
    @Test(arguments: [("abc", "abc"), ("a%20b", "a b"), ("%E5%AE%A4", "室"), ("a%2Fb", "a/b"), ("%2525", "%25"), ("+", "+")])
    func segments(encoded: String, plain: String) {
        var octets: [UInt8] = []
        let isDecoded = Target.decode(Array(encoded.utf8).span, into: &octets)
        #expect(isDecoded)
        #expect(String(decoding: octets, as: UTF8.self) == plain)
    }

    @Test(arguments: ["%", "%2", "%2g", "a%", "%%20"])
    func brokenEscapes(encoded: String) {
        var octets: [UInt8] = []
        let isDecoded = Target.decode(Array(encoded.utf8).span, into: &octets)
        #expect(!isDecoded)
    }

    @Test func encodingLeavesNothingThatCouldEndALine() {
        var octets: [UInt8] = []
        Target.appendEncoded(Array("a/b\r\n%é~".utf8).span, to: &octets)
        #expect(String(decoding: octets, as: UTF8.self) == "a%2Fb%0D%0A%25%C3%A9~")
    }

    @Test func queries() {
        var parameters = QueryParameters(Array("a=1&b=%20+&c&=d&%zz=1&e=%zz&&f==".utf8).span)
        var seen: [String] = []
        while let parameter = parameters.next() {
            let value = parameter.value.map { String(decoding: $0, as: UTF8.self) } ?? "broken"
            seen.append("\(String(decoding: parameter.name, as: UTF8.self))=\(value)")
        }
        #expect(seen == ["a=1", "b=  ", "c=", "=d", "e=broken", "f=="])
    }
}
