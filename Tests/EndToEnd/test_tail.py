"""`syncstreamer tail`: every item once, in order, whatever happens on the way, and a clean end."""

import array
import base64
import contextlib
import fcntl
import json
import os
import re
import signal
import subprocess
import termios
import threading
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from support import fake
from support.server import AUTHORIZED, JSON, PROGRAM, environment, free_port, run
from support.waiting import DEADLINE_SECONDS, until


class Tail:
    """The command, with what it has printed so far."""

    def __init__(self, *arguments, stdout=subprocess.PIPE):
        self.process = subprocess.Popen(
            [str(PROGRAM), "tail", *map(str, arguments)], stdout=stdout, stderr=subprocess.PIPE, env=environment())
        self.lines, self.said = [], b""
        self.threads = [threading.Thread(target=self._read_errors, daemon=True)]
        if stdout == subprocess.PIPE:
            self.threads.append(threading.Thread(target=self._read, daemon=True))
        for thread in self.threads:
            thread.start()

    def _read(self):
        for line in self.process.stdout:
            assert line.endswith(b"\n")
            self.lines.append(json.loads(line))

    def _read_errors(self):
        for line in self.process.stderr:
            self.said += line

    def data(self):
        return [line["data"] for line in self.lines]

    def wait_for(self, count):
        until(lambda: len(self.lines) >= count or self.process.poll() is not None, f"{count} lines")
        assert len(self.lines) >= count, self.said
        return self.lines

    def wait_until_said(self, words):
        until(lambda: words in self.said, words)

    def end(self):
        self.process.send_signal(signal.SIGINT)
        return self.wait()

    def wait(self):
        status = self.process.wait(DEADLINE_SECONDS)
        for thread in self.threads:
            thread.join()
        return status


@contextlib.contextmanager
def tail(url_or_server, *arguments, **settings):
    if isinstance(url_or_server, str):
        options = ["--url", url_or_server]
    else:
        options = ["--url", f"https://localhost:{url_or_server.port}", "--cacert", url_or_server.identity.authority]
    tail = Tail(*options, *arguments, **settings)
    try:
        yield tail
    finally:
        tail.process.kill()
        tail.wait()
        for stream in (tail.process.stdout, tail.process.stderr):
            if stream:
                stream.close()


# A real server

def test_items_come_as_they_are_sealed(start):
    server = start()
    until(server.index, "a frame")
    before = server.post("c", b"0").json()
    server.frame_octets(before["frame"])
    with tail(server, "c", "binary") as following:
        # It begins behind the newest frame at its start, and that is seen by the first line alone.
        first = until(lambda: server.post("c", b"1").status == 200 and following.lines, "the first line")[0]
        assert (first["channel"], first["type"], first["data"], first["encoding"]) == ("c", "application/octet-stream", "MQ==", "base64")
        count = len(server.all_frames())
        posted = server.post("binary", bytes(range(256)), query="?type=noise").json()
        server.post("other", b"not asked for")
        line = until(lambda: next((line for line in following.lines if line["channel"] == "binary"), None), "the item")
        assert count and base64.b64decode(line["data"]) == bytes(range(256)) and line["type"] == "noise"
        assert line["frame"] == posted["frame"] and isinstance(line["timestamp"], int)
        assert following.end() == 0
        assert {line["channel"] for line in following.lines} == {"c", "binary"} and "MA==" not in following.data()
        assert following.said == b""


def test_from_a_time_to_now_and_on(start):
    """Every item of the past and of the time since once, in order, over some dozens of frames."""
    server = start(frame_duration="100ms")
    fields = {**AUTHORIZED, "Content-Type": "application/x-ndjson"}
    for number in range(10):
        posted = server.post("c", b"".join(b'{"n": %d}\n' % n for n in range(number * 10, number * 10 + 10)), fields)
        server.frame_octets(posted.json()["frame"])
    with tail(server, "--since", "1h") as following:
        following.wait_for(100)
        for number in range(10, 20):
            posted = server.post("c", b"".join(b'{"n": %d}\n' % n for n in range(number * 10, number * 10 + 10)), fields)
            server.frame_octets(posted.json()["frame"])
        following.wait_for(200)
        assert following.end() == 0
        assert following.data() == [{"n": n} for n in range(200)]


