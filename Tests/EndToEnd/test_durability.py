"""What was acknowledged is kept, whatever ends the server: each acknowledged item is in exactly one frame, once."""

import itertools
import random
import signal
import threading
from collections import Counter

import pytest

from support.server import OCTETS
from support.waiting import until


class Poster(threading.Thread):
    """Posts numbered items until the server goes away, and keeps what was acknowledged."""

    def __init__(self, server, name, numbers, seed):
        super().__init__(daemon=True)
        self.server, self.name, self.numbers = server, name, numbers
        self.random = random.Random(seed)
        self.sent, self.acknowledged, self.error = [], {}, None

    def run(self):
        try:
            with self.server.client() as client:
                while True:
                    body = f"{self.name} {next(self.numbers)} ".encode() + self.random.randbytes(self.random.randrange(3000))
                    self.sent.append(body)
                    answer = client.ask("POST", f"/channel/{self.name}", OCTETS, body)
                    assert answer.status == 200, answer
                    self.acknowledged[body] = answer.json()["frame"]
        except (OSError, AssertionError) as error:
            self.error = error


@pytest.mark.either_protocol
def test_kill_in_the_middle_of_posting_loses_nothing_acknowledged(start):
    seed = random.randrange(2**32)
    print("seed", seed)
    numbers = itertools.count()
    acknowledged, sent, seen = {}, [], {}
    directory, rounds = None, 3
    for round_number in range(rounds):
        server = start(directory=directory)
        directory = server.directory
        # What a viewer saw before the kill is what it sees after.
        for frame_id, octets in seen.items():
            assert server.frame_octets(frame_id) == octets
        posters = [Poster(server, f"poster-{n}", numbers, f"{seed} {round_number} {n}") for n in range(6)]
        for poster in posters:
            poster.start()
        until(lambda: len({f for p in posters for f in list(p.acknowledged.values())}) >= 3
              and all(len(p.acknowledged) >= 20 for p in posters), "acknowledgements in three windows from every poster")
        for entry in server.index()[:5]:
            seen[entry["id"]] = server.frame_octets(entry["id"])
        server.process.send_signal(signal.SIGKILL)
        server.wait()
        for poster in posters:
            poster.join()
            assert isinstance(poster.error, (OSError, AssertionError))
            acknowledged.update(poster.acknowledged)
            sent += poster.sent

    server = start(directory=directory)
    for frame_id in set(acknowledged.values()):
        server.frame_octets(frame_id)
    frames = server.all_frames()
    assert len({frame.start for frame in frames}) == len(frames)
    found = Counter(item.data for frame in frames for channel in frame.channels for item in channel.items)
    lost = [body for body in acknowledged if found[body] != 1]
    assert not lost, f"{len(lost)} of {len(acknowledged)} are not there exactly once"
    # What was not acknowledged may be there, since the answer may have been lost, but never twice; and nothing else is.
    assert set(found) <= set(sent) and set(found.values()) == {1}
    # And each is where its answer said.
    places = {item.data: str(frame.start) for frame in frames for c in frame.channels for item in c.items}
    assert {body: places[body] for body in acknowledged} == acknowledged


@pytest.mark.either_protocol
def test_a_restart_in_mid_window_continues_it(start):
    server = start(frame_duration="3s")
    # Early in a window, so that the restart falls into it.
    until(lambda: server.get("/time").json()["receivedAt"] % 3000 < 500, "the beginning of a window")
    first = server.post("a", b"before").json()["frame"]
    server.process.send_signal(signal.SIGKILL)
    server.wait()
    again = start(directory=server.directory, frame_duration="3s")
    second = again.post("a", b"after").json()["frame"]
    assert again.get(f"/{first}").status == 404
    assert [item.data for item in again.frame(first).items("a")] == ([b"before", b"after"] if first == second else [b"before"])
    assert first == second, "the restart took longer than the window; nothing was shown"


@pytest.mark.either_protocol
def test_a_window_that_ended_while_the_server_was_down_is_sealed_at_the_start(start):
    server = start()
    frame_id = server.post("a", b"alone").json()["frame"]
    server.process.send_signal(signal.SIGKILL)
    server.wait()
    again = start(directory=server.directory)
    assert [item.data for item in again.frame(frame_id).items("a")] == [b"alone"]


