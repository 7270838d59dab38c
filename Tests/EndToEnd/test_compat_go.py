"""The Go server's clients: its demo generator and its browser player, played by what they send and read, and what
`--compat-go`, `--plain-listen` and `--trust-plain` change for everyone else: nothing."""

import gzip
import json
import re
import signal
import socket
import threading
import time

import pytest

from support import timeframe
from support.server import AUTHORIZED, JSON, free_port, run
from support.waiting import until
from support.wire import Wire

UNTRUSTED_JSON = {"Content-Type": "application/json"}


def plain(server):
    return Wire(server.plain_address(), None, plain=True)


class GoClient:
    """Posts as Go's http.Post does where its caller drops the answer: a connection is used again unless the answer has
    a body, which nobody reads."""

    def __init__(self, address):
        self.address, self.wires, self.free = address, [], None
        self.host = "%s:%d" % address

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for wire in self.wires:
            wire.close()

    def post(self, path, body, content_type="application/json"):
        if not self.free:
            self.free = Wire(self.address, None, plain=True)
            self.wires.append(self.free)
        wire, self.free = self.free, None
        wire.send((f"POST {path} HTTP/1.1\r\nHost: {self.host}\r\nUser-Agent: Go-http-client/1.1\r\n"
                   f"Content-Length: {len(body)}\r\nContent-Type: {content_type}\r\nAccept-Encoding: gzip\r\n\r\n"
                   ).encode() + body)
        response = wire.response(to_head=True)
        if response.status == 204 or response.get("content-length") == "0":
            self.free = wire
        return response


class DemoGenerator:
    """Two loops that post without a pause to speak of: the channel `streamtime`, and the rows of a display as `led`."""

    def __init__(self, address):
        self.posted, self.statuses, self.connections = {"streamtime": [], "led": []}, set(), 0
        self.address, self.over = address, threading.Event()
        self.loops = [threading.Thread(target=self._run, args=(channel,), daemon=True) for channel in self.posted]
        for loop in self.loops:
            loop.start()

    def _run(self, channel):
        with GoClient(self.address) as client:
            number = 0
            while not self.over.wait(0.016):
                number += 1
                value = {"time": int(time.time() * 1000), "number": number} if channel == "streamtime" else [number % 2] * 282
                self.statuses.add(client.post(f"/event/{channel}", json.dumps(value).encode()).status)
                self.posted[channel].append(value)
            self.connections += len(client.wires)

    def stop(self):
        self.over.set()
        for loop in self.loops:
            loop.join()


class Player:
    """Reads as the browser player does: the index's `StartAt`, `EndAt` and `Id`, then `/frame/{Id}`, whose channels have
    their ids first; a browser's `fetch` undoes gzip by itself."""

    def __init__(self, connect):
        self.connect = connect

    def fetch(self, path):
        with self.connect() as wire:
            response = wire.ask("GET", path, {
                "Accept": "*/*", "Accept-Encoding": "gzip, deflate, br", "Accept-Language": "en-US,en;q=0.9",
                "Sec-Fetch-Mode": "cors", "Sec-Fetch-Site": "same-origin", "Referer": "http://localhost/",
                "User-Agent": "Mozilla/5.0"})
        assert response.status == 200, response
        return gzip.decompress(response.body) if response.get("content-encoding") == "gzip" else response.body

    def index(self):
        return [{"startAt": it["StartAt"], "endAt": it["EndAt"], "id": it["Id"]} for it in json.loads(self.fetch("/frame"))]

    def frame(self, frame_id):
        return timeframe.decode(self.fetch(f"/frame/{frame_id}"), id_first=True)

    def play(self, frame_count):
        """Begins with the second newest frame, and goes on with the one that covers the time a frame later."""
        index = until(lambda: len(entries := self.index()) > 1 and entries, "two frames")
        current, frames = index[1], []
        while True:
            frame = self.frame(current["id"])
            assert (frame.start, frame.end) == (current["startAt"], current["endAt"])
            assert current["id"] == str(frame.start)
            frames.append(frame)
            if len(frames) == frame_count:
                return frames
            wanted = current["endAt"] + 1
            current = until(lambda: next((it for it in self.index() if it["startAt"] <= wanted <= it["endAt"]), None),
                            f"the frame that covers {wanted}")


