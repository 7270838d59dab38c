"""Every message that a request can be smuggled or a parser confused with is refused, by name, and the connection ends.

Each is sent as octets over TLS. What follows it on the connection is a whole request, which must never be answered:
an answer to it would mean that the server and whoever stands before it could disagree about where messages end.
"""

import pytest

from support.server import SECRET

HOST = b"Host: localhost\r\n"
POST = (b"POST /channel/smuggled HTTP/1.1\r\n" + HOST + b"Authorization: Bearer " + SECRET.encode()
        + b"\r\nContent-Type: application/json\r\n")
GET = b"GET /healthz HTTP/1.1\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"
SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n"


def get(*fields):
    return GET + HOST + b"".join(fields) + b"\r\n"


def post(*fields, body=b"1"):
    return POST + b"".join(fields) + b"\r\n" + body


def chunked(body):
    return post(CHUNKED, body=body)


REFUSED = {
    # Two ways to say where the body ends (RFC 9112 section 6.3).
    "both Content-Length and Transfer-Encoding": (400, post(b"Content-Length: 1\r\n", CHUNKED, body=b"0\r\n\r\n")),
    "both Transfer-Encoding and Content-Length": (400, post(CHUNKED, b"Content-Length: 5\r\n", body=b"0\r\n\r\n")),
    "repeated Content-Length, the same": (400, post(b"Content-Length: 1\r\n" * 2)),
    "repeated Content-Length, different": (400, post(b"Content-Length: 1\r\nContent-Length: 2\r\n")),
    "Content-Length list": (400, post(b"Content-Length: 1, 1\r\n")),
    "Content-Length with a sign": (400, post(b"Content-Length: +1\r\n")),
    "Content-Length below zero": (400, post(b"Content-Length: -1\r\n")),
    "Content-Length in hexadecimal": (400, post(b"Content-Length: 0x1\r\n")),
    "Content-Length with a fraction": (400, post(b"Content-Length: 1.0\r\n")),
    "Content-Length with a space inside": (400, post(b"Content-Length: 1 1\r\n")),
    "Content-Length empty": (400, post(b"Content-Length: \r\n")),
    "Content-Length of 2^63": (400, post(b"Content-Length: 9223372036854775808\r\n")),
    "Content-Length past 64 bits": (400, post(b"Content-Length: 18446744073709551617\r\n")),
    # Codings other than one final `chunked`.
    "Transfer-Encoding identity": (400, post(b"Transfer-Encoding: identity\r\n")),
    "Transfer-Encoding gzip": (400, post(b"Transfer-Encoding: gzip\r\n")),
    "Transfer-Encoding gzip, chunked": (400, post(b"Transfer-Encoding: gzip, chunked\r\n", body=b"0\r\n\r\n")),
    "Transfer-Encoding chunked, gzip": (400, post(b"Transfer-Encoding: chunked, gzip\r\n", body=b"0\r\n\r\n")),
    "Transfer-Encoding chunked twice": (400, post(CHUNKED * 2, body=b"0\r\n\r\n")),
    "Transfer-Encoding chunked, chunked": (400, post(b"Transfer-Encoding: chunked, chunked\r\n", body=b"0\r\n\r\n")),
    "Transfer-Encoding xchunked": (400, post(b"Transfer-Encoding: xchunked\r\n", body=b"0\r\n\r\n")),
    "Transfer-Encoding with a vertical tab": (400, post(b"Transfer-Encoding: \x0bchunked\r\n", body=b"0\r\n\r\n")),
    "Transfer-Encoding empty": (400, post(b"Transfer-Encoding: \r\n")),
    "Transfer-Encoding in HTTP/1.0": (
        400, post(CHUNKED, body=b"0\r\n\r\n").replace(b"HTTP/1.1", b"HTTP/1.0", 1)),
    # Lines and fields.
    "bare LF behind the request line": (400, b"GET /healthz HTTP/1.1\n" + HOST + b"\r\n"),
    "bare LF behind a field": (400, get(b"A: b\n")),
    "bare LF as the empty line": (400, GET + HOST + b"\n"),
    "bare CR in a field": (400, get(b"A: b\rc\r\n")),
    "bare CR before a name": (400, get(b"\rA: b\r\n")),
    "NUL in a field": (400, get(b"A: b\0c\r\n")),
    "NUL in a name": (400, get(b"A\0: b\r\n")),
    "control character in a field": (400, get(b"A: b\x01\r\n")),
    "DEL in a field": (400, get(b"A: b\x7f\r\n")),
    "folded field": (400, get(b"A: b\r\n c\r\n")),
    "folded field with a tab": (400, get(b"A: b\r\n\tc\r\n")),
    "space before the first field": (400, GET + b" A: b\r\n" + HOST + b"\r\n"),
    "space before the colon": (400, get(b"A : b\r\n")),
    "space before the colon of Content-Length": (400, post(b"Content-Length : 1\r\n")),
    "space before the colon of Transfer-Encoding": (400, post(b"Transfer-Encoding : chunked\r\n", body=b"0\r\n\r\n")),
    "tab before the colon": (400, get(b"A\t: b\r\n")),
    "field without a colon": (400, get(b"A b\r\n")),
    "field without a name": (400, get(b": b\r\n")),
    "name that is no token": (400, get(b"A(b): c\r\n")),
    "name beyond ASCII": (400, get(b"\xc3\xa4: c\r\n")),
    # Host (RFC 9112 section 3.2).
    "missing Host": (400, GET + b"\r\n"),
    "repeated Host": (400, get(HOST)),
    "Host with a comma": (400, GET + b"Host: a, b\r\n\r\n"),
    "Host with a space": (400, GET + b"Host: a b\r\n\r\n"),
    "Host with user information": (400, GET + b"Host: a@b\r\n\r\n"),
    "Host with a path": (400, GET + b"Host: a/b\r\n\r\n"),
    "Host and another target's host": (400, b"GET https://other/healthz HTTP/1.1\r\n" + HOST + b"\r\n"),
    # Chunks (RFC 9112 section 7.1).
    "chunk size empty": (400, chunked(b"\r\n1\r\n0\r\n\r\n")),
    "chunk size not hexadecimal": (400, chunked(b"g\r\n1\r\n0\r\n\r\n")),
    "chunk size with 0x": (400, chunked(b"0x1\r\n1\r\n0\r\n\r\n")),
    "chunk size with a sign": (400, chunked(b"+1\r\n1\r\n0\r\n\r\n")),
    "chunk size below zero": (400, chunked(b"-1\r\n1\r\n0\r\n\r\n")),
    "chunk size behind a space": (400, chunked(b" 1\r\n1\r\n0\r\n\r\n")),
    "chunk size past 64 bits": (400, chunked(b"10000000000000001\r\n1\r\n0\r\n\r\n")),
    "chunk size with a bare LF": (400, chunked(b"1\n1\r\n0\r\n\r\n")),
    "chunk size with a bare CR": (400, chunked(b"1\r1\r\n0\r\n\r\n")),
    "chunk longer than it says": (400, chunked(b"1\r\n12\r\n0\r\n\r\n")),
    "chunk shorter than it says": (400, chunked(b"3\r\n1\r\n0\r\n\r\n")),
    "chunk that ends in a bare LF": (400, chunked(b"1\r\n1\n0\r\n\r\n")),
    "chunk extension with a bare LF": (400, chunked(b"1;a\n1\r\n0\r\n\r\n")),
    "chunk extension with NUL": (400, chunked(b"1;a\0\r\n1\r\n0\r\n\r\n")),
    "chunk extension without end": (400, chunked(b"1;" + b"a" * 100_000)),
    "trailer that is none": (400, chunked(b"1\r\n1\r\n0\r\nA b\r\n\r\n")),
    "trailer with a bare LF": (400, chunked(b"1\r\n1\r\n0\r\nA: b\n\r\n")),
    "trailers without end": (400, chunked(b"1\r\n1\r\n0\r\n" + b"A: b\r\n" * 20_000)),
    # Request lines.
    "HTTP/0.9": (400, b"GET /healthz\r\n\r\n"),
    "two spaces in the request line": (400, b"GET  /healthz HTTP/1.1\r\n" + HOST + b"\r\n"),
    "tab in the request line": (400, b"GET\t/healthz HTTP/1.1\r\n" + HOST + b"\r\n"),
    "space behind the request line": (400, b"GET /healthz HTTP/1.1 \r\n" + HOST + b"\r\n"),
    "control character in the target": (400, b"GET /health\x01z HTTP/1.1\r\n" + HOST + b"\r\n"),
    "octets beyond ASCII in the target": (400, b"GET /\xc3\xa4 HTTP/1.1\r\n" + HOST + b"\r\n"),
    "target without a slash": (400, b"GET healthz HTTP/1.1\r\n" + HOST + b"\r\n"),
    "target * of a GET": (400, b"GET * HTTP/1.1\r\n" + HOST + b"\r\n"),
    "fragment in the target": (400, b"GET /healthz#a HTTP/1.1\r\n" + HOST + b"\r\n"),
    "method that is no token": (400, b"G(T /healthz HTTP/1.1\r\n" + HOST + b"\r\n"),
    "CONNECT": (501, b"CONNECT localhost:443 HTTP/1.1\r\n" + HOST + b"\r\n"),
    "version in lower case": (400, b"GET /healthz http/1.1\r\n" + HOST + b"\r\n"),
    "version without a minor": (400, b"GET /healthz HTTP/1\r\n" + HOST + b"\r\n"),
    "version 2 in HTTP/1's form": (505, b"GET /healthz HTTP/2.0\r\n" + HOST + b"\r\n"),
    "version 3": (505, b"GET /healthz HTTP/3.0\r\n" + HOST + b"\r\n"),
    "version 1.2": (505, b"GET /healthz HTTP/1.2\r\n" + HOST + b"\r\n"),
    "HTTP/2 preface": (505, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    "octets that are no HTTP": (400, bytes(range(256))),
    # Sizes.
    "request line over 8 KiB": (414, b"GET /" + b"a" * 8192 + b" HTTP/1.1\r\n" + HOST + b"\r\n"),
    "request line without end": (414, b"GET /" + b"a" * 100_000),
    "101 fields": (431, GET + HOST + b"A: b\r\n" * 100 + b"\r\n"),
    "a field over 32 KiB": (431, get(b"A: " + b"b" * 32768 + b"\r\n")),
    "fields over 32 KiB together": (431, get(b"A: " + b"b" * 8000 + b"\r\n", b"B: " + b"b" * 8000 + b"\r\n",
                                             b"C: " + b"b" * 8000 + b"\r\n", b"D: " + b"b" * 9000 + b"\r\n")),
    "expectation that is unknown": (417, post(b"Expect: miracle\r\nContent-Length: 1\r\n")),
}

# Where the standard leaves a choice between the two.
EITHER = {"trailers without end": {400, 431}, "HTTP/2 preface": {400, 505}, "HTTP/0.9": {400, 505}, "version in lower case": {400, 505},
          "version without a minor": {400, 505}}


@pytest.mark.parametrize("name", REFUSED)
def test_is_refused_and_the_connection_ends(server, name):
    status, message = REFUSED[name]
    with server.wire() as wire:
        wire.send(message + SMUGGLED)
        response = wire.response()
        assert response.status in EITHER.get(name, {status})
        assert response.get("connection") == "close"
        response.problem()
        assert wire.is_ended(), "something follows the refusal"


@pytest.mark.parametrize("name", ["both Content-Length and Transfer-Encoding", "bare LF behind a field", "missing Host",
                                  "chunk size not hexadecimal", "folded field", "101 fields"])
def test_is_refused_when_it_comes_octet_by_octet(server, name):
    status, message = REFUSED[name]
    with server.wire() as wire:
        wire.socket.settimeout(30)
        for octet in message:
            try:
                wire.send(bytes([octet]))
            except OSError:
                break  # it was refused before its end
        assert wire.response().status == status


def test_is_refused_behind_good_requests_that_are_answered(server):
    with server.wire() as wire:
        wire.send(get() * 2 + REFUSED["bare LF behind a field"][1] + SMUGGLED)
        assert [wire.response().status for _ in range(3)] == [200, 200, 400]
        assert wire.is_ended()


def test_nothing_of_a_refused_upload_is_in_a_frame(server, channel):
    """Chunks that break off after a first good one: the item must not be there, not even in part."""
    with server.wire() as wire:
        wire.send(chunked(b"5\r\n[1,2,\r\nzz\r\n").replace(b"smuggled", channel.encode()))
        assert wire.response().status == 400
    marker = server.post(channel, b"after").json()
    assert [item.data for item in server.frame(marker["frame"]).items(channel)] == [b"after"]


def test_unknown_methods_are_501_and_known_wrong_ones_405_with_allow(server):
    for method in ("BREW", "get", "PROPFIND"):
        with server.wire() as wire:
            response = wire.ask(method, "/frame")
            assert (response.status, response.problem_name()) == (501, "unknown-method")
    for target, method, allowed in (
        ("/frame", "POST", "GET, HEAD, OPTIONS"), ("/frame", "DELETE", "GET, HEAD, OPTIONS"),
        ("/1732310400000", "PUT", "GET, HEAD, OPTIONS"), ("/channel/a", "GET", "POST, OPTIONS"),
        ("/channel/a", "PATCH", "POST, OPTIONS"), ("/healthz", "POST", "GET, HEAD, OPTIONS"),
        ("/time", "TRACE", "GET, HEAD, OPTIONS"),
    ):
        response = server.ask(method, target)
        assert (response.status, response.problem_name()) == (405, "method-not-allowed")
        assert set(response.get("allow").split(", ")) == set(allowed.split(", "))


def test_plain_http_on_the_tls_port_gets_a_readable_400(server):
    with server.wire(plain=True) as wire:
        wire.send(b"GET /frame HTTP/1.1\r\nHost: localhost\r\n\r\n")
        response = wire.response()
        assert response.status == 400
        assert b"https" in response.body.lower()
        assert wire.is_ended()


def test_the_server_is_as_before(server):
    """Last in this file, behind everything above."""
    assert server.get("/healthz").status == 200
