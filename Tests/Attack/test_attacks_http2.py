"""Attacks on HTTP/2, each by its name: the server goes on answering others within its limits, and ends the attacker's
connection with the protocol's own code where it breaks a rule or costs too much."""

import itertools
import os
import struct

import hpack
import pytest

from support.attacks import (
    COMPRESSION_ERROR, CONTINUATION, DATA, END_HEADERS, END_STREAM, ENHANCE_YOUR_CALM, FLOW_CONTROL_ERROR, FRAME_SIZE_ERROR,
    HEADERS, MEBIBYTE, PADDED, PING, PRIORITY, PROTOCOL_ERROR, PUSH_PROMISE, RST_STREAM, SETTINGS, STREAM_CLOSED,
    WINDOW_UPDATE, Attacker, frame, others_are_served)
from support.server import OCTETS, Server
from support.waiting import until

# GET / on https://localhost, without the dynamic table (RFC 7541 appendix A).
GET = bytes([0x82, 0x87, 0x84, 0x01, 9]) + b"localhost"
POST = bytes([0x83, 0x87, 0x04, 10]) + b"/channel/a" + bytes([0x01, 9]) + b"localhost"

# content-length: 1
LENGTH_1 = bytes([0x0f, 13, 1]) + b"1"


def streams():
    return itertools.count(1, 2)


# What costs the server work, and the client next to nothing

FLOODS = {
    # CVE-2023-44487
    "rapid reset": lambda: (
        frame(HEADERS, stream, GET, END_HEADERS | END_STREAM) + frame(RST_STREAM, stream, struct.pack(">I", 8))
        for stream in streams()),
    # CVE-2019-9512
    "ping flood": lambda: itertools.repeat(frame(PING, 0, b"x" * 8)),
    # CVE-2019-9515
    "settings flood": lambda: itertools.repeat(frame(SETTINGS, 0)),
    # CVE-2019-9513
    "priority churn": lambda: (frame(PRIORITY, stream % 1000 * 2 + 1, struct.pack(">IB", 0, stream % 256)) for stream in streams()),
    "window update flood": lambda: itertools.repeat(frame(WINDOW_UPDATE, 0, struct.pack(">I", 1))),
    "content for nobody": lambda: itertools.chain(
        [frame(HEADERS, 1, GET, END_HEADERS | END_STREAM) + frame(RST_STREAM, 1, struct.pack(">I", 8))],
        itertools.repeat(frame(DATA, 1, b"x" * 100))),
}


@pytest.mark.parametrize("flood", FLOODS)
def test_floods(target, flood):
    with others_are_served(target), Attacker(target) as attacker:
        assert attacker.flood(itertools.islice(FLOODS[flood](), 1_000_000)), "a million are taken"
        assert attacker.ended_with() == ENHANCE_YOUR_CALM


# A stream's frames for each way to have the server reset it, which costs the client no RST_STREAM.
RESET_BY_THE_SERVER = {
    # CVE-2019-9514: requests that are none.
    "reset flood": lambda stream: frame(HEADERS, stream, GET + b"\x00\x01A\x01x", END_HEADERS | END_STREAM),
    # CVE-2025-8671, "MadeYouReset".
    "made you reset: a window that overflows": lambda stream: frame(HEADERS, stream, POST, END_HEADERS)
    + frame(WINDOW_UPDATE, stream, struct.pack(">I", (1 << 31) - 1)),
    "made you reset: content after its end": lambda stream: frame(HEADERS, stream, POST + LENGTH_1, END_HEADERS)
    + frame(DATA, stream, b"12", END_STREAM),
    "made you reset: less content than announced": lambda stream: frame(HEADERS, stream, POST + LENGTH_1, END_HEADERS | END_STREAM),
    "made you reset: trailers that don't end the stream": lambda stream: frame(HEADERS, stream, POST, END_HEADERS)
    + frame(HEADERS, stream, b"\x00\x01a\x01b", END_HEADERS),
}


@pytest.mark.parametrize("kind", RESET_BY_THE_SERVER)
def test_resets_of_the_servers_making(target, kind):
    """One after the other, so that there are never more streams than allowed."""
    with others_are_served(target), Attacker(target) as attacker:
        for stream in itertools.islice(streams(), 10_000):
            attacker.send(RESET_BY_THE_SERVER[kind](stream))
            if attacker.until_frame(RST_STREAM, stream) is None:
                break
        assert attacker.ended_with() == ENHANCE_YOUR_CALM


