"""Streams of items: taken and made durable as they arrive, each for itself, over hours and bad networks."""

import gzip
import json
import os
import signal
import socket
import struct
import subprocess
import threading
import time
import zlib

import pytest

from support.server import AUTHORIZED, SECRET
from support.waiting import DEADLINE_SECONDS, until

EITHER_PROTOCOL = True

NDJSON = {**AUTHORIZED, "Content-Type": "application/x-ndjson"}
RECORDS = {**AUTHORIZED, "Content-Type": "application/vnd.syncstreamer.items"}


def record(data, timestamp=0):
    return struct.pack(">QQ", timestamp, len(data)) + data


def lines(*values):
    return "".join(f"{value}\n" for value in values).encode()


def stored(server, channel):
    """The data of a channel's items in all frames so far, oldest first."""
    return [item.data for frame in server.all_frames() for item in frame.items(channel)]


def begin(client, channel, fields=NDJSON, **more):
    """Sends the head of an upload whose content follows."""
    client.begin("POST", f"/channel/{channel}", {**fields, **more})


# Forms

@pytest.mark.parametrize("fields, body, items", [
    (NDJSON, b'{"a":1}\r\n\n[2]\n3', [b'{"a":1}', b"[2]", b"3"]),
    (RECORDS, record(b"a") + record(b"") + record(b"\0" * 1000), [b"a", b"", b"\0" * 1000]),
])
def test_items_of_a_body(server, channel, fields, body, items):
    answer = server.post(channel, body, fields)
    assert answer.status == 200
    members = answer.json()
    assert members["accepted"] == len(items) and "rejected" not in members
    assert answer.get("location") == f"/{members['frame']}"
    until(lambda: stored(server, channel) == items, "the items")


def test_types_of_channels(server, channel):
    for fields, body, query, kind in [
        (NDJSON, b"1\n", "", "application/json"), (RECORDS, record(b"a"), "", "application/octet-stream"),
        (NDJSON, b"1\n", "?type=temperature", "temperature"),
    ]:
        name = f"{channel}-{kind.replace('/', '-')}"
        answer = server.post(name, body, fields, query)
        assert server.frame(answer.json()["frame"]).channel(name).type == kind


def test_records_have_the_devices_times(start):
    """The server waits for late items, so that none is late because a window has ended meanwhile."""
    server = start("--lateness", "5s", frame_duration="2s")
    now = server.post("clock", b"1").json()["receivedAt"]
    body = record(b"given", now) + record(b"left to the server") + record(b"late", 5) + record(b"early", now + 60_000)
    members = server.post("a", body, RECORDS).json()
    assert members["accepted"] == 2 and members["rejectedCount"] == 2
    assert [(entry["index"], entry["type"].rpartition(":")[2]) for entry in members["rejected"]] == [
        (2, "late"), (3, "too-far-ahead")]
    times = [now, members["receivedAt"]]
    frames = [server.frame(str(window)) for window in sorted({time - time % 2000 for time in times})]
    assert [item.timestamp for frame in frames for item in frame.items("a")] == times


@pytest.mark.parametrize("size", [1, 7, 100, 65_536])
def test_pieces_of_any_size(server, channel, size):
    body = lines(*range(3000)) if size > 1 else lines(*range(50))
    with server.client() as wire:
        begin(wire, channel)
        for start in range(0, len(body), size):
            wire.content(body[start:start + size])
        assert wire.finish().json()["accepted"] == body.count(b"\n")
        # The connection goes on.
        assert wire.ask("GET", "/healthz").status == 200
    until(lambda: lines(*[item.decode() for item in stored(server, channel)]) == body, "all lines in their order")


def test_curl_streams_from_a_pipe(server, channel):
    listed = subprocess.run(
        ["curl", "--silent", "--show-error", "--fail-with-body", "--cacert", server.identity.authority,
         "--header", f"Authorization: Bearer {SECRET}", "--header", "Content-Type: application/x-ndjson",
         "--request", "POST", "--upload-file", "-", f"https://localhost:{server.port}/channel/{channel}"],
        input=lines(*range(50_000)), capture_output=True, timeout=DEADLINE_SECONDS, check=True)
    assert json.loads(listed.stdout)["accepted"] == 50_000
    until(lambda: stored(server, channel) == [str(number).encode() for number in range(50_000)], "all items in their order")


# As they arrive

def test_items_are_in_frames_while_the_body_goes_on(server, channel):
    with server.client() as wire:
        begin(wire, channel)
        for number in range(3):
            wire.content(lines(number))
            until(lambda: stored(server, channel) == [str(n).encode() for n in range(number + 1)], "the item in a frame")
        assert wire.finish().json()["accepted"] == 3