def test_a_server_that_is_killed_and_comes_back(start):
    """No hole and no double, and it is said."""
    port = free_port()
    server = start("--port", port)
    posted = server.post("c", b"first").json()
    server.frame_octets(posted["frame"])
    with tail(server, "--from", posted["frame"]) as following:
        following.wait_for(1)
        for number in range(3):
            server.kill()
            until(lambda: following.said.count(b"trying again until it works") > number, "that it is said")
            server = start("--port", port, directory=server.directory)
            for _ in range(5):
                server.frame_octets(server.post("c", b"%d" % number).json()["frame"])
            following.wait_for(1 + 5 * (number + 1))
        assert following.end() == 0
        assert [base64.b64decode(data) for data in following.data()] == [b"first", *[b"%d" % (n // 5) for n in range(15)]]
        assert following.said.count(b"the server is back") == 3 and b"removed" not in following.said


def test_a_server_that_is_not_there_yet(start):
    port = free_port()
    with tail(f"https://localhost:{port}", "--insecure", "--from", "0") as following:
        following.wait_until_said(b"trying again until it works")
        server = start("--port", port)
        server.post("c", b"1")
        following.wait_for(1)
        assert following.end() == 0


def test_a_certificate_that_is_not_trusted_is_not_tried_again(server):
    finished = run("tail", "--url", f"https://localhost:{server.port}", check=False)
    assert finished.returncode == 1 and b"certificate" in finished.stderr


def blocked_signals(pid):
    return int(re.search(r"SigBlk:\s*(\w+)", Path(f"/proc/{pid}/status").read_text()).group(1), 16)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_is_a_clean_end(server, number):
    with tail(server, "--from", "0") as following:
        until(lambda: os.readlink(f"/proc/{following.process.pid}/exe") == str(PROGRAM.resolve()), "the command")
        until(lambda: blocked_signals(following.process.pid) & 0x4002 == 0x4002, "SIGINT and SIGTERM taken as events")
        following.process.send_signal(number)
        assert following.wait() == 0


@pytest.mark.parametrize("arguments", [[], ["--live", "c"]])
def test_a_reader_that_goes_away_is_a_clean_end(arguments):
    """Also while nothing is to be printed."""
    over = threading.Event()

    def answer(path, query, fields):
        if path == "/channel/c":
            return events(":\n\n", then=over.wait)
        if path == "/frame":
            return fake.index()
        over.wait()
        return 204, {}, b""

    reading, writing = os.pipe()
    with fake.server(answer) as server, tail(server.url, *arguments, stdout=writing) as following:
        os.close(writing)
        until(lambda: any(path.startswith(("/frame/after/0", "/channel/c")) for path in server.asked), "the last question")
        os.close(reading)
        assert following.process.wait(DEADLINE_SECONDS) == 0
        over.set()


def test_a_reader_that_is_stuck_does_not_keep_it(start):
    server = start()
    posted = server.post("c", os.urandom(1 << 20)).json()
    server.frame_octets(posted["frame"])
    reading, writing = os.pipe()
    try:
        with tail(server, "--from", "0", stdout=writing) as following:
            os.close(writing)
            # The pipe holds 64 KiB.
            until(lambda: pending(reading) > 60_000, "a full pipe")
            assert following.end() == 0
    finally:
        os.close(reading)


def pending(descriptor):
    """Octets that wait in a pipe."""
    count = array.array("i", [0])
    fcntl.ioctl(descriptor, termios.FIONREAD, count)
    return count[0]


@pytest.mark.parametrize("arguments", [["--live"], ["--live", "c", "--since", "1s"], ["--since", "1s", "--from", "1"], ["--to", "1"]])
def test_usage(arguments):
    assert run("tail", *arguments, check=False).returncode == 64


# What a server may do

class Following:
    """A server that seals frames when it is told to, each with an item, and answers what follows one."""

    def __init__(self, has_after=True):
        self.starts, self.has_after, self.failures, self.removed = [], has_after, [], set()
        self.fail_frames = []

    def seal(self, *starts):
        self.starts += starts

    def __call__(self, path, query, fields):
        if self.failures:
            return self.failures.pop(0)
        if path == "/frame":
            parameters = {name: int(values[0]) for name, values in parse_qs(query).items()}
            listed = [start for start in self.starts if start + 1000 > parameters.get("from", 0) and start not in self.removed]
            return fake.index(*listed[-parameters.get("limit", 1000):])
        if path.startswith("/frame/after/"):
            return self.after(int(path.rpartition("/")[2])) if self.has_after else (404, {}, b"")
        if self.fail_frames:
            return self.fail_frames.pop(0)
        if int(path[1:]) in self.removed:
            return 410, {}, b"{}"
        octets = fake.frame(int(path[1:]), int(path[1:]) + 1000, [path[1:].encode()])
        return 200, fake.digest_field(octets), octets

    def after(self, start):
        if start in self.removed:
            return 410, {}, json.dumps({"earliest": "0"}).encode()
        for other in self.starts:
            if other > start:
                return 200, {}, json.dumps({"startAt": other, "endAt": other + 1000, "id": str(other)}).encode()
        return 204, {}, b""


@pytest.mark.parametrize("has_after", [True, False])
def test_frames_follow_by_either_way(has_after):
    """With a server that answers what follows a frame, and one that has an index alone."""
    frames = Following(has_after)
    frames.seal(1000)
    with fake.server(frames) as server, tail(server.url) as following:
        until(lambda: any(path.startswith("/frame/after/1000") for path in server.asked), "the question what follows")
        for start in (2000, 3000, 7000):
            frames.seal(start)
            following.wait_for(len(frames.starts) - 1)
        assert following.end() == 0
        assert following.data() == [2000, 3000, 7000]
        assert [path for path in server.asked if path[1:].isdigit()] == ["/2000", "/3000", "/7000"], "each is fetched once"
        assert following.said == b""


@pytest.mark.parametrize("has_after", [True, False])
def test_frames_that_were_removed_are_told(has_after):
    frames = Following(has_after)
    frames.seal(1000)
    with fake.server(frames) as server, tail(server.url, "--from", "0") as following:
        following.wait_for(1)
        frames.removed = {1000, 2000, 3000}
        frames.seal(2000, 3000, 4000)
        following.wait_for(2)
        assert following.end() == 0
        assert following.data() == [1000, 4000]
        assert b"removed the frames from 1970-01-01T00:00:02.000Z to 1970-01-01T00:00:04.000Z before" in following.said


def test_a_frame_that_is_removed_between_question_and_fetch_is_told():
    frames = Following()
    frames.seal(1000, 2000, 3000)
    frames.fail_frames = [(410, {}, b"{}")]
    with fake.server(frames) as server, tail(server.url, "--from", "0") as following:
        following.wait_for(2)
        assert following.end() == 0
        assert following.data() == [2000, 3000] and b"frame 1000 was removed before it could be read" in following.said


def test_failures_that_pass_leave_no_hole_and_no_double():
    """At every step: the index, what follows, and a frame that breaks off."""
    frames = Following()
    octets = fake.frame(1000, 2000, [b"1000"])
    cut = (200, {"Content-Length": str(len(octets)), **fake.digest_field(octets)}, lambda file: file.write(octets[:20]))
    frames.failures = [(503, {"Retry-After": "0"}, b""), (502, {}, b"")]
    frames.fail_frames = [cut, (500, {}, b""), cut]
    frames.seal(1000)
    with fake.server(frames) as server, tail(server.url, "--from", "0") as following:
        following.wait_for(1)
        frames.failures = [(429, {}, b""), (504, {}, b"")]
        frames.seal(2000)
        following.wait_for(2)
        assert following.end() == 0
        assert following.data() == [1000, 2000]
        assert following.said.count(b"the server is back") == 3


# Items as they arrive

def test_live_items_of_a_real_server_come_before_their_frame(start):
    server = start(frame_duration="1h")
    with tail(server, "--live", "a/b", "noise") as following:
        # A line comes once the stream is open.
        until(lambda: server.post("a%2Fb", b'{"x":\n1}', JSON).status == 200 and following.lines, "the first line")
        until(lambda: server.post("noise", b"\xff\x00", query="?type=t").status == 200 and len(following.lines) > 1 and
              following.lines[-1]["channel"] == "noise", "the other channel's line")
        assert following.end() == 0
        line = following.lines[0]
        assert (line["channel"], line["type"], line["data"]) == ("a/b", "application/json", {"x": 1})
        assert isinstance(line["timestamp"], int) and "frame" not in line
        line = following.lines[-1]
        assert (line["type"], line["data"], line["encoding"]) == ("t", "/wA=", "base64")



def events(*texts, then=None):
    def body(file):
        for text in texts:
            file.write(text.encode())
            file.flush()
        if then:
            then()
    return 200, {"Content-Type": "text/event-stream"}, body


def test_live_items_are_lines():
    over = threading.Event()
    streams = {
        "/channel/a%20b": events("event: t\nid: 17\ndata: {\"x\":\ndata: 1}\n\n", ":\n\n", then=over.wait),
        "/channel/c": events("event: image/png;base64\ndata: AAE=\n\n", then=over.wait),
    }
    with fake.server(lambda path, query, fields: streams[path]) as server, tail(server.url, "--live", "a b", "c") as following:
        following.wait_for(2)
        assert following.end() == 0
        over.set()
        assert sorted(following.lines, key=lambda line: line["channel"]) == [
            {"channel": "a b", "type": "t", "timestamp": 17, "data": {"x": 1}},
            {"channel": "c", "type": "image/png", "data": "AAE=", "encoding": "base64"},
        ]


def test_live_goes_on_after_lagged_and_after_a_lost_connection():
    over = threading.Event()
    streams = [
        events("event: t\ndata: 1\n\nevent: lagged\ndata: {}\n\n"), events("event: t\ndata: 2\n\nevent: t\ndata: cut"),
        (503, {}, b""), events("event: t\ndata: 3\n\n", then=over.wait),
    ]
    with fake.server(lambda *_: streams.pop(0)) as server, tail(server.url, "--live", "c") as following:
        following.wait_for(3)
        assert following.end() == 0
        over.set()
        assert following.data() == [1, 2, 3]
        assert b"c: items came faster than they are read; some are left out\n" in following.said
        assert following.said.count(b"c: items that came meanwhile are left out\n") == 2
        assert following.said.count(b"c: the server is back\n") == 1


def test_live_with_a_server_that_has_no_event_streams():
    with fake.server(lambda *_: (405, {}, b"")) as server:
        finished = run("tail", "--url", server.url, "--live", "c", check=False)
    assert finished.returncode == 1 and b"405" in finished.stderr
    with fake.server(lambda *_: (200, {"Content-Type": "application/json"}, b"[]")) as server:
        finished = run("tail", "--url", server.url, "--live", "c", check=False)
    assert finished.returncode == 1 and b"no event stream" in finished.stderr