@pytest.mark.either_protocol
def test_a_restart_keeps_frames_and_their_tags(start):
    server = start()
    frame_id = server.post("a", b"x" * 5000).json()["frame"]
    server.frame_octets(frame_id)
    before = server.get(f"/{frame_id}")
    listed = server.index()
    assert server.stop() == 0
    again = start(directory=server.directory)
    after = again.get(f"/{frame_id}")
    assert after.body == before.body
    for name in ("etag", "last-modified", "repr-digest", "content-length", "cache-control"):
        assert after.get(name) == before.get(name)
    assert [entry for entry in again.index() if entry["startAt"] <= listed[0]["startAt"]] == listed


def test_frames_are_files_that_describe_themselves(start):
    import hashlib
    server = start()
    frame_id = server.post("a", b"x" * 5000).json()["frame"]
    octets = server.frame_octets(frame_id)
    [file] = (server.directory / "frames").glob(f"{frame_id}-*.frame")
    assert file.read_bytes() == octets
    assert hashlib.sha256(octets).hexdigest().startswith(file.stem.partition("-")[2])


def test_a_damaged_frame_is_named_and_left_out(start):
    server = start()
    frame_id = server.post("a", b"x" * 5000).json()["frame"]
    server.frame_octets(frame_id)
    server.stop()
    [file] = (server.directory / "frames").glob(f"{frame_id}-*.frame")
    file.write_bytes(file.read_bytes()[:-1])
    again = start(directory=server.directory)
    assert file.name in again.log_text()
    assert again.get(f"/{frame_id}").status in (404, 410)
    assert frame_id not in [entry["id"] for entry in again.index()]


def test_a_torn_tail_of_the_log_is_cut_and_said(start):
    """The last octets of the log are damaged, as by a crash in the middle of a write: the start says so and goes on."""
    server = start(frame_duration="1h")
    for number in range(5):
        assert server.post("a", b"item %d" % number).status == 200
    server.process.send_signal(signal.SIGKILL)
    server.wait()
    segments = [file for file in (server.directory / "log").iterdir() if b"item 4" in file.read_bytes()]
    [segment] = segments
    octets = bytearray(segment.read_bytes())
    at = octets.rindex(b"item 4")
    octets[at] ^= 1
    segment.write_bytes(octets)
    again = start(directory=server.directory, frame_duration="1h")
    assert segment.name in again.log_text()
    assert again.post("a", b"goes on").status == 200


def test_damage_in_front_of_durable_records_stops_the_start(start, identity):
    """An octet of an acknowledged item changed on the disk: to go on would be to lose it without a word."""
    from support.server import run
    server = start(frame_duration="1h")
    for number in range(5):
        assert server.post("a", b"item %d" % number).status == 200
    server.process.send_signal(signal.SIGKILL)
    server.wait()
    [segment] = [file for file in (server.directory / "log").iterdir() if b"item 4" in file.read_bytes()]
    octets = bytearray(segment.read_bytes())
    octets[octets.index(b"item 1")] ^= 1
    segment.write_bytes(octets)
    finished = run("serve", "--port", "0", "--admin", "off", "--data-dir", server.directory, "--cert", identity.certificate,
                   "--key", identity.key, "--frame-duration", "1h", check=False)
    assert finished.returncode == 1 and finished.stdout == b""
    error = finished.stderr.decode().strip().splitlines()[-1]
    assert segment.name in error


@pytest.mark.either_protocol
def test_memory_durability_survives_a_kill_too(start):
    """It is the system that has the items then, and a killed process takes nothing of that along."""
    server = start("--durability", "memory")
    frames = {server.post("a", b"item %d" % number).json()["frame"] for number in range(20)}
    server.process.send_signal(signal.SIGKILL)
    server.wait()
    again = start("--durability", "memory", directory=server.directory)
    found = [item.data for frame in sorted(frames, key=int) for item in again.frame(frame).items("a")]
    assert found == [b"item %d" % number for number in range(20)]
