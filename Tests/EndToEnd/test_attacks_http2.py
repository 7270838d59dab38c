"""Attacks on HTTP/2, each by its name: the server goes on answering others within its limits, and ends the attacker's
connection with the protocol's own code where it breaks a rule or costs too much."""

import itertools
import os
import struct
import threading
from contextlib import contextmanager

import pytest

from support.http2 import HTTP2Client
from support.server import OCTETS
from support.waiting import until

NO_ERROR, PROTOCOL_ERROR, FLOW_CONTROL_ERROR, FRAME_SIZE_ERROR, COMPRESSION_ERROR, ENHANCE_YOUR_CALM = 0, 1, 3, 6, 9, 11
MEBIBYTE = 1 << 20

DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)
END_STREAM, END_HEADERS, PADDED = 1, 4, 8

# GET / on https://localhost, without the dynamic table (RFC 7541 appendix A).
GET = bytes([0x82, 0x87, 0x84, 0x01, 9]) + b"localhost"
POST = bytes([0x83, 0x87, 0x04, 10]) + b"/channel/a" + bytes([0x01, 9]) + b"localhost"


def frame(kind, stream, payload=b"", flags=0):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


class Attacker(HTTP2Client):
    """A client that sends frames of its own making, and only reads what it is told."""

    def __init__(self, server, **settings):
        super().__init__(("127.0.0.1", server.port), server.context, **settings)
        self.until(lambda: self.connection.remote_settings.max_concurrent_streams == 128)
        self.sent = bytearray()

    def flood(self, frames):
        """Sends frames until there are no more, or the server has ended the connection; whether it has."""
        batch = bytearray()
        try:
            for octets in frames:
                batch += octets
                if len(batch) > 16_384:
                    self.socket.sendall(batch)
                    batch.clear()
            self.socket.sendall(batch)
        except OSError:
            return True
        return False

    def ended_with(self):
        """The code of the GOAWAY with which the server ended the connection; None for none."""
        codes = []
        octets = bytearray()
        try:
            while piece := self.socket.recv(65536):
                octets += piece
        except OSError:
            pass  # What was still being sent met a closed socket.
        while len(octets) >= 9:
            length, kind = int.from_bytes(octets[:3], "big"), octets[3]
            if kind == GOAWAY and len(octets) >= 17:
                codes.append(int.from_bytes(octets[13:17], "big"))
            del octets[:9 + length]
        return codes[-1] if codes else None


@pytest.fixture(scope="module")
def target(tmp_path_factory, identity):
    """One server for all attackers, so that each also meets what those before it left behind."""
    from support.server import Server
    server = Server(tmp_path_factory.mktemp("target") / "data", identity, "--threads", "1")
    yield server
    try:
        assert server.stop() == 0, server.log_text()
    finally:
        server.kill()


@contextmanager
def others_are_served(server, memory=16 * MEBIBYTE):
    """While the block runs, another client asks all the time and is answered; memory stays bounded."""
    before = server.anonymous_octets()
    ends, failures, answers, most = threading.Event(), [], itertools.count(), [0]

    def ask():
        try:
            while not ends.is_set():
                assert server.get("/healthz").status == 200
                most[0] = max(most[0], server.anonymous_octets())
                next(answers)
        except BaseException as error:
            failures.append(error)

    client = threading.Thread(target=ask)
    client.start()
    try:
        yield
        seen = next(answers)
        until(lambda: failures or next(answers) > seen + 3, "answers after the attack")
    finally:
        ends.set()
        client.join()
    assert not failures, failures
    assert most[0] - before < memory


def streams():
    return itertools.count(1, 2)


# What costs the server work, and the client next to nothing

