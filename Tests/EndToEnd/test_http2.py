"""HTTP/2 (RFC 9113): what only it has. That every answer is the one of HTTP/1.1 is seen by the modules with EITHER_PROTOCOL."""

import os
import signal
import subprocess

import pytest

from support.http2 import Ended, HTTP2Client, Reset
from support.server import AUTHORIZED, OCTETS
from support.waiting import DEADLINE_SECONDS, until
from support.wire import Wire, with_protocols

NDJSON = {**AUTHORIZED, "Content-Type": "application/x-ndjson"}
MEBIBYTE = 1 << 20


def http2(server, **settings):
    return HTTP2Client(("127.0.0.1", server.port), server.context, **settings)


# Which protocol

@pytest.mark.parametrize("offered, chosen", [(["h2", "http/1.1"], "h2"), (["http/1.1", "h2"], "h2"),
                                             (["http/1.1"], "http/1.1"), ([], None)])
def test_the_protocol_is_agreed_on_in_the_handshake(server, offered, chosen):
    context = with_protocols(server.context, offered) if offered else server.context
    with Wire(("127.0.0.1", server.port), context) as wire:
        assert wire.socket.selected_alpn_protocol() == chosen
        if chosen != "h2":
            assert wire.ask("GET", "/healthz").status == 200


@pytest.mark.parametrize("client", [
    ["curl", "--http2", "--fail"], ["curl", "--http1.1", "--fail"],
    ["node", "-e", """
        const session = require("http2").connect(process.argv[1], { ca: require("fs").readFileSync(process.env.AUTHORITY) });
        const request = session.request({ ":path": "/healthz" });
        request.on("response", head => process.exitCode = head[":status"] == 200 ? 0 : 1);
        request.on("end", () => session.close());
        request.resume();
    """],
])
def test_clients_of_others(server, client):
    more = ["--silent", "--cacert", str(server.identity.authority)] if client[0] == "curl" else []
    target = f"https://localhost:{server.port}" + ("/healthz" if client[0] == "curl" else "")
    subprocess.run([*client, *more, target], check=True, capture_output=True, timeout=DEADLINE_SECONDS,
                   env={**os.environ, "AUTHORITY": str(server.identity.authority)})


# Side by side

def test_a_hundred_requests_side_by_side(server, channel):
    frame_id = server.post(channel, b"x" * 5000).json()["frame"]
    octets = server.frame_octets(frame_id)
    with http2(server) as client:
        streams = [client.begin("GET", f"/{frame_id}" if number % 2 else "/healthz", ends=True) for number in range(100)]
        for number, stream in enumerate(streams):
            response = client.response(stream)
            assert response.status == 200
            assert number % 2 == 0 or response.body == octets


def test_uploads_side_by_side_keep_their_items_apart(server, channel):
    with http2(server) as client:
        streams = [client.begin("POST", f"/channel/{channel}-{number}", NDJSON) for number in range(10)]
        for line in range(100):
            for number, stream in enumerate(streams):
                client.content(f"[{number},{line}]\n".encode(), stream)
        for stream in streams:
            client.content(b"", stream, ends=True)
            answer = client.response(stream)
            assert (answer.status, answer.json()["accepted"]) == (200, 100)
        last = answer.json()["frame"]
    server.frame_octets(last)
    found = {}
    for frame in server.all_frames():
        for own in frame.channels:
            found.setdefault(own.id, []).extend(item.data for item in own.items)
    for number in range(10):
        assert found[f"{channel}-{number}"] == [f"[{number},{line}]".encode() for line in range(100)]


def test_small_answers_pass_a_large_one(start):
    """A large download does not hold up what is asked for after it, on its connection or on another."""
    server = start(frame_duration="2s")
    small = server.post("small", b"x" * 1000).json()["frame"]
    server.frame_octets(small)
    posted = [server.post("large", os.urandom(8 * MEBIBYTE)).json()["frame"] for _ in range(8)]
    large = max(set(posted), key=posted.count)
    byte_count = len(server.frame_octets(large))
    assert byte_count >= 16 * MEBIBYTE
    with http2(server, window=1 << 30) as client, http2(server) as other:
        download = client.begin("GET", f"/{large}", ends=True)
        passed = 0
        while download not in client.whole:
            streams = [client.begin("GET", f"/{small}", ends=True) for _ in range(20)]
            assert all(client.response(stream).status == 200 for stream in streams)
            assert other.ask("GET", f"/{small}").status == 200
            passed += len(client.responses[download].body) < byte_count
        assert passed, "the large one was over before the first of the small ones"
        assert len(client.response(download).body) == byte_count


# Windows