@pytest.fixture
def compatible(start):
    return start("--compat-go", "--plain-listen", "127.0.0.1:0", "--trust-plain")


def test_the_demo_generator_and_the_player_work_together(compatible):
    generator = DemoGenerator(compatible.plain_address())
    until(lambda: all(len(values) > 5 for values in generator.posted.values()), "some posts")
    frames = Player(lambda: plain(compatible)).play(5)
    generator.stop()
    assert generator.statuses == {200}
    assert generator.connections == 2, "a loop's posts share a connection"
    assert all(before.end == after.start for before, after in zip(frames, frames[1:]))
    for name, posted in generator.posted.items():
        items = [item for frame in frames for item in frame.items(name)]
        played = [json.loads(item.data) for item in items]
        assert len(played) > 10
        assert any(posted[start:start + len(played)] == played for start in range(len(posted))), "each once, in their order"
        assert {channel.type for frame in frames for channel in frame.channels} == {"application/json"}


def test_the_player_works_over_tls_too(compatible):
    posted = compatible.post("over-tls", b'"secret"', JSON).json()
    until(lambda: posted["frame"] in [it["id"] for it in Player(compatible.wire).index()], "the frame")
    frame = Player(compatible.wire).frame(posted["frame"])
    assert [item.data for item in frame.items("over-tls")] == [b'"secret"']


def test_the_documented_names_are_there_too(compatible):
    answer = compatible.post("a", b"1", JSON).json()
    octets = compatible.frame_octets(answer["frame"])
    with plain(compatible) as wire:
        again = wire.ask("GET", f"/{answer['frame']}")
        assert again.body == octets == wire.ask("GET", f"/frame/{answer['frame']}").body
        assert again.get("etag") == wire.ask("HEAD", f"/frame/{answer['frame']}").get("etag")
        full = wire.ask("POST", "/channel/a", UNTRUSTED_JSON, b"1")
        assert full.json()["accepted"] == 1
        bare = wire.ask("POST", "/event/a", UNTRUSTED_JSON, b"1")
        assert (bare.status, bare.body, bare.get("content-length")) == (200, b"", "0")
        refused = wire.ask("POST", "/event/a", UNTRUSTED_JSON, b"no json")
        assert refused.status == 400 and refused.problem()


def test_without_the_option_nothing_of_it_is_there(start):
    server = start("--plain-listen", "127.0.0.1:0", "--trust-plain")
    frame_id = server.post("a", b"1", JSON).json()["frame"]
    frame = server.frame(frame_id)
    assert frame.channel("a").type == "application/json"
    assert set(server.index()[0]) == {"startAt", "endAt", "id"}
    with plain(server) as wire:
        assert wire.ask("POST", "/event/a", UNTRUSTED_JSON, b"1").status == 404
        assert wire.ask("GET", f"/frame/{frame_id}").status == 404
        assert wire.ask("POST", "/channel/a", UNTRUSTED_JSON, b"1").status == 200


# The listener without TLS

def test_trust_is_for_the_plain_listener_alone(compatible):
    for path in ("/event/a", "/channel/a"):
        assert compatible.ask("POST", path, UNTRUSTED_JSON, b"1").status == 401
        with plain(compatible) as wire:
            assert wire.ask("POST", path, UNTRUSTED_JSON, b"1").status == 200
            assert wire.ask("POST", path, {**UNTRUSTED_JSON, "Authorization": "Bearer wrong"}, b"1").status == 200


def test_without_trust_a_plain_listener_wants_secrets(start):
    server = start("--plain-listen", "127.0.0.1:0")
    with plain(server) as wire:
        assert wire.ask("POST", "/channel/a", UNTRUSTED_JSON, b"1").status == 401
        answer = wire.ask("POST", "/channel/a", JSON, b"1")
        assert answer.status == 200
    assert server.frame(answer.json()["frame"]).items("a")
    assert "secrets sent there can be read" in server.log_text()