def test_a_kill_in_the_middle_of_a_stream_loses_nothing_that_was_durable(start):
    server = start()
    wire = server.wire()
    begin(wire, "a")
    wire.content(lines(*range(1000)))
    # A later item of another connection is acknowledged behind the stream's items of its loop, or they are in a frame.
    until(lambda: len(stored(server, "a")) == 1000, "the items in a frame")
    wire.content(lines(*range(1000, 2000)))
    server.kill()
    wire.close()
    again = start(directory=server.directory)
    until(lambda: len(again.index()) >= len(again.all_frames()) > 0, "frames")
    found = stored(again, "a")
    assert found == [str(number).encode() for number in range(len(found))] and len(found) >= 1000


def test_a_stream_may_rest_and_has_a_limit_of_its_own(start, protocol):
    server = start("--stream-idle-timeout", "500ms", "--header-timeout", "10s")
    with server.client() as wire:
        begin(wire, "a")
        wire.content(lines(1, 2))
        answer = wire.response()
        assert answer.status == 408 and answer.problem_name() == "timeout"
        assert answer.json()["accepted"] == 2
        # Where a next request would begin is known with HTTP/2 only.
        assert wire.ask("GET", "/healthz").status == 200 if protocol == "http2" else wire.is_ended()


def test_a_drain_ends_a_stream_and_says_what_is_stored(start):
    server = start()
    with server.client() as wire:
        begin(wire, "a")
        wire.content(lines(1, 2, 3) + b"4")
        until(lambda: len(stored(server, "a")) == 3, "the items in a frame")
        server.signal(signal.SIGTERM)
        answer = wire.response()
        assert answer.status == 503 and answer.get("retry-after")
        assert answer.problem()["accepted"] == 3
    assert server.wait() == 0


# Refused alone

def test_one_bad_item_is_refused_alone(server, channel):
    answer = server.post(channel, b"1\n{\n2\n\xff\n3\n", NDJSON)
    assert answer.status == 200
    members = answer.json()
    assert members["accepted"] == 3 and members["rejectedCount"] == 2
    assert [entry["index"] for entry in members["rejected"]] == [1, 3]
    assert all(entry["type"] == "urn:syncstreamer:problem:invalid-json" and entry["detail"] for entry in members["rejected"])
    until(lambda: stored(server, channel) == [b"1", b"2", b"3"], "the items")


def test_an_item_over_the_limit_is_refused_alone(start):
    server = start("--max-item-size", "1000B")
    for fields, body in [
        (NDJSON, lines("1" * 1000, "2" * 1001, "3" * 100_000, 4)),
        (RECORDS, record(b"1" * 1000) + record(b"2" * 1001) + record(b"3" * 100_000) + record(b"4")),
    ]:
        members = server.post("a" + fields["Content-Type"][-5:], body, fields).json()
        assert members["accepted"] == 2
        assert [(entry["index"], entry["type"].rpartition(":")[2]) for entry in members["rejected"]] == [
            (1, "too-large"), (2, "too-large")]


def test_a_hundred_rejections_are_listed_and_all_are_counted(server, channel):
    members = server.post(channel, b"x\n" * 500 + b"1\n" + b"x\n" * 500, NDJSON).json()
    assert members["accepted"] == 1 and members["rejectedCount"] == 1000
    assert [entry["index"] for entry in members["rejected"]] == list(range(100))


def test_nothing_accepted_is_no_success(server, channel):
    answer = server.post(channel, b"x\ny\n", NDJSON)
    assert (answer.status, answer.problem_name()) == (400, "invalid-json")
    assert answer.json()["rejectedCount"] == 2
    assert server.post(channel, b"\n \n", NDJSON).problem_name() == "empty-body"
    assert server.post(channel, b"", RECORDS).problem_name() == "empty-body"
    late = server.post(channel, record(b"a", 5) + record(b"b", 6), RECORDS)
    assert (late.status, late.problem_name()) == (422, "late")


def test_minimal_answers(server, channel):
    fields = {**NDJSON, "Prefer": "return=minimal"}
    answer = server.post(channel, b"1\n2\n", fields)
    assert answer.status == 204 and answer.get("location") and answer.get("preference-applied") == "return=minimal"
    assert server.post(channel, b"1\nx\n", fields).json()["rejectedCount"] == 1


# Torn

