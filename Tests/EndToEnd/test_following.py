"""Frames and items as they come: the frame behind another one, event streams, and what leads to frames."""

import base64
import contextlib
import json
import os
import socket
import struct

from support import timeframe
from support.events import Events
from support.metrics import Metrics
from support.server import JSON, OCTETS
from support.waiting import until

EITHER_PROTOCOL = True
NDJSON = {**JSON, "Content-Type": "application/x-ndjson"}
EVENTS = {"Accept": "text/event-stream"}
IMMUTABLE = "public, max-age=31536000, immutable"


def newest(server):
    return until(lambda: server.index(), "a frame")[0]["id"]


# The next frame

def test_each_frame_is_behind_the_one_before(server):
    """Whoever goes from one to the next sees what the index lists, and nothing else."""
    with server.client() as client:
        seen = [newest(server)]
        for _ in range(10):
            response = client.ask("GET", f"/frame/after/{seen[-1]}?wait=30")
            assert response.status == 200 and response.get("cache-control") == IMMUTABLE
            seen.append(response.json()["id"])
    listed = [entry["id"] for entry in reversed(server.index())]
    start = listed.index(seen[0])
    assert listed[start:start + len(seen)] == seen


def test_what_follows_is_the_object_of_the_index(server):
    first, second = until(lambda: server.index()[-2:] if len(server.index()) > 1 else None, "two frames")[::-1]
    response = server.get(f"/frame/after/{first['id']}")
    assert response.json() == second and response.get("content-type") == "application/json"


def test_head_waits_too_and_has_no_content(server):
    """By HTTP/2 its answer is made long after the request was looked at."""
    with server.client() as client:
        last = newest(server)
        for _ in range(3):
            response = client.ask("HEAD", f"/frame/after/{last}?wait=30")
            assert (response.status, response.body) == (200, b"") and int(response.get("content-length")) > 0
            last = client.ask("GET", f"/frame/after/{last}").json()["id"]


def test_nothing_follows_within_the_time(start):
    server = start(frame_duration="1h")
    for target in ["/frame/after/5", "/frame/after/5?wait=0", "/frame/after/5?wait=1"]:
        response = server.get(target)
        assert (response.status, response.body, response.get("cache-control")) == (204, b"", "no-store")


def test_who_waits_holds_nobody_up(start):
    """On one thread: others are answered while many wait, and on the same connection by HTTP/2."""
    server = start("--threads", "1", frame_duration="1h")
    waiting = [server.client() for _ in range(20)]
    for client in waiting:
        client.want("/frame/after/1?wait=60")
    assert server.get("/healthz").status == 200
    if server.protocol == "http2":
        assert waiting[0].ask("GET", "/healthz").body == b"ok\n"
    for client in waiting:
        client.close()
    assert server.get("/healthz").status == 200


def test_requests_behind_a_wait_are_answered_behind_it(server):
    """By HTTP/1.1 a client may ask before it has its answer."""
    if server.protocol == "http2":
        return
    last = newest(server)
    with server.wire() as wire:
        wire.want(f"/frame/after/{last}?wait=30")
        wire.want("/healthz")
        first, second = wire.response(), wire.response()
    assert int(first.json()["id"]) > int(last) and second.body == b"ok\n"


def test_what_was_removed_is_gone(start):
    server = start("--retain-frames", "2")
    first = newest(server)
    until(lambda: server.get(f"/{first}").status == 410, "the first frame's removal")
    response = server.get(f"/frame/after/{int(first) - 1}")
    problem = response.problem()
    assert response.status == 410 and int(problem["earliest"]) > int(first)
    assert server.get("/frame", Accept="text/event-stream", Last_Event_ID=str(int(first) - 1)).status == 410
    assert server.get(f"/{first}/channel/x").status == 410
    # Whoever has the last one that was removed goes on without a gap.
    with server.client() as client:
        seen = [newest(server)]
        while len(seen) < 6:
            seen.append(client.ask("GET", f"/frame/after/{seen[-1]}?wait=30").json()["id"])
    assert [int(later) - int(sooner) for sooner, later in zip(seen, seen[1:])] == [200] * 5


def test_a_server_that_stops_answers_those_who_wait(start):
    server = start("--threads", "1", frame_duration="1h")
    with server.client() as waiting, server.client() as frames, server.client() as items:
        waiting.want("/frame/after/1?wait=60")
        streams = [Events(frames, "/frame", **EVENTS), Events(items, "/channel/x")]
        for stream in streams:
            stream.comment()
        assert server.stop() == 0
        response = waiting.response()
        assert response.status == 204 and waiting.is_last(response)
        for stream in streams:
            assert list(stream) == []
            assert stream.client.is_ended()


