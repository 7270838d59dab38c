"""Time limits, each just within it and just beyond: what is awaited has its time, and nothing else that moves renews it.

A wait within a limit lasts until the server's own clock has gone on; one beyond it ends when the server ends it."""

import contextlib
import os
import socket

import pytest

from support.server import AUTHORIZED, OCTETS, Server
from support.slow import Head, is_answered, pinging, time_passes
from support.waiting import DEADLINE_SECONDS, paced, until

EITHER_PROTOCOL = True

NDJSON = {**AUTHORIZED, "Content-Type": "application/x-ndjson"}
MEBIBYTE = 1 << 20

# The short limit is waited for, and the long one is longer than a second by more than any pause of the machine.
SHORT, LONG = "500ms", "8s"


# Handshakes

def test_a_handshake_within_its_time(start):
    server = start("--handshake-timeout", LONG)
    with socket.create_connection(("127.0.0.1", server.port), timeout=DEADLINE_SECONDS) as raw:
        time_passes(server)
        with server.context.wrap_socket(raw, server_hostname="localhost") as tls:
            tls.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert tls.recv(12) == b"HTTP/1.1 200"


def test_a_handshake_beyond_its_time(start):
    server = start("--handshake-timeout", SHORT)
    with socket.create_connection(("127.0.0.1", server.port), timeout=DEADLINE_SECONDS) as raw:
        raw.sendall(b"\x16\x03\x01\x02\x00\x01")
        # There is no alert for that (RFC 8446 section 6).
        assert raw.recv(1) == b""


# Heads

def nothing(client):
    pass


def a_request(client):
    assert client.ask("GET", "/healthz").status == 200


def an_upload(client):
    client.begin("POST", "/channel/a", NDJSON)
    client.content(b"1\n")


@pytest.mark.parametrize("before", [nothing, a_request, an_upload])
def test_heads(start, before, protocol):
    """The first one, a later one, and, where there can be one, one beside a request that goes on."""
    if before is an_upload and protocol == "http1":
        before = a_request
    within = start("--header-timeout", LONG)
    with within.client() as client:
        before(client)
        head = Head(client)
        time_passes(within)
        assert head.status() == 200
    beyond = start("--header-timeout", SHORT)
    with beyond.client() as client:
        before(client)
        assert Head(client).is_timed_out()


# Idle connections

def test_an_idle_connection_within_its_time(start):
    server = start("--idle-timeout", LONG, "--header-timeout", SHORT)
    with server.client() as client:
        assert client.ask("GET", "/healthz").status == 200
        time_passes(server)
        assert client.ask("GET", "/healthz").status == 200


def test_an_idle_connection_beyond_its_time(start):
    """Pings ask for nothing."""
    server = start("--idle-timeout", SHORT)
    with server.client() as client:
        assert client.ask("GET", "/healthz").status == 200

        def is_ended():
            pinging(client)
            return not client.more()
        with contextlib.suppress(ConnectionError):
            until(is_ended, "the connection's end")


# Streams of items

def test_a_stream_that_rests_within_its_time(start):
    server = start("--stream-idle-timeout", LONG)
    with server.client() as client:
        client.begin("POST", "/channel/a", NDJSON)
        client.content(b"1\n")
        time_passes(server)
        client.content(b"2\n")
        assert client.finish().json()["accepted"] == 2


def test_a_stream_that_rests_beyond_its_time(start):
    """Neither pings nor another stream's items are its own."""
    server = start("--stream-idle-timeout", SHORT)
    with server.client() as client:
        client.begin("POST", "/channel/a", NDJSON)
        client.content(b"1\n")
        stream = getattr(client, "stream", None)
        if stream:
            other = client.begin("POST", "/channel/b", NDJSON)

            def is_answered():
                pinging(client)
                client.content(b"2\n", stream=other)
                client.more()
                return stream in client.whole
            until(is_answered, "the stream's end")
            answer = client.response(stream)
        else:
            answer = client.response()
        assert (answer.status, answer.problem()["accepted"]) == (408, 1)


# Rates: a fourth, and four times, of what is asked for, so that a machine that pauses decides nothing.

RATE, RATE_SECONDS = 16 << 10, 2
RATED = ["--min-rate", "16KiB", "--min-rate-window", "2s"]


def test_a_body_slower_than_it_may_be(start):
    server = start(*RATED)
    with server.client() as client:
        client.begin("POST", "/channel/a", OCTETS)
        for due in paced(RATE // 4, DEADLINE_SECONDS):
            pinging(client)
            client.content(bytes(due))
            if is_answered(client):
                break
        assert client.response().status == 408


def test_a_body_faster_than_it_must_be(start):
    server = start(*RATED)
    with server.client() as client:
        client.begin("POST", "/channel/a", OCTETS)
        for due in paced(4 * RATE, 2 * RATE_SECONDS):
            client.content(bytes(due))
        assert client.finish().status == 200


# The socket's own buffers take some megabytes before anything is seen of a reader's speed.
READ_RATE, LARGE = 256 << 10, 24 * MEBIBYTE
READ_RATED = ["--min-rate", "256KiB", "--min-rate-window", "2s", "--max-item-size", "64MiB"]


class SlowReader:
    """Asks for a large frame, and leaves it to the test how fast it is read from the socket."""

    def __init__(self, server):
        posted = server.post("a", os.urandom(LARGE)).json()["frame"]
        server.frame_octets(posted)
        self.server, self.read = server, 0
        self.others = server.sockets()
        self.client = server.client(**({"window": 1 << 30} if Server.protocol == "http2" else {}))
        if Server.protocol == "http2":
            self.client.begin("GET", f"/{posted}", ends=True)
        else:
            self.client.send(f"GET /{posted} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())

    def read_some(self, byte_count):
        while byte_count > 0:
            octets = self.client.socket.recv(min(byte_count, 65536))
            assert octets
            byte_count -= len(octets)
            self.read += len(octets)

    def is_served(self):
        """Whether the server still has its connection."""
        return self.server.sockets() > self.others


def test_a_reader_slower_than_it_may_be(start):
    reader = SlowReader(start(*READ_RATED))
    with reader.client, contextlib.suppress(OSError):
        for due in paced(READ_RATE // 4, DEADLINE_SECONDS):
            if not reader.is_served():
                break
            reader.read_some(due)
    assert not reader.is_served() and reader.read < LARGE // 2


def test_a_reader_faster_than_it_must_be(start):
    reader = SlowReader(start(*READ_RATED))
    with reader.client:
        for due in paced(4 * READ_RATE, 3 * RATE_SECONDS):
            reader.read_some(due)
        assert reader.is_served()
        reader.read_some(LARGE - reader.read)