@pytest.mark.parametrize("window", [1, 100, 65_535])
def test_an_answer_through_any_window(server, channel, window):
    frame_id = server.post(channel, os.urandom(500)).json()["frame"]
    octets = server.frame_octets(frame_id)
    with http2(server, window=window) as client:
        assert client.ask("GET", f"/{frame_id}").body == octets


def test_a_window_that_never_opens_holds_nothing_but_its_own_stream(start):
    server = start("--threads", "1")
    frame_id = server.post("a", os.urandom(8 * MEBIBYTE)).json()["frame"]
    server.frame_octets(frame_id)
    before = server.anonymous_octets()
    clients = [http2(server, window=0) for _ in range(20)]
    for client in clients:
        for _ in range(100):
            client.begin("GET", f"/{frame_id}", ends=True)
        client.until(lambda: len(client.responses) == 100)
    assert server.get(f"/{frame_id}").status == 200
    assert server.anonymous_octets() - before < 20 * 100 * 4096 + 8 * MEBIBYTE
    for client in clients:
        client.close()


def test_an_upload_is_held_to_its_window(server, channel):
    """Whatever a client may send is taken; beyond that the connection's window is its limit."""
    with http2(server) as client:
        client.begin("POST", f"/channel/{channel}", {**OCTETS, "Content-Length": str(4 * MEBIBYTE)})
        client.more()
        room = client.connection.local_flow_control_window(client.stream)
        assert 64 * 1024 <= room <= MEBIBYTE
        client.content(os.urandom(4 * MEBIBYTE), ends=True)
        assert client.response().status == 200


# Limits

def test_streams_of_a_connection(start):
    server = start("--max-streams", "5")
    with http2(server) as client:
        streams = [client.begin("POST", "/channel/a", OCTETS) for _ in range(5)]
        client.more()
        assert client.connection.remote_settings.max_concurrent_streams == 5
        for stream in streams:
            client.content(b"x", stream, ends=True)
        assert all(client.response(stream).status == 200 for stream in streams)
    with http2(server) as client:
        client.until(lambda: client.connection.remote_settings.max_concurrent_streams == 5)
        client.connection.remote_settings[3] = 100
        client.connection.remote_settings.acknowledge()
        streams = [client.begin("POST", "/channel/a", OCTETS) for _ in range(6)]
        client.until(lambda: client.resets)
        assert client.resets == {streams[5]: 7}
        for stream in streams[:5]:
            client.content(b"x", stream, ends=True)
        assert all(client.response(stream).status == 200 for stream in streams[:5])
        # Their ends have made room.
        assert client.ask("POST", "/channel/a", OCTETS, b"x").status == 200


def test_frames_that_ask_for_nothing(start):
    server = start("--max-idle-frames", "1")
    with http2(server) as client:
        client.ask("GET", "/healthz")
        with pytest.raises(Ended) as ended:
            for _ in range(12):
                client.connection.ping(b"12345678")
            client.flush()
            client.until(lambda: False)
        assert ended.value.goaway.error_code == 11


# Ends

def test_a_drain_finishes_what_is_asked_for_and_refuses_the_rest(start):
    server = start()
    with http2(server) as client:
        client.begin("POST", "/channel/a", {**OCTETS, "Content-Length": "5"})
        client.content(b"123")
        assert client.ask("GET", "/healthz").status == 200
        stream = 1
        server.signal(signal.SIGTERM)
        client.until(lambda: client.goaway is not None)
        assert client.goaway.error_code == 0
        client.content(b"45", stream, ends=True)
        assert client.response(stream).status == 200
        assert client.is_ended()
    assert server.wait() == 0


def test_an_idle_connection_is_told_of_its_end(start):
    server = start("--idle-timeout", "1s")
    with http2(server) as client:
        assert client.ask("GET", "/healthz").status == 200
        assert client.is_ended()
        assert client.goaway.error_code == 0


def test_a_connection_that_asks_now_and_then_goes_on(start):
    server = start("--idle-timeout", "1s", "--header-timeout", "1s")
    with http2(server) as client:
        dates = set()
        while len(dates) < 4:
            dates.add(client.ask("GET", "/healthz").get("date"))


def test_a_connection_that_asks_for_nothing_ends(start):
    server = start("--header-timeout", "1s")
    with http2(server) as client:
        assert client.is_ended()


def test_an_early_answer_is_read_and_then_the_upload_is_stopped(server):
    with http2(server) as client:
        client.begin("POST", "/channel/a", {"Content-Type": "application/octet-stream", "Content-Length": "100000000"})
        client.content(b"x" * 100_000_000)
        answer = client.response()
        assert (answer.status, answer.problem_name()) == (401, "unauthorized")
        client.until(lambda: client.stream in client.resets)
        assert client.resets[client.stream] == 0
        assert client.ask("GET", "/healthz").status == 200