# Who follows is counted

def test_followers_are_counted(start):
    metrics = Metrics(start, frame_duration="1h")
    kinds = {"wait": "/frame/after/5?wait=60", "frame-events": "/frame", "channel-events": "/channel/x"}
    with contextlib.ExitStack() as stack:
        for number, (kind, target) in enumerate(kinds.items()):
            client = stack.enter_context(metrics.server.client())
            client.want(target) if kind == "wait" else Events(client, target, **EVENTS)
            for other, at in zip(kinds, range(3)):
                metrics.until(f'syncstreamer_followers{{kind="{other}"}}', 1 if at <= number else 0)
    for kind in ("frame-events", "channel-events"):
        metrics.until(f'syncstreamer_followers{{kind="{kind}"}}', 0)


# Redirects

def test_the_newest_frame(server):
    before = newest(server)
    response = server.get("/frame/latest")
    assert (response.status, response.get("cache-control")) == (307, "no-store")
    assert int(response.get("location")[1:]) >= int(before)
    assert server.get(response.get("location")).status == 200


def test_the_frame_of_a_moment(server):
    entry = until(lambda: server.index(), "a frame")[-1]
    for moment in [entry["startAt"], entry["endAt"] - 1]:
        response = server.get(f"/frame/at/{moment}")
        assert (response.status, response.get("location")) == (307, "/" + entry["id"])
    assert server.get(f"/frame/at/{entry['startAt'] - 1}").status == 404


# Event streams of frames

def test_frames_as_events(server):
    with server.client() as client:
        events = Events(client, "/frame", **EVENTS)
        assert events.response.status == 200 and events.response.get("content-type") == "text/event-stream"
        assert events.response.get("cache-control") == "no-store"
        events.comment()
        seen = [next(events) for _ in range(5)]
    listed = {entry["id"]: entry for entry in server.index()}
    assert [event.name for event in seen] == ["frame"] * 5
    assert all(json.loads(event.data) == listed[event.id] for event in seen)
    ids = sorted(int(frame_id) for frame_id in listed)
    position = ids.index(int(seen[0].id))
    assert [int(event.id) for event in seen] == ids[position:position + 5]


def test_a_stream_goes_on_where_it_broke_off(server):
    """Also behind so many that they don't fit into one piece."""
    first = until(lambda: server.index() if len(server.index()) > 3 else None, "four frames")[-1]["id"]
    with server.client() as client:
        events = Events(client, "/frame", **EVENTS, **{"Last-Event-ID": first})
        listed = [entry["id"] for entry in reversed(server.index())]
        assert [next(events).id for _ in listed[1:]] == listed[1:]
        assert int(next(events).id) > int(listed[-1])


# Event streams of items

def test_items_as_events(server, channel):
    with server.client() as client:
        events = Events(client, f"/channel/{channel}")
        events.comment()
        answers = [server.post(channel, b'{\n "a": 1\r\n}', JSON, "?timestamp=" + newest_time(server)).json(),
                   server.post(channel, b"\0\xff", OCTETS, "?type=application/json").json(),
                   server.post(channel, b"1\nno\n2\n", NDJSON).json()]
        seen = [next(events) for _ in range(4)]
    assert [event.name for event in seen] == [
        "application/json", "application/json;base64", "application/json", "application/json"]
    assert json.loads(seen[0].data) == {"a": 1}
    assert base64.b64decode(seen[1].data) == b"\0\xff" and [seen[2].data, seen[3].data] == ["1", "2"]
    stored = [item for frame_id in sorted({answer["frame"] for answer in answers})
              for item in server.frame(frame_id).items(channel)]
    assert [int(event.id) for event in seen] == [item.timestamp for item in stored]


def newest_time(server):
    return str(int(float(server.get("/time").json()["receivedAt"])))


def test_items_are_told_on_every_loop_and_of_every_loop(start):
    """Devices and those who follow meet on different threads."""
    server = start("--threads", "4")
    clients = [server.client() for _ in range(12)]
    streams = [Events(client, "/channel/x") for client in clients]
    for stream in streams:
        stream.comment()
    for number in range(12):
        assert server.post("x", str(number).encode(), JSON).status == 200
    for stream in streams:
        assert [next(stream).data for _ in range(12)] == [str(number) for number in range(12)]
    for client in clients:
        client.close()