FLOODS = {
    # CVE-2023-44487
    "rapid reset": lambda: (
        frame(HEADERS, stream, GET, END_HEADERS | END_STREAM) + frame(RST_STREAM, stream, struct.pack(">I", 8))
        for stream in streams()),
    # CVE-2025-8671: a window that overflows has the server reset the stream.
    "made you reset": lambda: (
        frame(HEADERS, stream, POST, END_HEADERS) + frame(WINDOW_UPDATE, stream, struct.pack(">I", (1 << 31) - 1))
        for stream in streams()),
    # CVE-2019-9512
    "ping flood": lambda: itertools.repeat(frame(PING, 0, b"x" * 8)),
    # CVE-2019-9515
    "settings flood": lambda: itertools.repeat(frame(SETTINGS, 0)),
    # CVE-2019-9514: requests that are none, each of which the server resets.
    "reset flood": lambda: (frame(HEADERS, stream, GET + b"\x00\x01A\x01x", END_HEADERS | END_STREAM) for stream in streams()),
    # CVE-2019-9513
    "priority churn": lambda: (frame(PRIORITY, stream % 1000 * 2 + 1, struct.pack(">IB", 0, stream % 256)) for stream in streams()),
    "window update flood": lambda: itertools.repeat(frame(WINDOW_UPDATE, 0, struct.pack(">I", 1))),
    "content for nobody": lambda: itertools.chain(
        [frame(HEADERS, 1, GET, END_HEADERS | END_STREAM) + frame(RST_STREAM, 1, struct.pack(">I", 8))],
        itertools.repeat(frame(DATA, 1, b"x" * 100))),
}


RESET_BY_THE_SERVER = {"made you reset", "reset flood"}


@pytest.mark.parametrize("flood", FLOODS)
def test_floods(target, flood):
    with others_are_served(target), Attacker(target) as attacker:
        assert attacker.flood(itertools.islice(FLOODS[flood](), 1_000_000)), "a million are taken"
        # A reset for what it went on to send may have destroyed the word.
        # Streams that it has reset are open until that is sent: there may be too many at once.
        assert attacker.ended_with() in (ENHANCE_YOUR_CALM, PROTOCOL_ERROR, None)


@pytest.mark.parametrize("flood", [flood for flood in FLOODS if flood != "content for nobody"])
def test_floods_are_told_why_they_end(target, flood):
    with Attacker(target) as attacker:
        for octets in itertools.islice(FLOODS[flood](), 1100):
            attacker.send(octets)
        assert attacker.ended_with() in (ENHANCE_YOUR_CALM, PROTOCOL_ERROR if flood in RESET_BY_THE_SERVER else None)


def test_empty_frames_flood(target):
    """CVE-2019-9518: content and header blocks without an octet."""
    with others_are_served(target), Attacker(target) as attacker:
        head = frame(HEADERS, 1, POST, END_HEADERS)
        assert attacker.flood(itertools.chain([head], itertools.repeat(frame(DATA, 1), 1_000_000)))
        assert attacker.ended_with() in (ENHANCE_YOUR_CALM, None)


def test_continuation_flood(target):
    """CVE-2024-27316: a header block without end."""
    with others_are_served(target), Attacker(target) as attacker:
        head = frame(HEADERS, 1, GET, 0)
        field = b"\x00\x01a\x7f\x81\x7f" + b"x" * 16_384
        assert attacker.flood(itertools.chain([head], itertools.repeat(frame(CONTINUATION, 1, field[:16_000]), 10_000)))
        assert attacker.ended_with() in (ENHANCE_YOUR_CALM, PROTOCOL_ERROR, COMPRESSION_ERROR, 2, None)


def test_hpack_bomb(target):
    """CVE-2016-1544, CVE-2016-6581: few octets that unfold to many."""
    value = b"x" * 4000
    entry = b"\x40\x01a\x7f" + bytes([4000 - 127 & 127 | 128, 4000 - 127 >> 7]) + value
    bomb = GET + b"\xbe" * 8000
    with others_are_served(target), Attacker(target) as attacker:
        attacker.send(frame(HEADERS, 1, GET + entry, END_HEADERS | END_STREAM))
        attacker.flood(frame(HEADERS, stream, bomb, END_HEADERS | END_STREAM) for stream in range(3, 201, 2))
        assert target.get("/healthz").status == 200


# What waits inside the server

def test_data_dribble(target):
    """CVE-2019-9511: a large answer through windows of one octet, on many streams."""
    frame_id = target.post("dribble", os.urandom(MEBIBYTE)).json()["frame"]
    target.frame_octets(frame_id)
    with others_are_served(target), Attacker(target, window=1) as attacker:
        for _ in range(100):
            attacker.begin("GET", f"/{frame_id}", ends=True)
        attacker.until(lambda: attacker.goaway or sum(len(response.body) for response in attacker.responses.values()) > 5000)


