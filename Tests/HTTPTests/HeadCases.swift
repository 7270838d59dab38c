// Raw requests without a chunked body, what becomes of each, and why it is refused if it is (RFC 9112).
let get = "GET / HTTP/1.1\r\nHost: h\r\n"
let post = "POST /channel/a HTTP/1.1\r\nHost: h\r\n"

/// A request line and fields of 32 KiB, without the empty line.
private let largestSection = get + "A: " + String(repeating: "b", count: 32 * 1024 - 9 - 5) + "\r\n"

let acceptedHeads: [RawCase] = [
    RawCase("plain", get + "\r\n", "get / ?- @h none keep=true continue=false", "body "),
    RawCase(
        "query", "GET /frame?from=1&to=2 HTTP/1.1\r\nHost: h:8080\r\n\r\n", "get /frame ?from=1&to=2 @h:8080",
        "body "),
    RawCase("empty query", "GET /? HTTP/1.1\r\nHost: h\r\n\r\n", "get / ? @h", "body "),
    RawCase("IPv6 host", "GET / HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n", "get / ?- @[::1]:8080", "body "),
    RawCase("absolute form", "GET https://h/a?b HTTP/1.1\r\nHost: h\r\n\r\n", "get /a ?b @h", "body "),
    RawCase("absolute form without path", "GET http://h HTTP/1.1\r\nHost: h\r\n\r\n", "get / ?- @h", "body "),
    RawCase(
        "absolute form with a query only", "GET http://h?a HTTP/1.1\r\nHost: h\r\n\r\n", "get / ?a @h",
        "body "),
    RawCase(
        "absolute form, any case", "GET HTTPS://H:8080/ HTTP/1.1\r\nHost: h:8080\r\n\r\n", "get / ?- @H:8080",
        "body "),
    RawCase(
        "absolute form in HTTP/1.0", "GET http://h/a HTTP/1.0\r\n\r\n", "get /a ?- @h none keep=false",
        "body "),
    RawCase(
        "every octet a target may hold", "GET /-._~:/?[]@!$&'()*+,;=%azAZ09 HTTP/1.1\r\nHost: h\r\n\r\n",
        "get /-._~:/ ?[]@!$&'()*+,;=%azAZ09 @h", "body "),
    RawCase("every octet a name may hold", get + "!#$%&'*+-.^_`|~09azAZ: x\r\n\r\n", "get", "body "),
    RawCase("double slash", "GET //a HTTP/1.1\r\nHost: h\r\n\r\n", "get //a ?- @h", "body "),
    RawCase(
        "IPv4 host", "GET / HTTP/1.1\r\nHost: 127.0.0.1:65535\r\n\r\n", "get / ?- @127.0.0.1:65535", "body "),
    RawCase("host with an empty port", "GET / HTTP/1.1\r\nHost: h:\r\n\r\n", "get / ?- @h:", "body "),
    RawCase("empty Host", "GET / HTTP/1.1\r\nHost:\r\n\r\n", "get / ?- @ none", "body "),
    RawCase(
        "HTTP/1.0 closing", "GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n",
        "get / ?- @- none keep=false", "body "),
    RawCase(
        "Connection in two lines", get + "Connection: foo\r\nConnection: ,close\r\n\r\n",
        "get / ?- @h none keep=false", "body "),
    RawCase(
        "Upgrade is ignored", get + "Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n",
        "get / ?- @h none keep=true", "body "),
    RawCase(
        "expectation without a body", get + "Expect: 100-continue\r\n\r\n",
        "get / ?- @h none keep=true continue=false", "body "),
    RawCase(
        "expectation in HTTP/1.0", "POST / HTTP/1.0\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\nx",
        "post / ?- @- length(1) keep=false continue=false", "body x"),
    RawCase(
        "length with leading zeros", post + "Content-Length: 005\r\n\r\nhello",
        "post /channel/a ?- @h length(5)", "body hello"),
    RawCase(
        "largest length", post + "Content-Length: 9223372036854775807\r\n\r\n",
        "post /channel/a ?- @h length(9223372036854775807)"),
    RawCase(
        "names in any case", "POST / HTTP/1.1\r\nhOST: h\r\nCONTENT-length: 1\r\n\r\nx",
        "post / ?- @h length(1)", "body x"),
    RawCase(
        "known methods",
        "PUT / HTTP/1.1\r\nHost: h\r\n\r\nDELETE / HTTP/1.1\r\nHost: h\r\n\r\n"
            + "PATCH / HTTP/1.1\r\nHost: h\r\n\r\nTRACE / HTTP/1.1\r\nHost: h\r\n\r\n"
            + "QUERY / HTTP/1.1\r\nHost: h\r\n\r\nHEAD / HTTP/1.1\r\nHost: h\r\n\r\n",
        "put", "body ", "delete", "body ", "patch", "body ", "trace", "body ", "query", "body ", "head",
        "body "),
    RawCase("asterisk", "OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n", "options * ?- @h", "body "),
    RawCase("HTTP/1.0", "GET / HTTP/1.0\r\n\r\n", "get / ?- @- none keep=false", "body "),
    RawCase(
        "HTTP/1.0 kept", "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", "get / ?- @- none keep=true",
        "body "),
    RawCase("closing", get + "Connection: foo, Close\r\n\r\n", "get / ?- @h none keep=false", "body "),
    RawCase("blanks around a value", "GET / HTTP/1.1\r\nHost:\t h \t\r\n\r\n", "get / ?- @h", "body "),
    RawCase("empty lines first", "\r\n\r\n" + get + "\r\n", "get / ?- @h", "body "),
    RawCase("obs-text in a value", get + "X: é\r\n\r\n", "get / ?- @h", "body "),
    RawCase("pipelined", get + "\r\n" + get + "\r\n", "get", "body ", "get", "body "),
    RawCase(
        "length", post + "Content-Length: 5\r\n\r\nhello", "post /channel/a ?- @h length(5)", "body hello"),
    RawCase("length 0", post + "Content-Length: 0\r\n\r\n", "post /channel/a ?- @h none", "body "),
    RawCase(
        "length and next", post + "Content-Length: 2\r\n\r\nhi" + get + "\r\n", "post", "body hi", "get",
        "body "),
    RawCase(
        "expectation", post + "Content-Length: 2\r\nExpect: 100-Continue\r\n\r\nhi",
        "post /channel/a ?- @h length(2) keep=true continue=true", "body hi"),
    RawCase(
        "100 fields", "GET / HTTP/1.1\r\nHost: h\r\n" + String(repeating: "A: b\r\n", count: 99) + "\r\n",
        "get", "body "),
    RawCase("largest field section", largestSection + "\r\n", "get", "body "),
    RawCase(
        "longest line", "GET /" + String(repeating: "a", count: 8192 - 16) + " HTTP/1.1\r\nHost: h\r\n\r\n",
        "get", "body "),
]

