// Shows what is accepted as a request and what is refused, by name, and that the verdict is the same however the octets
// are split: in one piece, in every two pieces, and octet by octet.
import HTTP
import Testing

struct RawCase: Sendable, CustomTestStringConvertible {
    let name: String
    let octets: [UInt8]
    /// What each line of the transcript begins with.
    let expected: [String]

    var testDescription: String { name }

    init(_ name: String, _ text: String, _ expected: String...) {
        self.name = name
        octets = Array(text.utf8)
        self.expected = expected
    }
}

private let get = "GET / HTTP/1.1\r\nHost: h\r\n"
private let post = "POST /channel/a HTTP/1.1\r\nHost: h\r\n"
private let chunked = post + "Transfer-Encoding: chunked\r\n\r\n"

/// A request line and fields of 32 KiB, without the empty line.
private let largestSection = get + "A: " + String(repeating: "b", count: 32 * 1024 - 9 - 5) + "\r\n"

private let accepted: [RawCase] = [
    RawCase("plain", get + "\r\n", "get / ?- @h none keep=true continue=false", "body "),
    RawCase("query", "GET /frame?from=1&to=2 HTTP/1.1\r\nHost: h:8080\r\n\r\n", "get /frame ?from=1&to=2 @h:8080", "body "),
    RawCase("empty query", "GET /? HTTP/1.1\r\nHost: h\r\n\r\n", "get / ? @h", "body "),
    RawCase("IPv6 host", "GET / HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n", "get / ?- @[::1]:8080", "body "),
    RawCase("absolute form", "GET https://h/a?b HTTP/1.1\r\nHost: h\r\n\r\n", "get /a ?b @h", "body "),
    RawCase("absolute form without path", "GET http://h HTTP/1.1\r\nHost: h\r\n\r\n", "get  ?- @h", "body "),
    RawCase("asterisk", "OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n", "options * ?- @h", "body "),
    RawCase("HTTP/1.0", "GET / HTTP/1.0\r\n\r\n", "get / ?- @- none keep=false", "body "),
    RawCase("HTTP/1.0 kept", "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", "get / ?- @- none keep=true", "body "),
    RawCase("closing", get + "Connection: foo, Close\r\n\r\n", "get / ?- @h none keep=false", "body "),
    RawCase("blanks around a value", "GET / HTTP/1.1\r\nHost:\t h \t\r\n\r\n", "get / ?- @h", "body "),
    RawCase("empty lines first", "\r\n\r\n" + get + "\r\n", "get / ?- @h", "body "),
    RawCase("obs-text in a value", get + "X: é\r\n\r\n", "get / ?- @h", "body "),
    RawCase("pipelined", get + "\r\n" + get + "\r\n", "get", "body ", "get", "body "),
    RawCase("length", post + "Content-Length: 5\r\n\r\nhello", "post /channel/a ?- @h length(5)", "body hello"),
    RawCase("length 0", post + "Content-Length: 0\r\n\r\n", "post /channel/a ?- @h none", "body "),
    RawCase("length and next", post + "Content-Length: 2\r\n\r\nhi" + get + "\r\n", "post", "body hi", "get", "body "),
    RawCase("expectation", post + "Content-Length: 2\r\nExpect: 100-Continue\r\n\r\nhi",
        "post /channel/a ?- @h length(2) keep=true continue=true", "body hi"),
    RawCase("chunked", chunked + "5\r\nhello\r\n6;x=\"y\"\r\n world\r\n0\r\n\r\n", "post", "body hello world"),
    RawCase("chunked, upper-case hex", chunked + "A\r\n0123456789\r\n0\r\n\r\n", "post", "body 0123456789"),
    RawCase("trailers", chunked + "1\r\nx\r\n0\r\nA: b\r\nC: d\r\n\r\n" + get + "\r\n", "post", "body x", "get", "body "),
    RawCase("chunked, any case", post + "Transfer-Encoding: CHUNKED\r\n\r\n0\r\n\r\n", "post", "body "),
    RawCase("100 fields", "GET / HTTP/1.1\r\nHost: h\r\n" + String(repeating: "A: b\r\n", count: 99) + "\r\n", "get", "body "),
    RawCase("largest field section", largestSection + "\r\n", "get", "body "),
    RawCase("longest line", "GET /" + String(repeating: "a", count: 8192 - 16) + " HTTP/1.1\r\nHost: h\r\n\r\n", "get", "body "),
]