def test_100_continue(server, channel):
    with http2(server) as client:
        stream = client.begin("POST", f"/channel/{channel}", {**OCTETS, "Expect": "100-continue", "Content-Length": "1"})
        client.until(lambda: client.interim)
        assert [response.status for response in client.interim[stream]] == [100]
        client.content(b"x", ends=True)
        assert client.response().status == 200
        refused = client.begin("POST", f"/channel/{channel}", {"Content-Type": "text/plain", "Expect": "100-continue"})
        assert client.response().status == 401 and refused not in client.interim


def test_a_body_that_is_not_what_was_announced(server, channel):
    """RFC 9113 section 8.1.1: no item comes of it."""
    for length, body in [("5", b"123"), ("1", b"123")]:
        with http2(server) as client:
            client.begin("POST", f"/channel/{channel}", {**OCTETS, "Content-Length": length})
            with pytest.raises(Reset):
                client.content(body, ends=True)
                client.response()
    last = server.post(channel, b"last").json()["frame"]
    server.frame_octets(last)
    assert [item.data for frame in server.all_frames() for item in frame.items(channel)] == [b"last"]


@pytest.mark.parametrize("head", [
    {":method": "GET", ":scheme": "https", ":authority": "localhost"},
    {":method": "GET", ":scheme": "https", ":path": "", ":authority": "localhost"},
    {":method": "GET", ":scheme": "https", ":path": "/frame", ":authority": "localhost", "connection": "close"},
    {":method": "GET", ":scheme": "https", ":path": "/frame", ":authority": "localhost", "transfer-encoding": "chunked"},
    {":method": "GET", ":scheme": "https", ":path": "/frame", ":authority": "localhost", "te": "gzip"},
    {":method": "GET", ":scheme": "https", ":path": "/frame", ":authority": "localhost", "Accept": "*/*"},
    {":method": "GET", ":scheme": "https", ":path": "/frame", ":authority": "localhost", "accept": "a\r\nb: c"},
    {":method": "GET", ":scheme": "https", ":path": "/frame", ":authority": "localhost", "accept": "a\0"},
    {":method": "GET", ":scheme": "https", ":path": "/frame", ":authority": "localhost", ":status": "200"},
    {":method": "GET", ":scheme": "https", ":path": "/frame", "accept": "*/*", ":authority": "localhost"},
])
def test_malformed_requests_are_reset(server, head):
    """RFC 9113 section 8.1.1, and others on the connection go on."""
    with http2(server) as client:
        stream = client.connection.get_next_available_stream_id()
        client.connection.send_headers(stream, list(head.items()), end_stream=True)
        client.flush()
        with pytest.raises(Reset) as reset:
            client.response(stream)
        assert reset.value.code == 1
        assert client.ask("GET", "/healthz").status == 200


@pytest.mark.parametrize("path, status", [("/a b", 400), ("/\u00e4", 400), ("frame", 400), ("/frame", 200)])
def test_paths(server, path, status):
    with http2(server) as client:
        try:
            assert client.ask("GET", path).status == status
        except Reset:
            assert status == 400


def test_an_authority_and_a_host_that_differ(server):
    with http2(server) as client:
        stream = client.connection.get_next_available_stream_id()
        client.connection.send_headers(stream, [
            (":method", "GET"), (":scheme", "https"), (":path", "/frame"), (":authority", "localhost"),
            ("host", "example.org")], end_stream=True)
        client.flush()
        assert client.response(stream).status == 400


def test_no_preface_is_no_connection(server):
    context = with_protocols(server.context, ["h2"])
    with Wire(("127.0.0.1", server.port), context) as wire:
        wire.send(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        while wire.more():
            pass
        assert b"HTTP/1.1" not in wire.received


def test_a_dead_connection_is_noticed_by_the_test_client(server):
    with http2(server) as client:
        client.send(b"\0\0\1\0\0\0\0\0\0x")
        with pytest.raises(Ended) as ended:
            client.until(lambda: False)
        assert ended.value.goaway.error_code == 1


def test_a_retry_over_the_other_protocol(server, channel):
    """A key is the same whatever brings it."""
    fields = {**NDJSON, "Idempotency-Key": "k"}
    with http2(server) as client:
        first = client.ask("POST", f"/channel/{channel}", fields, b"1\n2\n")
    second = server.post(channel, b"1\n2\n", fields)
    assert first.json()["accepted"] == second.json()["accepted"] == 2
    until(lambda: [item.data for frame in server.all_frames() for item in frame.items(channel)] == [b"1", b"2"], "the items, once")
