"""Messages that two readers could read differently, as octets, by name: those that must be refused, and those that look
odd and are sound. Each names paths of its own (`NNN` is its number), so that a log shows who asked for what."""

from support.server import SECRET

HOST = b"Host: localhost\r\n"
POST = (b"POST /channel/case-NNN HTTP/1.1\r\n" + HOST + b"Authorization: Bearer " + SECRET.encode()
        + b"\r\nContent-Type: application/octet-stream\r\n")
GET = b"GET /case-NNN HTTP/1.1\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"
# What must never be taken for a request where it is content, and what follows each case on its connection.
SMUGGLED = b"GET /smuggled-NNN HTTP/1.1\r\nHost: localhost\r\n\r\n"
FOLLOWING = b"GET /following-NNN HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


def get(*fields):
    return GET + HOST + b"".join(fields) + b"\r\n"


def post(*fields, body=b"1"):
    return POST + b"".join(fields) + b"\r\n" + body


def length(count):
    return b"Content-Length: %d\r\n" % count


def chunked(body):
    return post(CHUNKED, body=body)


def both(first, second, body):
    """A message with two lengths: what one reader takes for its content is a request to the other."""
    return post(first, second, body=body)


END = b"0\r\n\r\n"
WHOLE = b"%x\r\n" % len(SMUGGLED) + SMUGGLED + b"\r\n" + END

