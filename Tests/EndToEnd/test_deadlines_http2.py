"""Time limits that only HTTP/2 has: those of a stream's window, and of a drain that first gives notice."""

import os
import signal

from support.http2 import HTTP2Client
from support.server import OCTETS
from support.waiting import DEADLINE_SECONDS, paced

MEBIBYTE = 1 << 20
CANCEL = 8
# A fourth, and four times, of what is asked for, so that a machine that pauses decides nothing.
RATE, RATE_SECONDS = 16 << 10, 2
RATED = ["--min-rate", "16KiB", "--min-rate-window", "2s"]


def http2(server, **settings):
    return HTTP2Client(("127.0.0.1", server.port), server.context, **settings)


def pinging(client):
    """Moves octets both ways that are no part of any request."""
    client.connection.ping(b"12345678")
    client.flush()


def through_windows(start, octets_a_second, seconds):
    """A response that the client lets through its stream's window at a pace, while it pings: whether it was broken off."""
    server = start(*RATED)
    frame_id = server.post("a", os.urandom(MEBIBYTE)).json()["frame"]
    octets = server.frame_octets(frame_id)
    with http2(server, window=0, reads_content=False) as client:
        stream = client.begin("GET", f"/{frame_id}", ends=True)
        client.connection.increment_flow_control_window(1 << 24)
        for due in paced(octets_a_second, seconds):
            client.connection.increment_flow_control_window(due, stream)
            pinging(client)
            client.more()
            if stream in client.resets:
                assert client.resets[stream] == CANCEL
                break
        if stream not in client.resets:
            client.connection.increment_flow_control_window(MEBIBYTE, stream)
            client.flush()
            assert client.response(stream).body == octets
        # It is that stream's fault alone.
        assert client.ask("HEAD", "/healthz").status == 200
        return stream in client.resets


def test_a_window_that_opens_slower_than_it_may(start):
    assert through_windows(start, RATE // 4, DEADLINE_SECONDS)


def test_a_window_that_opens_faster_than_it_must(start):
    assert not through_windows(start, 4 * RATE, 2 * RATE_SECONDS)


def test_a_drain_gives_notice_and_then_refuses(start):
    """A client that goes on after the first GOAWAY is served until the second, whose last stream is its last."""
    server = start("--drain-timeout", "60s")
    with http2(server) as client:
        goodbyes = []
        note = client.note

        def noting(event):
            note(event)
            if client.goaway and client.goaway not in goodbyes:
                goodbyes.append(client.goaway)
        client.note = noting
        upload = client.begin("POST", "/channel/a", {**OCTETS, "Content-Length": "5"})
        server.signal(signal.SIGTERM)
        client.until(lambda: goodbyes)
        after_notice = client.ask("GET", "/healthz")
        assert after_notice.status == 200
        last = client.stream
        client.until(lambda: len(goodbyes) == 2)
        assert [goodbye.last_stream_id for goodbye in goodbyes] == [(1 << 31) - 1, last]
        assert {goodbye.error_code for goodbye in goodbyes} == {0}
        refused = client.begin("GET", "/healthz", ends=True)
        client.content(b"12345", stream=upload, ends=True)
        assert client.response(upload).status == 200
        assert client.is_ended()
        assert refused not in client.responses
    assert server.wait() == 0