def test_a_web_page_is_not_trusted(compatible):
    """A browser asks first, and is told that it may post; but its pages have no secret."""
    page = {**UNTRUSTED_JSON, "Origin": "http://evil.example"}
    with plain(compatible) as wire:
        assert wire.ask("OPTIONS", "/event/a", page).status == 204
        assert wire.ask("POST", "/event/a", page, b"1").status == 401
        assert wire.ask("POST", "/event/a", {**page, **AUTHORIZED}, b"1").status == 200


def test_a_retry_without_a_secret_stores_nothing_twice(compatible):
    fields = {**UNTRUSTED_JSON, "Idempotency-Key": "once"}
    with plain(compatible) as wire:
        answers = [wire.ask("POST", "/channel/keys", fields, b'"plain"') for _ in range(3)]
        assert [answer.status for answer in answers] == [200] * 3
        changed = wire.ask("POST", "/channel/keys", fields, b'"other"')
        assert changed.problem_name() == "idempotency-key-conflict"
    # Another's key, since those who have a secret are told apart by it, on whichever listener.
    frames = {answer.json()["frame"] for answer in answers}
    frames.add(compatible.post("keys", b'"tls"', {**JSON, "Idempotency-Key": "once"}).json()["frame"])
    with plain(compatible) as wire:
        assert wire.ask("POST", "/channel/keys", {**JSON, "Idempotency-Key": "once"}, b'"tls"').status == 200
    items = []
    for frame_id in frames:
        items += timeframe.decode(compatible.frame_octets(frame_id), id_first=True).items("keys")
    assert sorted(item.data for item in items) == [b'"plain"', b'"tls"']