@pytest.mark.parametrize("kind", RESET_BY_THE_SERVER)
def test_resets_of_the_servers_making_all_at_once(target, kind):
    """Streams that it has reset are open until that is sent, so there may be too many: those are refused, which counts too."""
    with others_are_served(target), Attacker(target) as attacker:
        assert attacker.flood(RESET_BY_THE_SERVER[kind](stream) for stream in itertools.islice(streams(), 100_000))
        assert attacker.ended_with() == ENHANCE_YOUR_CALM


@pytest.mark.parametrize("octets, code", [
    (frame(WINDOW_UPDATE, 1, struct.pack(">I", 0)), PROTOCOL_ERROR),
    (frame(PRIORITY, 1, b"1234"), FRAME_SIZE_ERROR),
    (frame(RST_STREAM, 1, b"123"), FRAME_SIZE_ERROR),
    (frame(DATA, 1, b"", END_STREAM) + frame(DATA, 1, b"x"), STREAM_CLOSED),
    (frame(DATA, 1, b"", END_STREAM) + frame(HEADERS, 1, POST, END_HEADERS | END_STREAM), STREAM_CLOSED),
], ids=["zero window update", "wrong length of a priority", "wrong length of a reset", "content after the end", "head after the end"])
def test_made_you_reset_that_ends_the_connection(target, octets, code):
    """CVE-2025-8671: what could have the server reset a stream, and has it end the connection."""
    with others_are_served(target), Attacker(target) as attacker:
        attacker.send(frame(HEADERS, 1, POST, END_HEADERS) + octets)
        assert attacker.ended_with() == code


def test_empty_frames_flood(target):
    """CVE-2019-9518: content without an octet."""
    with others_are_served(target), Attacker(target) as attacker:
        head = frame(HEADERS, 1, POST, END_HEADERS)
        assert attacker.flood(itertools.chain([head], itertools.repeat(frame(DATA, 1), 1_000_000)))
        assert attacker.ended_with() == ENHANCE_YOUR_CALM


def test_empty_header_blocks_flood(target):
    """CVE-2019-9518: heads without an octet, each of which is no request."""
    with others_are_served(target), Attacker(target) as attacker:
        for stream in itertools.islice(streams(), 10_000):
            attacker.send(frame(HEADERS, stream, b"", END_HEADERS | END_STREAM))
            if attacker.until_frame(RST_STREAM, stream) is None:
                break
        assert attacker.ended_with() == ENHANCE_YOUR_CALM


def test_empty_trailers_flood(target):
    """CVE-2019-9518: header blocks that are trailers without a field, behind a whole request."""
    with others_are_served(target), Attacker(target) as attacker:
        assert attacker.flood(
            frame(HEADERS, stream, POST, END_HEADERS) + frame(HEADERS, stream, b"", END_HEADERS | END_STREAM)
            + frame(RST_STREAM, stream, struct.pack(">I", 8)) for stream in itertools.islice(streams(), 100_000))
        assert attacker.ended_with() == ENHANCE_YOUR_CALM


@pytest.mark.parametrize("payload", [b"", b"\x00\x01a\x01b", b"\x00\x01a\x7f\x81\x7f" + b"x" * 15_994], ids=["empty", "small", "large"])
def test_continuation_flood(target, payload):
    """CVE-2024-27316: a header block without end. CVE-2019-9518: also one that does not get longer."""
    with others_are_served(target), Attacker(target) as attacker:
        head = frame(HEADERS, 1, GET, 0)
        assert attacker.flood(itertools.chain([head], itertools.repeat(frame(CONTINUATION, 1, payload), 1_000_000)))
        assert attacker.ended_with() == ENHANCE_YOUR_CALM


def test_hpack_bomb(target):
    """CVE-2016-1544, CVE-2016-6581: few octets that unfold to many."""
    value = b"x" * 4000
    entry = b"\x40\x01a\x7f" + bytes([4000 - 127 & 127 | 128, 4000 - 127 >> 7]) + value
    bomb = GET + b"\xbe" * 8000
    with others_are_served(target), Attacker(target) as attacker:
        attacker.send(frame(HEADERS, 1, GET + entry, END_HEADERS | END_STREAM))
        assert attacker.until_frame(HEADERS, 1)
        attacker.flood(frame(HEADERS, stream, bomb, END_HEADERS | END_STREAM) for stream in range(3, 201, 2))
        assert attacker.ended_with() == ENHANCE_YOUR_CALM