REFUSED = {
    # Two ways to say where the body ends (RFC 9112 section 6.3).
    "both Content-Length and Transfer-Encoding": (400, both(length(1), CHUNKED, END)),
    "both Transfer-Encoding and Content-Length": (400, both(CHUNKED, length(5), END)),
    "CL.TE: the length covers a request behind the last chunk": (400, both(length(len(END + SMUGGLED)), CHUNKED, END + SMUGGLED)),
    "TE.CL: a chunk covers a request behind the length": (400, both(CHUNKED, length(4), WHOLE)),
    "CL.TE with no length at all": (400, both(length(0), CHUNKED, WHOLE)),
    "CL.TE with a coding that is hidden by a tab": (400, both(length(5), b"Transfer-Encoding:\tchunked\r\n", END + SMUGGLED)),
    "CL.TE with a coding in capitals": (400, both(length(5), b"TRANSFER-ENCODING: CHUNKED\r\n", END + SMUGGLED)),
    "CL.TE with a coding that is quoted": (400, both(length(5), b'Transfer-Encoding: "chunked"\r\n', END + SMUGGLED)),
    "CL.TE with an unknown coding": (400, both(length(5), b"Transfer-Encoding: x\r\n", END + SMUGGLED)),
    "CL.TE with a folded coding": (400, both(length(5), b"Transfer-Encoding:\r\n chunked\r\n", END + SMUGGLED)),
    "CL.TE behind a bare LF": (400, both(length(5), b"A: b\nTransfer-Encoding: chunked\r\n", END + SMUGGLED)),
    "CL.TE behind a bare CR": (400, both(length(5), b"A: b\rTransfer-Encoding: chunked\r\n", END + SMUGGLED)),
    "TE.TE: chunked, and something else": (400, post(CHUNKED, b"Transfer-Encoding: x\r\n", body=END + SMUGGLED)),
    "TE.TE: something else, and chunked": (400, post(b"Transfer-Encoding: x\r\n", CHUNKED, body=END + SMUGGLED)),
    "TE.TE: chunked, and identity": (400, post(CHUNKED, b"Transfer-Encoding: identity\r\n", body=END + SMUGGLED)),
    "TE.TE: identity, chunked": (400, post(b"Transfer-Encoding: identity, chunked\r\n", body=END + SMUGGLED)),
    "CL.CL: the first covers a request": (400, post(length(len(SMUGGLED)), length(0), body=SMUGGLED)),
    "CL.CL: the second covers a request": (400, post(length(0), length(len(SMUGGLED)), body=SMUGGLED)),
    "repeated Content-Length, the same": (400, post(length(1) * 2)),
    "repeated Content-Length, different": (400, post(length(1), length(2))),
    "repeated Content-Length in another case": (400, post(length(1), b"content-length: 1\r\n")),
    "Content-Length list": (400, post(b"Content-Length: 1, 1\r\n")),
    "Content-Length list, different": (400, post(b"Content-Length: 1, %d\r\n" % len(b"1" + SMUGGLED), body=b"1" + SMUGGLED)),
    "Content-Length with a comma": (400, post(b"Content-Length: 1,\r\n")),
    "Content-Length with a sign": (400, post(b"Content-Length: +1\r\n")),
    "Content-Length below zero": (400, post(b"Content-Length: -1\r\n")),
    "Content-Length in hexadecimal": (400, post(b"Content-Length: 0x1\r\n")),
    "Content-Length with a fraction": (400, post(b"Content-Length: 1.0\r\n")),
    "Content-Length with an exponent": (400, post(b"Content-Length: 1e1\r\n")),
    "Content-Length with an underscore": (400, post(b"Content-Length: 1_0\r\n")),
    "Content-Length with a space inside": (400, post(b"Content-Length: 1 1\r\n")),
    "Content-Length in quotes": (400, post(b'Content-Length: "1"\r\n')),
    "Content-Length with a parameter": (400, post(b"Content-Length: 1;a\r\n")),
    "Content-Length with a vertical tab": (400, post(b"Content-Length: \x0b1\r\n")),
    "Content-Length with NUL": (400, post(b"Content-Length: 1\0\r\n")),
    "Content-Length in other digits": (400, post("Content-Length: \u0661\r\n".encode())),
    "Content-Length empty": (400, post(b"Content-Length: \r\n")),
    "Content-Length folded": (400, post(b"Content-Length:\r\n 1\r\n")),
    "Content-Length of 2^63": (400, post(b"Content-Length: 9223372036854775808\r\n")),
    "Content-Length past 64 bits": (400, post(b"Content-Length: 18446744073709551617\r\n")),
    "Content-Length with a sign, of a GET": (400, get(b"Content-Length: +0\r\n")),
    "both lengths of a GET": (400, get(length(0), CHUNKED) + END),
    # Codings other than one final `chunked`.
    "Transfer-Encoding identity": (400, post(b"Transfer-Encoding: identity\r\n")),
    "Transfer-Encoding gzip": (400, post(b"Transfer-Encoding: gzip\r\n")),
    "Transfer-Encoding gzip, chunked": (400, post(b"Transfer-Encoding: gzip, chunked\r\n", body=END)),
    "Transfer-Encoding chunked, gzip": (400, post(b"Transfer-Encoding: chunked, gzip\r\n", body=END)),
    "Transfer-Encoding chunked twice": (400, post(CHUNKED * 2, body=END)),
    "Transfer-Encoding chunked, chunked": (400, post(b"Transfer-Encoding: chunked, chunked\r\n", body=END)),
    "Transfer-Encoding xchunked": (400, post(b"Transfer-Encoding: xchunked\r\n", body=END)),
    "Transfer-Encoding chunkedx": (400, post(b"Transfer-Encoding: chunkedx\r\n", body=END)),
    "Transfer-Encoding chunked with a parameter": (400, post(b"Transfer-Encoding: chunked;q=1\r\n", body=END)),
    "Transfer-Encoding in quotes": (400, post(b'Transfer-Encoding: "chunked"\r\n', body=END)),
    "Transfer-Encoding with a vertical tab": (400, post(b"Transfer-Encoding: \x0bchunked\r\n", body=END)),
    "Transfer-Encoding with a form feed": (400, post(b"Transfer-Encoding: chunked\x0c\r\n", body=END)),
    "Transfer-Encoding with NUL": (400, post(b"Transfer-Encoding: chunked\0\r\n", body=END)),
    "Transfer-Encoding with an octet beyond ASCII": (400, post(b"Transfer-Encoding: \xa0chunked\r\n", body=END)),
    "Transfer-Encoding empty": (400, post(b"Transfer-Encoding: \r\n")),
    "Transfer-Encoding folded": (400, post(b"Transfer-Encoding:\r\n chunked\r\n", body=END)),
    "Transfer-Encoding in HTTP/1.0": (400, chunked(END).replace(b"HTTP/1.1", b"HTTP/1.0", 1)),
    # Lines and fields.
    "bare LF behind the request line": (400, GET[:-2] + b"\n" + HOST + b"\r\n"),
    "bare LF behind a field": (400, get(b"A: b\n")),
    "bare LF as the empty line": (400, GET + HOST + b"\n"),
    "bare LF in a field that holds a request": (400, get(b"A: b\n\n" + SMUGGLED)),
    "bare CR in a field": (400, get(b"A: b\rc\r\n")),
    "bare CR before a name": (400, get(b"\rA: b\r\n")),
    "bare CR behind the request line": (400, GET[:-2] + b"\r" + HOST + b"\r\n"),
    "two CR before an LF": (400, get(b"A: b\r\r\n")),
    "LF CR for CR LF": (400, get(b"A: b\n\r")),
    "NUL in a field": (400, get(b"A: b\0c\r\n")),
    "NUL in a name": (400, get(b"A\0: b\r\n")),
    "control character in a field": (400, get(b"A: b\x01\r\n")),
    "DEL in a field": (400, get(b"A: b\x7f\r\n")),
    "folded field": (400, get(b"A: b\r\n c\r\n")),
    "folded field with a tab": (400, get(b"A: b\r\n\tc\r\n")),
    "folded field that holds a length": (400, post(b"A: b\r\n " + length(5), length(1))),
    "space before the first field": (400, GET + b" A: b\r\n" + HOST + b"\r\n"),
    "space before the colon": (400, get(b"A : b\r\n")),
    "space before the colon of Content-Length": (400, post(b"Content-Length : 1\r\n")),
    "space before the colon of one of two lengths": (400, post(b"Content-Length : 5\r\n", length(1))),
    "space before the colon of Transfer-Encoding": (400, post(b"Transfer-Encoding : chunked\r\n", body=END)),
    "space before the colon of Host": (400, GET + b"Host : localhost\r\n\r\n"),
    "tab before the colon": (400, get(b"A\t: b\r\n")),
    "field without a colon": (400, get(b"A b\r\n")),
    "field without a name": (400, get(b": b\r\n")),
    "name that is no token": (400, get(b"A(b): c\r\n")),
    "name beyond ASCII": (400, get(b"\xc3\xa4: c\r\n")),
    "name with a space inside": (400, post(b"Content Length: 1\r\n")),
    "pseudo-field of HTTP/2": (400, get(b":path: /smuggled-NNN\r\n")),
    # Host (RFC 9112 section 3.2).
    "missing Host": (400, GET + b"\r\n"),
    "repeated Host": (400, get(HOST)),
    "repeated Host, different": (400, get(b"Host: other\r\n")),
    "Host with a comma": (400, GET + b"Host: a, b\r\n\r\n"),
    "Host with a space": (400, GET + b"Host: a b\r\n\r\n"),
    "Host with user information": (400, GET + b"Host: a@b\r\n\r\n"),
    "Host with a path": (400, GET + b"Host: a/b\r\n\r\n"),
    "Host and another target's host": (400, b"GET https://other/case-NNN HTTP/1.1\r\n" + HOST + b"\r\n"),
    "Host and another target's port": (400, b"GET https://localhost:1/case-NNN HTTP/1.1\r\n" + HOST + b"\r\n"),
    "target with user information": (400, b"GET https://a@localhost/case-NNN HTTP/1.1\r\n" + HOST + b"\r\n"),
    # Chunks (RFC 9112 section 7.1).
    "chunk size empty": (400, chunked(b"\r\n1\r\n" + END)),
    "chunk size not hexadecimal": (400, chunked(b"g\r\n1\r\n" + END)),
    "chunk size with 0x": (400, chunked(b"0x1\r\n1\r\n" + END)),
    "chunk size with a sign": (400, chunked(b"+1\r\n1\r\n" + END)),
    "chunk size below zero": (400, chunked(b"-1\r\n1\r\n" + END)),
    "chunk size with an underscore": (400, chunked(b"0_1\r\n1\r\n" + END)),
    "chunk size behind a space": (400, chunked(b" 1\r\n1\r\n" + END)),
    "chunk size with a space inside": (400, chunked(b"1 1\r\n1\r\n" + END)),
    "chunk size with NUL": (400, chunked(b"1\0\r\n1\r\n" + END)),
    "chunk size past 64 bits": (400, chunked(b"10000000000000001\r\n1\r\n" + END)),
    "chunk size with a bare LF": (400, chunked(b"1\n1\r\n" + END)),
    "chunk size with a bare CR": (400, chunked(b"1\r1\r\n" + END)),
    "chunk longer than it says": (400, chunked(b"1\r\n12\r\n" + END)),
    "chunk shorter than it says": (400, chunked(b"3\r\n1\r\n" + END)),
    "chunk that ends in a bare LF": (400, chunked(b"1\r\n1\n" + END)),
    "chunk that ends in a bare CR": (400, chunked(b"1\r\n1\r0\r\n\r\n")),
    "chunk that ends in two other octets": (400, chunked(b"1\r\n1xx" + END + SMUGGLED)),
    "last chunk that ends in bare LF": (400, chunked(b"0\n\n" + SMUGGLED)),
    "chunk extension with a bare LF": (400, chunked(b"1;a\n1\r\n" + END)),
    "chunk extension with a bare LF that holds a chunk": (400, chunked(b"2;\nxx\r\n%x\r\n0\r\n\r\n" % len(SMUGGLED) + SMUGGLED)),
    "chunk extension with a bare CR": (400, chunked(b"1;a\r1\r\n" + END)),
    "chunk extension with NUL": (400, chunked(b"1;a\0\r\n1\r\n" + END)),
    "chunk extension without end": (400, chunked(b"1;" + b"a" * 100_000)),
    "trailer that is none": (400, chunked(b"1\r\n1\r\n0\r\nA b\r\n\r\n")),
    "trailer with a bare LF": (400, chunked(b"1\r\n1\r\n0\r\nA: b\n\r\n")),
    "trailer that is folded": (400, chunked(b"1\r\n1\r\n0\r\nA: b\r\n c\r\n\r\n")),
    "trailers that end in bare LF": (400, chunked(b"1\r\n1\r\n0\r\n\n" + SMUGGLED)),
    "trailers without end": (400, chunked(b"1\r\n1\r\n0\r\n" + b"A: b\r\n" * 20_000)),
    # Request lines.
    "HTTP/0.9": (400, b"GET /case-NNN\r\n\r\n"),
    "two spaces in the request line": (400, b"GET  /case-NNN HTTP/1.1\r\n" + HOST + b"\r\n"),
    "tab in the request line": (400, b"GET\t/case-NNN HTTP/1.1\r\n" + HOST + b"\r\n"),
    "space before the request line": (400, b" " + get()),
    "space behind the request line": (400, b"GET /case-NNN HTTP/1.1 \r\n" + HOST + b"\r\n"),
    "two versions in the request line": (400, b"GET /case-NNN HTTP/1.1 HTTP/1.1\r\n" + HOST + b"\r\n"),
    "control character in the target": (400, b"GET /case-NNN\x01z HTTP/1.1\r\n" + HOST + b"\r\n"),
    "NUL in the target": (400, b"GET /case-NNN\0z HTTP/1.1\r\n" + HOST + b"\r\n"),
    "octets beyond ASCII in the target": (400, b"GET /case-NNN\xc3\xa4 HTTP/1.1\r\n" + HOST + b"\r\n"),
    "target without a slash": (400, b"GET case-NNN HTTP/1.1\r\n" + HOST + b"\r\n"),
    "target * of a GET": (400, b"GET * HTTP/1.1\r\n" + HOST + b"\r\n"),
    "fragment in the target": (400, b"GET /case-NNN#a HTTP/1.1\r\n" + HOST + b"\r\n"),
    "method that is no token": (400, b"G(T /case-NNN HTTP/1.1\r\n" + HOST + b"\r\n"),
    "CONNECT": (501, b"CONNECT localhost:443 HTTP/1.1\r\n" + HOST + b"\r\n"),
    "version in lower case": (400, b"GET /case-NNN http/1.1\r\n" + HOST + b"\r\n"),
    "version without a minor": (400, b"GET /case-NNN HTTP/1\r\n" + HOST + b"\r\n"),
    "version with two digits": (400, b"GET /case-NNN HTTP/1.10\r\n" + HOST + b"\r\n"),
    "version 2 in HTTP/1's form": (505, b"GET /case-NNN HTTP/2.0\r\n" + HOST + b"\r\n"),
    "version 3": (505, b"GET /case-NNN HTTP/3.0\r\n" + HOST + b"\r\n"),
    "version 1.2": (505, b"GET /case-NNN HTTP/1.2\r\n" + HOST + b"\r\n"),
    "HTTP/2 preface": (505, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    "octets that are no HTTP": (400, bytes(range(256))),
    # Sizes.
    "request line over 8 KiB": (414, b"GET /case-NNN" + b"a" * 8192 + b" HTTP/1.1\r\n" + HOST + b"\r\n"),
    "request line without end": (414, b"GET /case-NNN" + b"a" * 100_000),
    "101 fields": (431, GET + HOST + b"A: b\r\n" * 100 + b"\r\n"),
    "a field over 32 KiB": (431, get(b"A: " + b"b" * 32768 + b"\r\n")),
    "fields over 32 KiB together": (431, get(b"A: " + b"b" * 8000 + b"\r\n", b"B: " + b"b" * 8000 + b"\r\n",
                                             b"C: " + b"b" * 8000 + b"\r\n", b"D: " + b"b" * 9000 + b"\r\n")),
    "expectation that is unknown": (417, post(b"Expect: miracle\r\n", length(1))),
}

# Where the standard leaves a choice between the two.
EITHER = {"trailers without end": {400, 431}, "HTTP/2 preface": {400, 505}, "HTTP/0.9": {400, 505}, "version in lower case": {400, 505},
          "version without a minor": {400, 505}, "version with two digits": {400, 505}}

TAKEN = {
    # Names and values (RFC 9110 section 5).
    "names in lower case": (200, post(b"content-length: 1\r\n")),
    "names in capitals": (200, post(b"CONTENT-LENGTH: 1\r\n")),
    "no space behind a colon": (200, post(b"Content-Length:1\r\n")),
    "spaces and tabs around a value": (200, post(b"Content-Length: \t 1 \t \r\n")),
    "length with zeros before it": (200, post(b"Content-Length: 0001\r\n")),
    "octets beyond ASCII in a field": (404, get(b"A: \x80\xff\r\n")),
    "a tab in a field": (404, get(b"A: b\tc\r\n")),
    "an empty field": (404, get(b"A:\r\n")),
    "a field that comes twice": (404, get(b"A: b\r\n" * 2)),
    "a name of all characters of a token": (404, get(b"!#$%&'*+-.^_`|~09aZ: b\r\n")),
    "a field like Content-Length": (200, post(length(1), b"Content_Length: 5\r\n")),
    "a field like Transfer-Encoding": (200, post(length(1), b"Transfer_Encoding: chunked\r\nX-Transfer-Encoding: chunked\r\n")),
    "a value that holds fields, encoded": (404, get(b"A: b%0d%0aTransfer-Encoding:%20chunked\r\n")),
    "100 fields": (404, GET + HOST + b"A: b\r\n" * 99 + b"\r\n"),
    # Connections: a proxy takes away what is named there.
    "Connection names Content-Length": (200, post(length(1), b"Connection: Content-Length\r\n")),
    "Connection names Transfer-Encoding": (200, post(CHUNKED, b"Connection: Transfer-Encoding\r\n", body=b"1\r\n1\r\n" + END)),
    "Connection names Host": (404, get(b"Connection: Host\r\n")),
    "Connection names nothing": (404, get(b"Connection: ,, ,\r\n")),
    "Upgrade to h2c": (404, get(b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n")),
    "Upgrade to a WebSocket": (404, get(b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n")),
    "TE": (404, get(b"Connection: TE\r\nTE: trailers, chunked\r\n")),
    "Trailer": (200, post(CHUNKED, b"Trailer: Content-Length\r\n", body=b"1\r\n1\r\n" + END)),
    # Contents.
    "content that holds a request": (200, post(length(len(SMUGGLED)), body=SMUGGLED)),
    "a chunk that holds a request": (200, chunked(WHOLE)),
    "content of a GET": (404, get(length(len(SMUGGLED))) + SMUGGLED),
    "chunked content of a GET": (404, get(CHUNKED) + WHOLE),
    "content of a HEAD": (404, b"HEAD" + get(length(len(SMUGGLED)))[3:] + SMUGGLED),
    "content of an OPTIONS": (204, b"OPTIONS /channel/case-NNN HTTP/1.1\r\n" + HOST + length(len(SMUGGLED)) + b"\r\n" + SMUGGLED),
    "content of a DELETE": (405, b"DELETE /channel/case-NNN HTTP/1.1\r\n" + HOST + length(len(SMUGGLED)) + b"\r\n" + SMUGGLED),
    "content of an unknown method": (501, b"BREW /channel/case-NNN HTTP/1.1\r\n" + HOST + length(len(SMUGGLED)) + b"\r\n" + SMUGGLED),
    "content without a secret": (401, post(length(len(SMUGGLED)), body=SMUGGLED).replace(SECRET.encode(), b"another")),
    "a POST without content": (200, post(length(0), body=b"")),
    "a POST without a length": (200, post(body=b"")),
    "octets behind the content": (200, post(length(1), body=b"1\r\n\r\n")),
    # Chunks.
    "coding in another case": (200, post(b"Transfer-Encoding: cHuNkEd\r\n", body=b"1\r\n1\r\n" + END)),
    "coding with spaces and tabs around": (200, post(b"Transfer-Encoding: \t chunked \t\r\n", body=b"1\r\n1\r\n" + END)),
    "chunk size with zeros before it": (200, chunked(b"0000001\r\n1\r\n0000\r\n\r\n")),
    "chunk size in either case": (200, chunked(b"a\r\n0123456789\r\nB\r\n0123456789a\r\n" + END)),
    "chunk extensions": (200, chunked(b'1;a;b=c;d="e f"\r\n1\r\n0;g\r\n\r\n')),
    "chunk extension with what ends one in quotes": (200, chunked(b'1;a="0;b"\r\n1\r\n' + END)),
    "trailers": (200, chunked(b"1\r\n1\r\n0\r\nA: b\r\nB: c\r\n\r\n")),
    "trailers that say how the message is framed": (
        200, chunked(b"1\r\n1\r\n0\r\nContent-Length: 5\r\nTransfer-Encoding: x\r\nHost: other\r\n\r\n")),
    # Expectations.
    "Expect": (200, post(length(1), b"Expect: 100-continue\r\n")),
    "Expect in another case": (200, post(length(1), b"EXPECT: 100-Continue\r\n")),
    "Expect twice": (200, post(length(1), b"Expect: 100-continue\r\n" * 2)),
    "Expect of a GET": (404, get(b"Expect: 100-continue\r\n")),
    "Expect with chunks": (200, post(CHUNKED, b"Expect: 100-continue\r\n", body=b"1\r\n1\r\n" + END)),
    "Expect without a secret": (401, post(length(len(SMUGGLED)), b"Expect: 100-continue\r\n", body=SMUGGLED).replace(
        SECRET.encode(), b"another")),
    # Request lines.
    "empty lines before the request": (404, b"\r\n\r\n" + get()),
    "absolute form": (404, b"GET https://localhost/case-NNN HTTP/1.1\r\n" + HOST + b"\r\n"),
    "absolute form in capitals": (404, b"GET HTTPS://LOCALHOST/case-NNN HTTP/1.1\r\n" + HOST + b"\r\n"),
    "Host in capitals": (404, GET + b"Host: LOCALHOST\r\n\r\n"),
    "Host with a port": (404, GET + b"Host: localhost:443\r\n\r\n"),
    "Host that is an address": (404, GET + b"Host: [::1]:443\r\n\r\n"),
    "HTTP/1.0 without Host": (404, b"GET /case-NNN HTTP/1.0\r\n\r\n"),
    "HTTP/1.0 that stays": (404, b"GET /case-NNN HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"),
    "HTTP/1.0 with content": (200, post(length(1)).replace(b"HTTP/1.1", b"HTTP/1.0", 1)),
    "a request in the query, encoded": (
        404, b"GET /case-NNN?a=%20HTTP/1.1%0d%0aHost:%20a%0d%0a%0d%0aGET%20/smuggled-NNN HTTP/1.1\r\n" + HOST + b"\r\n"),
    "a slash in the target, encoded": (404, b"GET /case-NNN%2f..%2fsmuggled HTTP/1.1\r\n" + HOST + b"\r\n"),
    "dots in the target": (404, b"GET /case-NNN/../../smuggled HTTP/1.1\r\n" + HOST + b"\r\n"),
    "slashes in the target": (404, b"GET //case-NNN//a HTTP/1.1\r\n" + HOST + b"\r\n"),
    "a method in lower case": (501, b"get /case-NNN HTTP/1.1\r\n" + HOST + b"\r\n"),
    "close": (404, get(b"Connection: close\r\n")),
    "close, in capitals, and more": (404, get(b"Connection: keep-alive, CLOSE\r\n")),
}

# What follows these is content, as far as it comes.
UNFINISHED = {
    "content that ends early": post(length(10_000)),
    "a length of many": post(length(1 << 62)),
    "content that ends early, of a GET": get(length(10_000)),
    "chunk size past 32 bits, which wraps to 1": chunked(b"100000001\r\n1\r\n" + END),
    "chunk that ends early": chunked(b"1000\r\n"),
    "no last chunk": chunked(b"%x\r\n" % len(SMUGGLED + FOLLOWING)),
    "chunk size that ends early": chunked(b"1;a=" ),
    "a field that ends early": GET + HOST + b"A: ",
}


def numbered(octets, number):
    return octets.replace(b"NNN", b"%03d" % number)