def test_internal_data_buffering(target):
    """CVE-2019-9517: HTTP/2's windows are open, TCP's is not."""
    frame_id = target.post("buffering", os.urandom(4 * MEBIBYTE)).json()["frame"]
    target.frame_octets(frame_id)
    with others_are_served(target), Attacker(target, window=1 << 30) as attacker:
        for _ in range(100):
            attacker.begin("GET", f"/{frame_id}", ends=True)
        until(lambda: target.get("/healthz").status == 200, "another's answer")


def test_more_streams_than_allowed(target):
    with others_are_served(target), Attacker(target) as attacker:
        attacker.flood(frame(HEADERS, stream, POST, END_HEADERS) for stream in range(1, 2 * 200, 2))
        assert attacker.ended_with() in (PROTOCOL_ERROR, None)


def test_more_content_than_allowed(target):
    with others_are_served(target), Attacker(target) as attacker:
        head = frame(HEADERS, 1, POST, END_HEADERS)
        assert attacker.flood(itertools.chain([head], itertools.repeat(frame(DATA, 1, b"x" * 16_384), 100_000)))
        assert attacker.ended_with() in (ENHANCE_YOUR_CALM, FLOW_CONTROL_ERROR, None)


def test_unknown_frames_are_passed_over(target):
    """RFC 9113 section 5.5: they cost the server less than their encryption costs the client."""
    with others_are_served(target), Attacker(target) as client:
        assert not client.flood(itertools.repeat(frame(0xFA, 0, b"x"), 100_000))
        assert client.ask("GET", "/healthz").status == 200


# What is no HTTP/2

@pytest.mark.parametrize("octets, code", [
    (frame(DATA, 0, b"x"), PROTOCOL_ERROR),
    (frame(HEADERS, 0, GET, END_HEADERS), PROTOCOL_ERROR),
    (frame(HEADERS, 2, GET, END_HEADERS), PROTOCOL_ERROR),
    (frame(HEADERS, 1, b"\xff\xff\xff\xff\xff\xff\xff", END_HEADERS), COMPRESSION_ERROR),
    (frame(SETTINGS, 0, b"12345"), FRAME_SIZE_ERROR),
    (frame(SETTINGS, 1), PROTOCOL_ERROR),
    (frame(SETTINGS, 0, struct.pack(">HI", 4, 1 << 31)), FLOW_CONTROL_ERROR),
    (frame(SETTINGS, 0, struct.pack(">HI", 5, 1)), PROTOCOL_ERROR),
    (frame(PING, 0, b"1234567"), FRAME_SIZE_ERROR),
    (frame(PING, 1, b"12345678"), PROTOCOL_ERROR),
    (frame(PUSH_PROMISE, 1, struct.pack(">I", 2) + GET, END_HEADERS), PROTOCOL_ERROR),
    (frame(CONTINUATION, 1, GET, END_HEADERS), PROTOCOL_ERROR),
    (frame(HEADERS, 1, GET, 0) + frame(PING, 0, b"12345678"), PROTOCOL_ERROR),
    (frame(WINDOW_UPDATE, 0, struct.pack(">I", 0)), PROTOCOL_ERROR),
    (frame(WINDOW_UPDATE, 0, struct.pack(">I", (1 << 31) - 1)) * 2, FLOW_CONTROL_ERROR),
    (frame(DATA, 1, b"x" * 16_385), FRAME_SIZE_ERROR),
    (frame(RST_STREAM, 1, struct.pack(">I", 8)), PROTOCOL_ERROR),
    (frame(HEADERS, 1, POST, END_HEADERS) + frame(DATA, 1, b"\xff1", PADDED), PROTOCOL_ERROR),
])
def test_broken_rules(target, octets, code):
    with Attacker(target) as attacker:
        attacker.send(octets)
        assert attacker.ended_with() == code
    assert target.get("/healthz").status == 200


def test_an_upload_that_dribbles(target):
    """Content in frames of one octet is content: a slow device is no attacker."""
    with Attacker(target) as client:
        client.begin("POST", "/channel/dribbling", {**OCTETS, "Content-Length": "5000"})
        for _ in range(5000):
            client.content(b"x")
        client.content(b"", ends=True)
        assert client.response().status == 200