def test_hpack_bomb_in_trailers(target):
    value = b"x" * 4000
    entry = b"\x40\x01a\x7f" + bytes([4000 - 127 & 127 | 128, 4000 - 127 >> 7]) + value
    with others_are_served(target), Attacker(target) as attacker:
        attacker.send(frame(HEADERS, 1, POST + entry, END_HEADERS) + frame(HEADERS, 1, b"\xbe" * 8000, END_HEADERS | END_STREAM))
        assert attacker.ended_with() == ENHANCE_YOUR_CALM


def test_heads_over_the_limit_are_refused_alone(target):
    """What is only too large, and not beyond all measure, is 431 (RFC 6585), again and again."""
    head = GET + b"\x00\x01a\x7f\x81\x1e" + b"x" * 3968
    with Attacker(target) as attacker:
        decoder = hpack.Decoder()
        for stream in range(1, 101, 2):
            attacker.send(frame(HEADERS, stream, head, END_STREAM) + b"".join(
                frame(CONTINUATION, stream, head[len(GET):] * 4, flags) for flags in (0, 0, END_HEADERS)))
            assert dict(decoder.decode(attacker.until_frame(HEADERS, stream)))[":status"] == "431"


# What waits inside the server

def test_data_dribble(target):
    """CVE-2019-9511: a large answer through windows of one octet, on many streams. Who asks for each octet gets it: that is slow
    reading, and ends as that does."""
    frame_id = target.post("dribble", os.urandom(MEBIBYTE)).json()["frame"]
    target.frame_octets(frame_id)
    with others_are_served(target), Attacker(target, window=1) as attacker:
        for _ in range(100):
            attacker.begin("GET", f"/{frame_id}", ends=True)
        attacker.until(lambda: sum(len(response.body) for response in attacker.responses.values()) > 5000)
        assert not attacker.goaway and not attacker.resets


def test_a_dribble_that_asks_for_more_than_it_takes(target):
    """A window that opens again and again, and never so far that anything can be sent."""
    frame_id = target.post("dribble", os.urandom(MEBIBYTE)).json()["frame"]
    target.frame_octets(frame_id)
    with others_are_served(target), Attacker(target, window=0) as attacker:
        attacker.begin("GET", f"/{frame_id}", ends=True)
        assert attacker.flood(itertools.repeat(frame(WINDOW_UPDATE, 0, struct.pack(">I", 1)), 1_000_000))
        assert attacker.ended_with() == ENHANCE_YOUR_CALM


def test_internal_data_buffering(target):
    """CVE-2019-9517: HTTP/2's windows are open, TCP's is not. Nothing is gathered meanwhile, and nothing is lost."""
    frame_id = target.post("buffering", os.urandom(4 * MEBIBYTE)).json()["frame"]
    size = len(target.frame_octets(frame_id))
    with others_are_served(target), Attacker(target, window=1 << 30) as attacker:
        for _ in range(50):
            attacker.begin("GET", f"/{frame_id}", ends=True)
        with target.client() as other:
            for _ in range(200):
                assert other.ask("GET", "/healthz").status == 200
        received = 0
        while received < 50 * size:
            kind, _, payload = attacker.next_frame()
            received += len(payload) if kind == DATA else 0


def test_more_streams_than_allowed(target):
    with others_are_served(target), Attacker(target) as attacker:
        assert attacker.flood(frame(HEADERS, stream, POST, END_HEADERS) for stream in itertools.islice(streams(), 100_000))
        assert attacker.ended_with() == ENHANCE_YOUR_CALM


def test_a_refused_head_without_end(target):
    """Of one stream too many: it has a head's time, and a head's frames."""
    with others_are_served(target), Attacker(target) as attacker:
        attacker.send(b"".join(frame(HEADERS, stream, POST, END_HEADERS) for stream in itertools.islice(streams(), 128)))
        attacker.send(frame(HEADERS, 257, POST, 0) + frame(CONTINUATION, 257, b"") * 3)
        assert attacker.ended_with() == ENHANCE_YOUR_CALM


def test_more_content_than_allowed(target):
    with others_are_served(target), Attacker(target) as attacker:
        head = frame(HEADERS, 1, POST, END_HEADERS)
        assert attacker.flood(itertools.chain([head], itertools.repeat(frame(DATA, 1, b"x" * 16_384), 100_000)))
        # Its stream is over once it is refused: what follows is for nobody.
        assert attacker.ended_with() == ENHANCE_YOUR_CALM


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