@pytest.mark.parametrize("tail, fields", [
    (b"5\r\n", RECORDS), (b"zz\r\n", RECORDS), (b"0\r\n\r\n", RECORDS),
])
def test_a_torn_end_says_how_many_items_are_durable(server, channel, tail, fields):
    with server.wire() as wire:
        begin(wire, channel, fields)
        wire.content(record(b"a") + record(b"b") + record(b"torn")[:-1])
        wire.send(tail)
        if tail[0] == ord("5"):
            # The client ends its direction in the middle of a chunk, and still reads. Through a second descriptor,
            # since Python's TLS socket takes a shutdown for the end of TLS.
            with socket.socket(fileno=os.dup(wire.socket.fileno())) as below:
                below.shutdown(socket.SHUT_WR)
        answer = wire.response()
        assert answer.status == 400
        assert answer.problem()["accepted"] == 2
    until(lambda: stored(server, channel) == [b"a", b"b"], "the whole items")


def test_timestamps_for_streams_are_refused(server, channel):
    for query in ("?timestamp=1", "?age=1"):
        assert server.post(channel, b"1\n", NDJSON, query).problem_name() == "bad-parameter"


# gzip

@pytest.mark.parametrize("kind, body, count", [
    ("application/json", b"[1]", 1), ("application/octet-stream", b"\0" * 1000, 1), ("application/x-ndjson", lines(*range(9999)), 9999),
    ("application/vnd.syncstreamer.items", record(b"a") * 500, 500),
])
def test_gzip_in_every_form(server, channel, kind, body, count):
    fields = {**AUTHORIZED, "Content-Type": kind, "Content-Encoding": "gzip"}
    answer = server.post(channel, gzip.compress(body), fields)
    assert answer.status == 200 and answer.json()["accepted"] == count
    until(lambda: len(stored(server, channel)) == count, "the items")


def test_gzip_is_inflated_as_it_arrives(server, channel):
    packer = zlib.compressobj(wbits=31)
    with server.client() as wire:
        begin(wire, channel, NDJSON, **{"Content-Encoding": "gzip"})
        for number in range(3):
            wire.content(packer.compress(lines(number)) + packer.flush(zlib.Z_SYNC_FLUSH))
            until(lambda: len(stored(server, channel)) == number + 1, "the item in a frame")
        wire.content(packer.flush())
        assert wire.finish().json()["accepted"] == 3


@pytest.mark.parametrize("damage", [lambda octets: octets[:-3], lambda octets: octets[:-8] + b"\0" * 8, lambda _: b"no gzip"])
def test_torn_gzip(server, channel, damage):
    fields = {**NDJSON, "Content-Encoding": "gzip"}
    answer = server.post(channel, damage(gzip.compress(lines(*range(100)))), fields)
    assert (answer.status, answer.problem_name()) == (400, "torn-body")
    assert answer.json()["accepted"] in (0, 99, 100)


def test_other_codings(server, channel):
    answer = server.post(channel, b"1", {**NDJSON, "Content-Encoding": "br"})
    assert answer.status == 415 and answer.get("accept-encoding") == "gzip, identity"


def test_a_bomb_takes_little_memory(start):
    server = start()
    bomb = gzip.compress(bytes(200 << 20))  # 200 KB, which a server reads whole before it closes
    server.post("a", b"warm")
    before = server.anonymous_octets()
    for kind in ("application/json", "application/octet-stream", "application/x-ndjson"):
        fields = {**AUTHORIZED, "Content-Type": kind, "Content-Encoding": "gzip"}
        assert server.post("a", bomb, fields).status == 413
    assert server.anonymous_octets() - before < 4 << 20
    assert server.post("a", b"goes on").status == 200


# Idempotency

def keyed(key, fields=NDJSON):
    return {**fields, "Idempotency-Key": key}


def test_a_retry_stores_nothing_twice(server, channel):
    first = server.post(channel, lines(1, 2, 3), keyed("k"))
    again = server.post(channel, lines(1, 2, 3), keyed("k"))
    assert first.status == again.status == 200
    assert again.json()["accepted"] == 3 and again.json()["frame"] == first.json()["frame"]
    single = [server.post(channel, b"1", keyed("s", {**AUTHORIZED, "Content-Type": "application/json"})) for _ in range(3)]
    assert {answer.json()["frame"] for answer in single} == {single[0].json()["frame"]}
    until(lambda: len(stored(server, channel)) == 4, "the items")
    server.frame(server.post(channel, b"9").json()["frame"])
    assert len(stored(server, channel)) == 5


def test_a_retry_goes_on_where_the_stream_broke_off(server, channel):
    with server.client() as wire:
        begin(wire, channel, keyed("k"))
        wire.content(lines(*range(1000)))
        until(lambda: len(stored(server, channel)) == 1000, "the items in a frame")
        wire.content(lines(*range(1000, 1500)))
    answer = server.post(channel, lines(*range(2000)), keyed("k"))
    assert answer.status == 200 and answer.json()["accepted"] == 2000
    until(lambda: stored(server, channel) == [str(number).encode() for number in range(2000)], "each item once, in order")