let refusedHeads: [RawCase] = [
    RawCase(
        "length and chunked", post + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        "400 Content-Length and"),
    RawCase(
        "chunked and length", post + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n",
        "400 Content-Length and"),
    RawCase(
        "two lengths", post + "Content-Length: 5\r\nContent-Length: 5\r\n\r\n", "400 Content-Length comes"),
    RawCase("length list", post + "Content-Length: 5, 5\r\n\r\n", "400 Content-Length must"),
    RawCase("length with sign", post + "Content-Length: +5\r\n\r\n", "400 Content-Length must"),
    RawCase("negative length", post + "Content-Length: -5\r\n\r\n", "400 Content-Length must"),
    RawCase("hexadecimal length", post + "Content-Length: 0x5\r\n\r\n", "400 Content-Length must"),
    RawCase("empty length", post + "Content-Length:\r\n\r\n", "400 Content-Length must"),
    RawCase("huge length", post + "Content-Length: 99999999999999999999\r\n\r\n", "400 Content-Length must"),
    RawCase(
        "length over 2^63", post + "Content-Length: 9223372036854775808\r\n\r\n", "400 Content-Length must"),
    RawCase("gzip coding", post + "Transfer-Encoding: gzip\r\n\r\n", "400 Transfer-Encoding"),
    RawCase("gzip and chunked", post + "Transfer-Encoding: gzip, chunked\r\n\r\n", "400 Transfer-Encoding"),
    RawCase(
        "chunked not last", post + "Transfer-Encoding: chunked, identity\r\n\r\n", "400 Transfer-Encoding"),
    RawCase(
        "chunked twice", post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
        "400 Transfer-Encoding"),
    RawCase("chunked with a tail", post + "Transfer-Encoding: chunked;q=1\r\n\r\n", "400 Transfer-Encoding"),
    RawCase(
        "coding with vertical tab", post + "Transfer-Encoding: \u{0B}chunked\r\n\r\n", "400 A field value"),
    RawCase("chunked in HTTP/1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", "400 HTTP/1.0"),
    RawCase("bare LF after the request line", "GET / HTTP/1.1\nHost: h\r\n\r\n", "400 A line"),
    RawCase("bare LF after a field", "GET / HTTP/1.1\r\nHost: h\nX: y\r\n\r\n", "400 A line"),
    RawCase("bare LF as the empty line", get + "\n", "400 A line"),
    RawCase(
        "bare CR at a line's start hides a field", post + "\rContent-Length: 5\r\n\r\nhello",
        "400 A header line"),
    RawCase("bare CR before a folded line", get + "\r\tX: y\r\n\r\n", "400 A header line"),
    RawCase("CR CR LF as the empty line", get + "\r\r\n\r\n", "400 A header line"),
    RawCase("long line with a bare LF", String(repeating: "a", count: 9000) + "\n", "414"),
    RawCase(
        "large section with a bare LF", get + "A: " + String(repeating: "b", count: 33 * 1024) + "\n",
        "431 The header"),
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
    RawCase("Host with two ports", "GET / HTTP/1.1\r\nHost: h:80:90\r\n\r\n", "400 The host"),
    RawCase("Host with a large port", "GET / HTTP/1.1\r\nHost: h:65536\r\n\r\n", "400 The host"),
    RawCase("Host with a named port", "GET / HTTP/1.1\r\nHost: h:http\r\n\r\n", "400 The host"),
    RawCase("Host that is a port", "GET / HTTP/1.1\r\nHost: :80\r\n\r\n", "400 The host"),
    RawCase("Host with an open bracket", "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", "400 The host"),
    RawCase("Host with empty brackets", "GET / HTTP/1.1\r\nHost: []\r\n\r\n", "400 The host"),
    RawCase("Host with a name in brackets", "GET / HTTP/1.1\r\nHost: [h]\r\n\r\n", "400 The host"),
    RawCase(
        "Host with something behind the bracket", "GET / HTTP/1.1\r\nHost: [::1]h\r\n\r\n", "400 The host"),
    RawCase("IPv6 host without brackets", "GET / HTTP/1.1\r\nHost: ::1\r\n\r\n", "400 The host"),
    RawCase("Host with an escape", "GET / HTTP/1.1\r\nHost: h%2F\r\n\r\n", "400 The host"),
    RawCase(
        "Host twice in HTTP/1.0", "GET / HTTP/1.0\r\nHost: h\r\nHost: h\r\n\r\n", "400 The Host field comes"),
    RawCase("Host list", "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", "400 The host"),
    RawCase("target's host differs", "GET http://a/ HTTP/1.1\r\nHost: b\r\n\r\n", "400 The target's host"),
    RawCase("other scheme", "GET ftp://h/ HTTP/1.1\r\nHost: h\r\n\r\n", "400 The request target"),
    RawCase("relative target", "GET a HTTP/1.1\r\nHost: h\r\n\r\n", "400 The request target"),
    RawCase("asterisk for GET", "GET * HTTP/1.1\r\nHost: h\r\n\r\n", "400 The target *"),
    RawCase("CONNECT", "CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\n\r\n", "501 CONNECT"),
    RawCase("CONNECT to a path", "CONNECT / HTTP/1.1\r\nHost: h\r\n\r\n", "400 The target of CONNECT"),
    RawCase(
        "authority form for GET", "GET h:443 HTTP/1.1\r\nHost: h:443\r\n\r\n", "400 The request target must"),
    RawCase("absolute form without host", "GET http:///a HTTP/1.1\r\nHost: h\r\n\r\n", "400 The host"),
    RawCase(
        "absolute form with user information", "GET http://u@h/ HTTP/1.1\r\nHost: h\r\n\r\n", "400 The host"),
    RawCase(
        "absolute form and empty Host", "GET http://h/ HTTP/1.1\r\nHost:\r\n\r\n", "400 The target's host"),
    RawCase("scheme alone", "GET http:// HTTP/1.1\r\nHost: h\r\n\r\n", "400 The request target must"),
    RawCase("fragment", "GET /a#b HTTP/1.1\r\nHost: h\r\n\r\n", "400 The request target holds"),
    RawCase(
        "control in the target", "GET /\u{1} HTTP/1.1\r\nHost: h\r\n\r\n", "400 The request target holds"),
    RawCase("bare CR in the target", "GET /\rX HTTP/1.1\r\nHost: h\r\n\r\n", "400 The request target holds"),
    RawCase("bare CR behind the version", "GET / HTTP/1.1\r\r\nHost: h\r\n\r\n", "400 A request line ends"),
    RawCase("two blanks", "GET  / HTTP/1.1\r\nHost: h\r\n\r\n", "400 The request line has no target"),
    RawCase("blank in the target", "GET /a b HTTP/1.1\r\nHost: h\r\n\r\n", "400 A request line ends"),
    RawCase("tab for a blank", "GET\t/ HTTP/1.1\r\nHost: h\r\n\r\n", "400 A request line is"),
    RawCase("blank at the end", "GET / HTTP/1.1 \r\nHost: h\r\n\r\n", "400 A request line ends"),
    RawCase("blank first", " GET / HTTP/1.1\r\nHost: h\r\n\r\n", "400 A request line is"),
    RawCase("raw UTF-8 in the target", "GET /é HTTP/1.1\r\nHost: h\r\n\r\n", "400 The request target holds"),
    RawCase("quote in the target", "GET /\" HTTP/1.1\r\nHost: h\r\n\r\n", "400 The request target holds"),
    RawCase("HTTP/0.9", "GET /\r\n", "400 The request line names no version"),
    RawCase("HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "505"),
    RawCase("HTTP/1.2", "GET / HTTP/1.2\r\nHost: h\r\n\r\n", "505"),
    RawCase("HTTP/3", "GET / HTTP/3.0\r\nHost: h\r\n\r\n", "505"),
    RawCase("lower-case version", "GET / http/1.1\r\nHost: h\r\n\r\n", "400 A request line ends"),
    RawCase("long version", "GET / HTTP/1.10\r\nHost: h\r\n\r\n", "400 A request line ends"),
    RawCase("unknown method", "BREW / HTTP/1.1\r\nHost: h\r\n\r\n", "501"),
    RawCase("lower-case method", "get / HTTP/1.1\r\nHost: h\r\n\r\n", "501"),
    RawCase("HTTP/0.9 in name", "GET / HTTP/0.9\r\n\r\n", "505"),
    RawCase("HTTP/2 in HTTP/1's form", "GET / HTTP/2.0\r\nHost: h\r\n\r\n", "505"),
    RawCase("no version's number", "GET / HTTP/\r\nHost: h\r\n\r\n", "400 A request line ends"),
    RawCase("method alone", "GET\r\n\r\n", "400 A request line is"),
    RawCase("TLS instead of HTTP", "\u{16}\u{3}\u{1}\u{2}\0\u{1}\n", "400 A line"),
    RawCase(
        "two secrets", post + "Authorization: a\r\nAuthorization: b\r\n\r\n", "400 A field that has one value"
    ),
    RawCase(
        "two content types", post + "Content-Type: a/b\r\nX: y\r\nContent-Type: a/b\r\n\r\n",
        "400 A field that has one value"),
    RawCase("expectation and another", post + "Content-Length: 1\r\nExpect: 100-continue, x\r\n\r\nx", "417"),
    RawCase("other expectation", post + "Content-Length: 1\r\nExpect: 200-ok\r\n\r\nx", "417"),
    RawCase("three empty lines first", "\r\n\r\n\r\n" + get + "\r\n", "400 A request must begin"),
    RawCase(
        "request line too long",
        "GET /" + String(repeating: "a", count: 8192 - 15) + " HTTP/1.1\r\nHost: h\r\n\r\n", "414"),
    RawCase("request line without end", String(repeating: "a", count: 8193), "414"),
    RawCase("101 fields", get + String(repeating: "A: b\r\n", count: 100) + "\r\n", "431 There are too many"),
    RawCase(
        "fields too large", get + "A: " + String(repeating: "b", count: 32 * 1024) + "\r\n\r\n",
        "431 The header"),
    RawCase("field without end", get + "A: " + String(repeating: "b", count: 33 * 1024), "431 The header"),
]
