// Shows how single fields are read: dates, lists of tags, ranges, weights, percent-encoding. Expected values
// are the RFCs' own examples where they have any.
import Bytes
import HTTP
import Testing

/// The head of a GET with the given field lines.
private func withHead<Result>(_ fields: String..., body: (borrowing RequestHead, Span<UInt8>) -> Result)
    throws -> Result
{
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

    @Test(
        arguments: [
            (0, "Thu, 01 Jan 1970 00:00:00 GMT"), (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"),
            (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"), (1_709_164_800, "Thu, 29 Feb 2024 00:00:00 GMT"),
            (4_107_542_399, "Sun, 28 Feb 2100 23:59:59 GMT"),
            (4_107_542_400, "Mon, 01 Mar 2100 00:00:00 GMT"),
            (253_402_300_799, "Fri, 31 Dec 9999 23:59:59 GMT"),
        ] as [(UInt64, String)])
    func written(seconds: UInt64, text: String) {
        var octets: [UInt8] = []
        HTTPDate.append(secondsSinceEpoch: seconds, to: &octets)
        #expect(String(decoding: octets, as: UTF8.self) == text)
        #expect(HTTPDate.seconds(octets.span) == seconds)
    }

    /// Two digits of a year (RFC 9110 section 5.6.7): more than 50 years ahead means the past.
    @Test(
        arguments: [
            ("Friday, 01-Jan-70 00:00:00 GMT", 3_155_760_000),
            ("Tuesday, 01-Jan-77 00:00:00 GMT", 220_924_800),
            ("Wednesday, 01-Jan-76 00:00:00 GMT", 3_345_062_400),
        ] as [(String, UInt64)])
    func yearsOfTwoDigits(text: String, seconds: UInt64) {
        #expect(HTTPDate.seconds(Array(text.utf8).span) == seconds)
    }

    /// A leap second is the second behind it, which is what a clock without them makes of it.
    @Test func leapSeconds() {
        #expect(HTTPDate.seconds(Array("Sat, 31 Dec 2016 23:59:60 GMT".utf8).span) == 1_483_228_800)
    }

    @Test func everyDayOfFourCenturiesGoesBothWays() {
        for day in 0..<UInt64(146_097) {
            var octets: [UInt8] = []
            HTTPDate.append(secondsSinceEpoch: day * 86_400 + day % 86_400, to: &octets)
            #expect(HTTPDate.seconds(octets.span) == day * 86_400 + day % 86_400)
        }
    }

    @Test func timesBehindTheLastYearAreTheLast() {
        var octets: [UInt8] = []
        HTTPDate.append(secondsSinceEpoch: .max, to: &octets)
        #expect(String(decoding: octets, as: UTF8.self) == "Fri, 31 Dec 9999 23:59:59 GMT")
    }

    @Test(arguments: [
        "", "x", "Sun, 31 Feb 2024 00:00:00 GMT", "Sun, 06 Nov 1994 24:00:00 GMT",
        "Sun, 06 Nov 1994 08:49:37 UTC",
        "Sun, 06 Foo 1994 08:49:37 GMT", "Sun, 06 Nov 1969 08:49:37 GMT", "Sun, 6 Nov 1994 08:49:37 GMT",
        "1994-11-06",
        "Sunday, 31-Apr-94 08:49:37 GMT", "Sunday, 06-Nov-94 08:60:37 GMT", "Sun Nov 31 08:49:37 1994",
        "Tue, 29 Feb 2023 00:00:00 GMT", "Thu, 29 Feb 2100 00:00:00 GMT", "Sun, 00 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:61 GMT", "Xyz, 06 Nov 1994 08:49:37 GMT", "sun, 06 Nov 1994 08:49:37 GMT",
        "Sun, 06 nov 1994 08:49:37 GMT", "Sun, 06-Nov-1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 GMT ",
        "Sun, 06 Nov 1994 08.49.37 GMT", "Sun, +6 Nov 1994 08:49:37 GMT", "Xyzday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov   6 08:49:37 1994", "Sunday, 06-Nov-94 08:49:37", "Sun Nov  6 08:49:37 199", ",", "Sun,",
        "Sunday,",
    ])
    func noDates(text: String) {
        #expect(HTTPDate.seconds(Array(text.utf8).span) == nil)
    }
}

@Suite struct PreconditionTests {
    private func evaluate(_ fields: String...) throws -> PreconditionResult {
        let octets = Array(
            ("GET / HTTP/1.1\r\nHost: h\r\n" + fields.map { $0 + "\r\n" }.joined() + "\r\n").utf8)
        var head = RequestHead()
        try head.parse(octets.span)
        return Preconditions.evaluate(
            head, octets.span, tag: Array("abc".utf8).span, lastModified: 784_111_777)
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
        #expect(try evaluate("If-None-Match: ,, \"x\" ,\t\"abc\" ,") == .notModified)
        #expect(try evaluate("If-None-Match: w/\"abc\"") == .proceed)
        #expect(try evaluate("If-None-Match: W/abc, \"abc\"") == .notModified)
        #expect(try evaluate("If-None-Match: \"abc") == .proceed)
        #expect(try evaluate("If-None-Match: \"abc\"x") == .proceed)
        #expect(try evaluate("If-None-Match: \"x\"\"abc\"") == .proceed)
        #expect(try evaluate("If-None-Match:") == .proceed)
        #expect(try evaluate("If-None-Match: W/") == .proceed)
        #expect(try evaluate("If-None-Match: \"") == .proceed)
        #expect(
            try evaluate("If-None-Match: \"x\"", "If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT")
                == .proceed)
        #expect(try evaluate("If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT") == .notModified)
        #expect(try evaluate("If-Modified-Since: Sun, 06 Nov 1994 08:49:36 GMT") == .proceed)
        #expect(try evaluate("If-Modified-Since: nonsense") == .proceed)
        #expect(try evaluate("If-Match: \"abc\"") == .proceed)
        #expect(try evaluate("If-Match: W/\"abc\"") == .preconditionFailed)
        #expect(try evaluate("If-Match: \"x\"") == .preconditionFailed)
        #expect(try evaluate("If-Match:") == .preconditionFailed)
        #expect(try evaluate("If-Match: \"x\"", "If-Match: \"y\", \"abc\"") == .proceed)
        #expect(try evaluate("If-Match: \"x\"", "If-None-Match: \"abc\"") == .preconditionFailed)
        #expect(
            try evaluate("If-Match: \"abc\"", "If-Unmodified-Since: Sun, 06 Nov 1994 08:49:36 GMT")
                == .proceed)
        #expect(try evaluate("If-Unmodified-Since: nonsense") == .proceed)
        #expect(try evaluate("If-Match: *", "If-None-Match: \"abc\"") == .notModified)
        #expect(try evaluate("If-Unmodified-Since: Sun, 06 Nov 1994 08:49:36 GMT") == .preconditionFailed)
        #expect(try evaluate("If-Unmodified-Since: Sun, 06 Nov 1994 08:49:37 GMT") == .proceed)
    }

    /// A comma and an asterisk are letters of a tag like any other (RFC 9110 section 8.8.3).
    @Test(arguments: ["If-Match: \"a,*,b\"", "If-Match: \"x,\"abc\",y\"", "If-Match: *, \"x\""])
    func whatOnlyLooksLikeAMatchIsNone(field: String) throws {
        #expect(try evaluate(field) == .preconditionFailed)
    }

    @Test func aTagWithACommaMatches() throws {
        let result = try withHead("If-None-Match: \"x\", \"a,*,b\"") { head, octets in
            Preconditions.evaluate(head, octets, tag: Array("a,*,b".utf8).span, lastModified: 0)
        }
        #expect(result == .notModified)
    }

    /// RFC 9110 section 13.1.2: 304 is for GET and HEAD; section 13.1.3: If-Modified-Since is too.
    @Test func otherMethodsFailInstead() throws {
        let fields = ["If-None-Match: \"abc\"", "If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT"]
        for (method, results) in [
            ("HEAD", [.notModified, .notModified]), ("POST", [.preconditionFailed, .proceed]),
        ]
            as [(String, [PreconditionResult])]
        {
            for (field, expected) in zip(fields, results) {
                let octets = Array("\(method) / HTTP/1.1\r\nHost: h\r\n\(field)\r\n\r\n".utf8)
                var head = RequestHead()
                try head.parse(octets.span)
                let result = Preconditions.evaluate(
                    head, octets.span, tag: Array("abc".utf8).span, lastModified: 784_111_777)
                #expect(result == expected, "\(method) with \(field)")
            }
        }
    }

    @Test(arguments: [
        ("\"abc\"", true), ("\"", false), ("\"\"", false), ("\"abc", false), ("\"abc\", \"x\"", false),
        ("*", false), ("W/\"abc\"", false), ("\"x\"", false), ("Sun, 06 Nov 1994 08:49:37 GMT", true),
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
    @Test(
        arguments: [
            ("bytes=0-499", .ranges([0..<500])), ("bytes=500-999", .ranges([500..<1000])),
            ("bytes=-500", .ranges([9500..<10000])), ("bytes=9500-", .ranges([9500..<10000])),
            ("bytes=0-0,-1", .ranges([0..<1, 9999..<10000])), ("BYTES=0-0", .ranges([0..<1])),
            ("bytes= 0-0 , 2-3", .ranges([0..<1, 2..<4])), ("bytes=9990-20000", .ranges([9990..<10000])),
            ("bytes=-20000", .ranges([0..<10000])), ("bytes=0-9999", .ranges([0..<10000])),
            ("bytes=10000-", .unsatisfiable), ("bytes=-0", .unsatisfiable),
            ("bytes=20000-30000,40000-", .unsatisfiable),
            ("bytes=10000-,0-0", .ranges([0..<1])), ("bytes=5-4", .whole), ("bytes=a-b", .whole),
            ("bytes=", .whole),
            ("bytes=-", .whole), ("items=0-1", .whole), ("bytes=0-5,3-8", .whole), ("bytes=1", .whole),
            ("", .whole),
            ("bytes=0-0,99999999999999999999-", .ranges([0..<1])),
            ("bytes=5-99999999999999999999", .ranges([5..<10000])),
            ("bytes=-99999999999999999999", .ranges([0..<10000])),
            ("bytes=00000000000000000000005-6", .ranges([5..<7])),
            ("bytes=20000-15000", .whole), ("bytes=9999-", .ranges([9999..<10000])),
            ("bytes=0-0,0-0", .whole),
            ("bytes=0-1,2-3", .ranges([0..<2, 2..<4])), ("bytes=4-5,0-1", .ranges([4..<6, 0..<2])),
            ("bytes=,,0-0,,", .ranges([0..<1])), ("bytes=0 - 1", .whole), ("bytes=0-1-2", .whole),
            ("bytes=--1", .whole),
            ("bytes=+1-2", .whole), ("bytes=0x1-2", .whole), ("bytes =0-1", .whole), ("bytes", .whole),
            ("bytes=0-1;2-3", .whole),
        ] as [(String, RangeRequest)])
    func ofTenThousandOctets(value: String, request: RangeRequest) {
        #expect(ByteRanges.request(Array(value.utf8).span, byteCount: 10000) == request)
    }

    /// RFC 9110 section 14.2.
    @Test(arguments: [("GET", RangeRequest.ranges([0..<1])), ("HEAD", .whole), ("POST", .whole)])
    func onlyGETHasRanges(method: String, request: RangeRequest) throws {
        let octets = Array("\(method) / HTTP/1.1\r\nHost: h\r\nRange: bytes=0-0\r\n\r\n".utf8)
        var head = RequestHead()
        try head.parse(octets.span)
        #expect(ByteRanges.request(head, octets.span, byteCount: 10) == request)
    }

    @Test func tooManyAreIgnored() {
        let specs = (0..<17).map { "\($0 * 2)-\($0 * 2)" }
        let sixteen = Array("bytes=\(specs.prefix(16).joined(separator: ","))".utf8)
        let seventeen = Array("bytes=\(specs.joined(separator: ","))".utf8)
        #expect(
            ByteRanges.request(sixteen.span, byteCount: 100) == .ranges((0..<16).map { $0 * 2..<$0 * 2 + 1 }))
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
        ("br, deflate", false), ("", false), ("gzip;q=0.5, identity", false),
        ("gzip;q=0.5, identity;q=0.4", true),
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
    @Test(arguments: [
        ("abc", "abc"), ("a%20b", "a b"), ("%E5%AE%A4", "室"), ("a%2Fb", "a/b"), ("%2525", "%25"), ("+", "+"),
    ])
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