def test_a_retry_ends_the_try_before(server, channel):
    """A device's network has changed, and the server doesn't know that its old connection is dead."""
    with server.client() as dead:
        begin(dead, channel, keyed("k"))
        dead.content(lines(1))
        until(lambda: stored(server, channel) == [b"1"], "the item")
        answer = server.post(channel, lines(1, 2), keyed("k"))
        assert answer.json()["accepted"] == 2
        dead.content(lines(2))
        assert dead.response().problem_name() == "superseded"
    until(lambda: stored(server, channel) == [b"1", b"2"], "each item once")


def test_another_body_with_the_same_key_is_422(server, channel):
    assert server.post(channel, lines(1, 2, 3), keyed("k")).status == 200
    for body in (lines(1, 2, 4), lines(2, 1, 3), lines(1, 2), lines(1, 2, 3, 4), lines(1, 2, 3, "x"), lines(1, 2, 3) + b"\n"):
        answer = server.post(channel, body, keyed("k"))
        assert (answer.status, answer.problem_name()) == (422, "idempotency-key-conflict")
        assert answer.json()["accepted"] == 0
    assert server.post(channel + "-other", lines(9), keyed("k")).status == 200
    assert server.post(channel, lines(1, 2, 3), keyed("k")).json()["accepted"] == 3
    until(lambda: stored(server, channel) == [b"1", b"2", b"3"], "the items of the first")


def test_another_time_with_the_same_key_is_422(start, channel):
    """The times are half a window ahead, so that no window ends before they are sent."""
    server = start(frame_duration="1m")
    ahead = int(time.time() * 1000) + 30_000
    records = [record(b"1", ahead), record(b"1", ahead + 1)]
    assert server.post(channel, records[0], keyed("r", RECORDS)).status == 200
    assert server.post(channel, records[1], keyed("r", RECORDS)).problem_name() == "idempotency-key-conflict"
    assert server.post(channel, records[0], keyed("r", RECORDS)).status == 200


@pytest.mark.parametrize("key", ["", "a b", "x" * 256])
def test_broken_keys(server, channel, key):
    assert server.post(channel, lines(1), keyed(key)).problem_name() == "bad-idempotency-key"


@pytest.mark.parametrize("windows", [0, 5])
def test_a_key_survives_a_kill(start, windows):
    server = start()
    first = server.post("a", lines(1, 2, 3), keyed("k"))
    if windows:
        server.frame_octets(first.json()["frame"])
        count = len(server.index())
        until(lambda: len(server.index()) >= count + windows, "some windows")
    server.kill()
    again = start(directory=server.directory)
    if windows:
        # That it had come to its end is on the disk since its window was sealed; before, a kill may forget it.
        assert again.post("a", lines(1, 2, 3, 4), keyed("k")).status == 422
    answer = again.post("a", lines(1, 2, 3), keyed("k"))
    assert answer.status == 200 and answer.json()["accepted"] == 3
    until(lambda: stored(again, "a") == [b"1", b"2", b"3"], "each item once")
    assert again.post("a", lines(2), keyed("k")).status == 422


def test_a_retry_goes_on_after_a_kill(start):
    """Where the first try's end isn't known."""
    server = start()
    with server.client() as wire:
        begin(wire, "a", keyed("k"))
        wire.content(lines(1, 2))
        until(lambda: stored(server, "a") == [b"1", b"2"], "the first items")
        server.kill()
    again = start(directory=server.directory)
    assert again.post("a", lines(1, 2, 3, 4), keyed("k")).json()["accepted"] == 4
    until(lambda: stored(again, "a") == [b"1", b"2", b"3", b"4"], "each item once")


# Backpressure

def test_a_fast_device_is_slowed_down_and_others_are_not(start):
    """The disk is made slow from outside; what the device sends meanwhile must wait in its own sockets."""
    server = start("--max-item-size", "64KiB")
    before = server.anonymous_octets()
    line = lines("1" * 60_000)
    sent = 0
    done = threading.Event()

    def flood():
        nonlocal sent
        with server.client() as wire:
            begin(wire, "fast")
            while not done.is_set():
                wire.content(line)
                sent += 1
            answers.append(wire.finish())

    answers = []
    thread = threading.Thread(target=flood)
    thread.start()
    try:
        highest = 0
        for _ in range(50):
            assert server.post("slow", b"1").status == 200
            highest = max(highest, server.anonymous_octets() - before)
    finally:
        done.set()
        thread.join(DEADLINE_SECONDS)
    assert answers[0].json()["accepted"] == sent
    assert highest < 64 << 20