private let refused: [RawCase] = [
    RawCase("length and chunked", post + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", "400 Content-Length and"),
    RawCase("chunked and length", post + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n", "400 Content-Length and"),
    RawCase("two lengths", post + "Content-Length: 5\r\nContent-Length: 5\r\n\r\n", "400 Content-Length comes"),
    RawCase("length list", post + "Content-Length: 5, 5\r\n\r\n", "400 Content-Length must"),
    RawCase("length with sign", post + "Content-Length: +5\r\n\r\n", "400 Content-Length must"),
    RawCase("negative length", post + "Content-Length: -5\r\n\r\n", "400 Content-Length must"),
    RawCase("hexadecimal length", post + "Content-Length: 0x5\r\n\r\n", "400 Content-Length must"),
    RawCase("empty length", post + "Content-Length:\r\n\r\n", "400 Content-Length must"),
    RawCase("huge length", post + "Content-Length: 99999999999999999999\r\n\r\n", "400 Content-Length must"),
    RawCase("length over 2^63", post + "Content-Length: 9223372036854775808\r\n\r\n", "400 Content-Length must"),
    RawCase("gzip coding", post + "Transfer-Encoding: gzip\r\n\r\n", "400 Transfer-Encoding"),
    RawCase("gzip and chunked", post + "Transfer-Encoding: gzip, chunked\r\n\r\n", "400 Transfer-Encoding"),
    RawCase("chunked not last", post + "Transfer-Encoding: chunked, identity\r\n\r\n", "400 Transfer-Encoding"),
    RawCase("chunked twice", post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", "400 Transfer-Encoding"),
    RawCase("chunked with a tail", post + "Transfer-Encoding: chunked;q=1\r\n\r\n", "400 Transfer-Encoding"),
    RawCase("coding with vertical tab", post + "Transfer-Encoding: \u{0B}chunked\r\n\r\n", "400 A field value"),
    RawCase("chunked in HTTP/1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", "400 HTTP/1.0"),
    RawCase("bare LF after the request line", "GET / HTTP/1.1\nHost: h\r\n\r\n", "400 A line"),
    RawCase("bare LF after a field", "GET / HTTP/1.1\r\nHost: h\nX: y\r\n\r\n", "400 A line"),
    RawCase("bare LF as the empty line", get + "\n", "400 A line"),
    RawCase("bare CR at a line's start hides a field", post + "\rContent-Length: 5\r\n\r\nhello", "400 A header line"),
    RawCase("bare CR before a folded line", get + "\r\tX: y\r\n\r\n", "400 A header line"),
    RawCase("CR CR LF as the empty line", get + "\r\r\n\r\n", "400 A header line"),
    RawCase("long line with a bare LF", String(repeating: "a", count: 9000) + "\n", "414"),
    RawCase("large section with a bare LF", get + "A: " + String(repeating: "b", count: 33 * 1024) + "\n", "431 The header"),
    RawCase("largest section and a field", largestSection + "A: b\r\n\r\n", "431 The header"),
    RawCase("largest section and an octet", largestSection.dropLast() + "b\r\n\r\n", "431 The header"),
    RawCase("bare CR in a value", get + "X: a\rb\r\n\r\n", "400 A field value"),
    RawCase("NUL in a value", get + "X: a\0b\r\n\r\n", "400 A field value"),
    RawCase("NUL in a name", get + "X\0: a\r\n\r\n", "400 A field name"),
    RawCase("DEL in a value", get + "X: \u{7F}\r\n\r\n", "400 A field value"),
    RawCase("folded", get + "X: a\r\n b\r\n\r\n", "400 A field must stand"),
    RawCase("folded with a tab", get + "X: a\r\n\tb\r\n\r\n", "400 A field must stand"),
    RawCase("folded first field", "GET / HTTP/1.1\r\n Host: h\r\n\r\n", "400 A field must stand"),
    RawCase("blank before the colon", "GET / HTTP/1.1\r\nHost : h\r\n\r\n", "400 A field name"),
    RawCase("no colon", get + "X\r\n\r\n", "400 A field name"),
    RawCase("empty name", get + ": a\r\n\r\n", "400 A header line"),
    RawCase("name in brackets", get + "X(y): a\r\n\r\n", "400 A field name"),
    RawCase("no Host", "GET / HTTP/1.1\r\n\r\n", "400 The Host field is missing"),
    RawCase("two Hosts", get + "Host: h\r\n\r\n", "400 The Host field comes"),
    RawCase("Host with a path", "GET / HTTP/1.1\r\nHost: h/x\r\n\r\n", "400 The host"),
    RawCase("Host with user information", "GET / HTTP/1.1\r\nHost: a@h\r\n\r\n", "400 The host"),
    RawCase("Host list", "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", "400 The host"),
    RawCase("target's host differs", "GET http://a/ HTTP/1.1\r\nHost: b\r\n\r\n", "400 The target's host"),
    RawCase("other scheme", "GET ftp://h/ HTTP/1.1\r\nHost: h\r\n\r\n", "400 The request target"),
    RawCase("relative target", "GET a HTTP/1.1\r\nHost: h\r\n\r\n", "400 The request target"),
    RawCase("asterisk for GET", "GET * HTTP/1.1\r\nHost: h\r\n\r\n", "400 The target *"),
    RawCase("CONNECT", "CONNECT h:443 HTTP/1.1\r\nHost: h\r\n\r\n", "400 CONNECT"),
    RawCase("two blanks", "GET  / HTTP/1.1\r\nHost: h\r\n\r\n", "400 The request line has no target"),
    RawCase("blank in the target", "GET /a b HTTP/1.1\r\nHost: h\r\n\r\n", "400 A request line ends"),
    RawCase("tab for a blank", "GET\t/ HTTP/1.1\r\nHost: h\r\n\r\n", "400 A request line is"),
    RawCase("blank at the end", "GET / HTTP/1.1 \r\nHost: h\r\n\r\n", "400 A request line ends"),
    RawCase("blank first", " GET / HTTP/1.1\r\nHost: h\r\n\r\n", "400 A request line is"),
    RawCase("raw UTF-8 in the target", "GET /é HTTP/1.1\r\nHost: h\r\n\r\n", "400 The request target holds"),
    RawCase("quote in the target", "GET /\" HTTP/1.1\r\nHost: h\r\n\r\n", "400 The request target holds"),
    RawCase("HTTP/0.9", "GET /\r\n", "400 The request line names no version"),
    RawCase("HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "505"),
    RawCase("HTTP/3", "GET / HTTP/3.0\r\nHost: h\r\n\r\n", "505"),
    RawCase("lower-case version", "GET / http/1.1\r\nHost: h\r\n\r\n", "400 A request line ends"),
    RawCase("long version", "GET / HTTP/1.10\r\nHost: h\r\n\r\n", "400 A request line ends"),
    RawCase("unknown method", "BREW / HTTP/1.1\r\nHost: h\r\n\r\n", "501"),
    RawCase("lower-case method", "get / HTTP/1.1\r\nHost: h\r\n\r\n", "501"),
    RawCase("other expectation", post + "Content-Length: 1\r\nExpect: 200-ok\r\n\r\nx", "417"),
    RawCase("three empty lines first", "\r\n\r\n\r\n" + get + "\r\n", "400 A request must begin"),
    RawCase("request line too long", "GET /" + String(repeating: "a", count: 8192 - 15) + " HTTP/1.1\r\nHost: h\r\n\r\n", "414"),
    RawCase("request line without end", String(repeating: "a", count: 8193), "414"),
    RawCase("101 fields", get + String(repeating: "A: b\r\n", count: 100) + "\r\n", "431 There are too many"),
    RawCase("fields too large", get + "A: " + String(repeating: "b", count: 32 * 1024) + "\r\n\r\n", "431 The header"),
    RawCase("field without end", get + "A: " + String(repeating: "b", count: 33 * 1024), "431 The header"),
    RawCase("chunk size without digits", chunked + "\r\n", "post", "400 A chunk must begin"),
    RawCase("chunk size not hexadecimal", chunked + "g\r\n", "post", "400 A chunk must begin"),
    RawCase("chunk size with sign", chunked + "+1\r\nx\r\n", "post", "400 A chunk must begin"),
    RawCase("chunk size with prefix", chunked + "0x1\r\nx\r\n", "post", "400 A chunk must begin"),
    RawCase("chunk size overflows", chunked + "10000000000000000\r\n", "post", "400 A chunk must begin"),
    RawCase("chunk size with blank", chunked + "1 \r\nx\r\n", "post", "400 A chunk must begin"),
    RawCase("chunk size ends in LF", chunked + "1\nx\r\n", "post", "400 A chunk must begin"),
    RawCase("chunk size ends in CR CR", chunked + "1\r\rx\r\n", "post", "400 A chunk must begin"),
    RawCase("chunk longer than its size", chunked + "1\r\nxy\r\n", "post", "400 A chunk must end"),
    RawCase("chunk ends in LF", chunked + "1\r\nx\n", "post", "400 A chunk must end"),
    RawCase("LF in a chunk extension", chunked + "1;a\nb\r\nx\r\n", "post", "400 A chunk extension"),
    RawCase("chunk extension too long", chunked + "1;" + String(repeating: "a", count: 300) + "\r\n", "post", "400 A chunk extension"),
    RawCase("trailers too large", chunked + "0\r\nA: " + String(repeating: "b", count: 9000) + "\r\n\r\n", "post", "400 A trailer"),
    RawCase("trailer with LF", chunked + "0\r\nA: b\n\r\n", "post", "400 A trailer"),
    RawCase("trailer folded", chunked + "0\r\n A: b\r\n\r\n", "post", "400 A trailer"),
]

@Suite struct RequestTests {
    private func expect(_ raw: RawCase, cuts: [Int]) {
        let lines = transcript(of: raw.octets, piecesEndingAt: cuts)
        let isRight = lines.count == raw.expected.count && zip(lines, raw.expected).allSatisfy { $0.hasPrefix($1) }
        #expect(isRight, "\(raw.name) cut at \(cuts.first ?? 0): \(lines)")
    }

    @Test(arguments: accepted + refused) func inOnePiece(raw: RawCase) {
        expect(raw, cuts: [])
    }

    @Test(arguments: accepted + refused) func octetByOctet(raw: RawCase) {
        // A long case differs from a short one in nothing but repeated octets, which are fed in larger pieces.
        let step = max(1, raw.octets.count / 500)
        expect(raw, cuts: Array(stride(from: step, to: raw.octets.count, by: step)))
    }

    @Test(arguments: accepted + refused) func inEveryTwoPieces(raw: RawCase) {
        let whole = transcript(of: raw.octets, piecesEndingAt: [])
        let step = max(1, raw.octets.count / 500)
        for cut in stride(from: 0, through: raw.octets.count, by: step) {
            #expect(transcript(of: raw.octets, piecesEndingAt: [cut]) == whole, "\(raw.name) cut at \(cut)")
        }
    }
}