def test_an_item_of_many_octets(server, channel):
    """It doesn't fit into one turn."""
    data = os.urandom(3 << 20)
    with server.client() as client:
        events = Events(client, f"/channel/{channel}")
        assert server.post(channel, data).status == 200
        event = next(events)
        assert base64.b64decode(event.data) == data
        assert server.post(channel, b"1", JSON, "?type=x").status in (200, 409)


def test_a_silent_stream_shows_that_it_is_alive(start):
    server = start("--event-heartbeat", "1s", frame_duration="1h")
    with server.client() as frames, server.client() as items:
        for events in [Events(frames, "/frame", **EVENTS), Events(items, "/channel/x")]:
            for _ in range(3):
                events.comment()


def test_a_slow_reader_is_cut_off(start):
    """What it doesn't take is not kept for it; others go on."""
    server = start("--threads", "1")
    narrow = {"window": 65_535} if server.protocol == "http2" else {}
    with server.client(**narrow) as slow, server.client() as fast:
        behind, ahead = Events(slow, "/channel/x"), Events(fast, "/channel/x")
        line = b'"' + b"x" * 10_000 + b'"\n'
        count = 0
        # Until what lies in the sockets, and what is kept beyond it, is full.
        for _ in range(20):
            assert server.post("x", line * 100, NDJSON).json()["accepted"] == 100
            for _ in range(100):
                assert next(ahead).data == "\"" + "x" * 10_000 + "\""
            count += 100
        seen = list(behind)
    assert seen[-1].name == "lagged" and json.loads(seen[-1].data)["detail"]
    assert 0 < len(seen) - 1 < count


def test_a_channel_is_read_as_events_only(server, channel):
    response = server.get(f"/channel/{channel}", Accept="application/json")
    assert response.status == 406 and response.problem_name() == "not-acceptable"
    head = server.ask("HEAD", f"/channel/{channel}")
    assert head.status == 200 and head.get("content-type") == "text/event-stream"


def test_who_goes_leaves_nothing_behind(start):
    """However they go: those who come later are served, and nothing is held for the others."""
    server = start("--threads", "1")
    for number in range(30):
        client = server.client()
        events = Events(client, "/channel/x")
        events.comment()
        if number % 3 == 0:
            client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        elif number % 3 == 1:
            client.socket.unwrap()
        client.close()
    with server.client() as client:
        events = Events(client, "/channel/x")
        events.comment()
        assert server.post("x", b"1", JSON).status == 200
        assert next(events).data == "1"


def test_many_streams_on_one_connection(start):
    """By HTTP/1.1 each needs a connection of its own."""
    server = start()
    with contextlib.ExitStack() as stack:
        shared = stack.enter_context(server.client()) if server.protocol == "http2" else None
        streams = []
        for number in range(50):
            client = shared or stack.enter_context(server.client())
            client.want(f"/channel/x{number % 10}")
            streams.append((client, shared and client.stream))
        if shared:
            shared.until(lambda: all(stream in shared.responses for _, stream in streams))
        else:
            for client, _ in streams:
                client.followed = bytearray()
                client.take_head()
        for number in range(10):
            assert server.post(f"x{number}", str(number).encode(), JSON).status == 200
        for position, (client, stream) in enumerate(streams):
            client.stream = stream
            assert client.piece(b"\n\n") == b":\n\n"
            assert client.piece(b"\n\n").endswith(f"data: {position % 10}\n\n".encode())


# Channels of frames

def test_a_channel_of_a_frame(server, channel):
    answers = [server.post(name, data).json()["frame"] for name, data in [
        (channel, b"one"), (channel + "-b", b"other"), (channel, b"two")]]
    whole = server.frame(answers[0])
    for name in [channel, channel + "-b", "nobody's"]:
        response = server.get(f"/{answers[0]}/channel/{name}")
        assert response.status == 200 and response.get("cache-control") == IMMUTABLE
        part = timeframe.decode(response.body)
        assert (part.start, part.end) == (whole.start, whole.end)
        assert [c.id for c in part.channels] == [name] and part.items(name) == whole.items(name)
        again = server.get(f"/{answers[0]}/channel/{name}", If_None_Match=response.get("etag"))
        assert (again.status, again.body) == (304, b"")


def test_a_large_channel_of_a_frame(server, channel):
    data = [os.urandom(1 << 20) for _ in range(3)]
    frames = []
    for octets in data:
        frames.append(server.post(channel, octets).json()["frame"])
        server.post(channel + "-b", octets)
    items = []
    for frame_id in sorted(set(frames)):
        until(lambda: server.get(f"/{frame_id}").status == 200, "the frame")
        items += timeframe.decode(server.get(f"/{frame_id}/channel/{channel}").body).items(channel)
    assert [item.data for item in items] == data