def test_streams_and_pipelines_without_tls(start):
    server = start("--plain-listen", "127.0.0.1:0", "--trust-plain", "--threads", "2")
    with plain(server) as wire:
        wire.begin("POST", "/channel/lines", {"Content-Type": "application/x-ndjson"})
        for number in range(100):
            wire.content(b"%d\n" % number)
        assert wire.finish().json()["accepted"] == 100
        wire.send(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n" * 20)
        assert [wire.response().status for _ in range(20)] == [200] * 20
    # More connections than one loop would get by chance.
    wires = [plain(server) for _ in range(32)]
    assert {wire.ask("GET", "/healthz").status for wire in wires} == {200}
    assert server.stop() == 0
    assert all(wire.is_ended() for wire in wires)
    for wire in wires:
        wire.close()


def test_it_is_said_that_nothing_is_encrypted(compatible):
    host, port = compatible.plain_address()
    assert host == "127.0.0.1" and port != 0
    [line] = [line for line in compatible.log_text().splitlines() if f"http://{host}:{port}" in line]
    assert "warning" in line and "nothing is encrypted" in line and "without a secret" in line
    compatible.signal(signal.SIGHUP)
    until(lambda: "reloaded" in compatible.log_text(), "the reload")
    with plain(compatible) as wire:
        assert wire.ask("POST", "/event/a", UNTRUSTED_JSON, b"1").status == 200


def test_a_port_alone_is_this_machines(start):
    port = free_port()
    server = start("--plain-listen", port, SYNCSTREAMER_COMPAT_GO="on", SYNCSTREAMER_TRUST_PLAIN="on")
    assert server.plain_address() == ("127.0.0.1", port)
    with GoClient(("127.0.0.1", port)) as client:
        assert client.post("/event/a", b"1").status == 200


@pytest.mark.parametrize("arguments, said", [
    (["--trust-plain"], "--plain-listen"), (["--plain-listen", "off", "--trust-plain"], "--plain-listen"),
    (["--plain-listen", "localhost"], "--plain-listen"), (["--plain-listen", ":4242"], "--plain-listen"),
    (["--plain-listen", "127.0.0.1:65536"], "--plain-listen"),
])
def test_usage_errors(tmp_path, arguments, said):
    finished = run("serve", "--data-dir", tmp_path / "data", "--admin", "off", "--port", "0", *arguments, check=False)
    assert finished.returncode == 64 and finished.stdout == b""
    assert said in finished.stderr.decode()
    assert not (tmp_path / "data").exists()


def test_addresses_that_cannot_be_had(tmp_path, identity):
    def fails(address):
        finished = run("serve", "--data-dir", tmp_path / "data", "--admin", "off", "--host", "127.0.0.1", "--port", "0",
                       "--cert", identity.certificate, "--key", identity.key, "--plain-listen", address, check=False)
        assert finished.returncode == 1 and finished.stdout == b""
        [line] = finished.stderr.decode().splitlines()
        return line

    assert "no numeric IP address" in (line := fails("localhost:4242")) and "--plain-listen" in line
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = "127.0.0.1:%d" % taken.getsockname()[1]
        assert address in (line := fails(address)) and "in use" in line and "--plain-listen" in line


# Frames of either order in one directory

def test_a_directory_may_hold_frames_of_either_order(start):
    """What was sealed is served as it was sealed, whichever way the server is started next."""
    compatible = ["--compat-go", "--plain-listen", "127.0.0.1:0"]
    orders, directory = {}, None
    for options in (compatible, [], compatible):
        server = start(*options, directory=directory)
        directory = server.directory
        frame_ids = [server.post(channel, b"1", JSON).json()["frame"] for channel in ("a", "b", "c")]
        for frame_id in frame_ids:
            server.frame_octets(frame_id)
            orders[frame_id] = options == compatible
        for frame_id, id_first in orders.items():
            octets = server.frame_octets(frame_id)
            frame = timeframe.decode(octets, id_first=id_first)
            assert frame.channels and {channel.type for channel in frame.channels} == {"application/json"}
        newest = max(frame_ids, key=int)
        for wanted in (newest, "latest"):
            got = run("get", wanted, "--url", server.url, "--cacert", server.identity.authority).stdout
            assert wanted == "latest" or got == server.frame_octets(newest)
        finished = run("verify", "--data-dir", directory, "--json")
        assert [finding for finding in json.loads(finished.stdout)["findings"] if finding["kind"] == "damage"] == []
        assert server.stop() == 0
    report = json.loads(run("verify", "--data-dir", directory, "--json").stdout)
    assert report["sound"] and report["findings"] == []


def test_a_window_that_a_crash_left_open_gets_the_order_of_the_next_start(start):
    first = start("--compat-go", frame_duration="3s")
    frame_ids = {first.post(channel, b"1", JSON).json()["frame"] for channel in ("a", "b")}
    first.signal(signal.SIGKILL)
    first.wait()
    sealed = {frame_id for frame_id in frame_ids if list((first.directory / "frames").glob(f"{frame_id}-*.frame"))}
    second = start(directory=first.directory, frame_duration="3s")
    frames = [timeframe.decode(second.frame_octets(frame_id), id_first=frame_id in sealed) for frame_id in frame_ids]
    items = sorted((channel.id, channel.type, item.data) for frame in frames for channel in frame.channels for item in channel.items)
    assert items == [("a", "application/json", b"1"), ("b", "application/json", b"1")]


def test_retention_removes_frames_of_either_order(start):
    first = start("--compat-go", frame_duration="100ms")
    old = [first.post(channel, b"1", JSON).json()["frame"] for channel in ("a", "b")]
    first.frame_octets(old[-1])
    first.stop()
    second = start("--retain-frames", "2", directory=first.directory, frame_duration="100ms")
    until(lambda: second.get(f"/{old[-1]}").status == 410, "the removal")
    until(lambda: not list((first.directory / "frames").glob(f"{old[-1]}-*")), "the files' removal")


def test_inspect_says_which_order_it_is(compatible, tmp_path):
    with plain(compatible) as wire:
        body = b"\n".join(b"%d" % number for number in range(3))
        answers = [wire.ask("POST", f"/channel/{channel}", {"Content-Type": "application/x-ndjson"}, body).json()
                   for channel in ("one", "two", "three")]
    for frame_id in {answer["frame"] for answer in answers}:
        (tmp_path / frame_id).write_bytes(octets := compatible.frame_octets(frame_id))
        channels = {channel["id"] for channel in json.loads(run("inspect", "--id-first", "--json", tmp_path / frame_id).stdout)["channels"]}
        assert channels == {channel.id for channel in timeframe.decode(octets, id_first=True).channels}
        if len(channels) > 1:
            refused = run("inspect", tmp_path / frame_id, check=False)
            assert refused.returncode == 1 and b"--id-first" in refused.stderr
