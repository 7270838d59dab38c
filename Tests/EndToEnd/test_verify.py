"""A data directory that was damaged: `verify` says what is wrong, `verify --repair` keeps what can be read, `serve` goes on."""

import hashlib
import json
import signal
from collections import Counter

from support.server import PROGRAM, run
from support.waiting import until


def verify(directory, *options, check=True):
    """What `verify --json` says, after its exit status has been held against it."""
    finished = run("verify", "--data-dir", directory, "--json", *options, check=False)
    report = json.loads(finished.stdout)
    assert finished.returncode == (0 if report["sound"] else 1), finished
    assert not check or report["sound"], report
    return report


def kill(server):
    server.process.send_signal(signal.SIGKILL)
    server.wait()


def flip(file, at):
    octets = bytearray(file.read_bytes())
    octets[at] ^= 1
    file.write_bytes(octets)


def segment_with(server, text):
    [segment] = [file for file in (server.directory / "log").iterdir() if text in file.read_bytes()]
    return segment


def items(frames):
    return Counter(item.data for frame in frames for channel in frame.channels for item in channel.items)


def tree(directory):
    return {str(file.relative_to(directory)): hashlib.sha256(file.read_bytes()).hexdigest()
            for file in directory.rglob("*") if file.is_file()}


def test_a_running_servers_directory_is_sound(start):
    server = start()
    frame_id = server.post("a", b"x" * 5000).json()["frame"]
    server.frame_octets(frame_id)
    for _ in range(5):
        server.post("a", b"y" * 1000)
        report = verify(server.directory)
        assert [finding for finding in report["findings"] if finding["kind"] != "note"] == []
    assert report["frames"] >= 1 and report["items"] >= 2
    refused = run("verify", "--data-dir", server.directory, "--repair", check=False)
    assert refused.returncode == 1 and refused.stdout == b""
    assert b"another server owns this data directory" in refused.stderr


def test_a_stopped_servers_directory_is_sound_and_a_check_changes_nothing(start):
    server = start()
    server.frame_octets(server.post("a", b"x" * 5000).json()["frame"])
    server.stop()
    before = tree(server.directory)
    finished = run("verify", "--data-dir", server.directory)
    assert b": sound; " in finished.stdout and len(finished.stdout.splitlines()) == 1
    verify(server.directory, "--repair")
    assert tree(server.directory) == before


def test_a_damaged_item_costs_no_other(start):
    """The start's own error names what repairs it, and it is true."""
    server = start(frame_duration="1h")
    bodies = [b"item %d;" % number for number in range(8)]
    frame_ids = {server.post("a", body).json()["frame"] for body in bodies}
    kill(server)
    segment = segment_with(server, b"item 7;")
    octets = segment.read_bytes()
    flip(segment, octets.index(b"item 3;"))

    refused = run("serve", "--port", "0", "--admin", "off", "--data-dir", server.directory, "--frame-duration", "1h", check=False)
    assert refused.returncode == 1
    assert b"`syncstreamer verify --repair`" in refused.stderr and segment.name.encode() in refused.stderr

    damaged = segment.read_bytes()
    report = verify(server.directory, check=False)
    [finding] = [finding for finding in report["findings"] if finding["kind"] == "damage"]
    assert finding["file"] == f"log/{segment.name}" and "--repair" in finding["advice"]
    assert octets.rindex(b"SLGR", 0, octets.index(b"item 3;")) == finding["offset"]
    assert report["lost"]["entries"] == 1
    assert report["lost"]["firstWindow"] <= min(map(int, frame_ids)) <= report["lost"]["lastWindow"]
    plain = run("verify", "--data-dir", server.directory, check=False)
    assert plain.returncode == 1 and segment.name.encode() in plain.stdout

    report = verify(server.directory, "--repair")
    assert {"from": f"log/{segment.name}", "to": f"damaged/log/{segment.name}"} in report["repair"]["moved"]
    assert (server.directory / "damaged/log" / segment.name).read_bytes() == damaged
    assert verify(server.directory)["findings"] == []

    again = start(directory=server.directory, frame_duration="1h")
    assert again.post("a", b"goes on").json()["frame"] in frame_ids
    kill(again)
    # The hour ends while it is down as far as the log is concerned: what it holds is what the frame will.
    log = b"".join(file.read_bytes() for file in (server.directory / "log").iterdir())
    assert [body for body in bodies if log.count(body) != 1] == [b"item 3;"]


def test_what_is_readable_is_in_one_frame_after_a_repair(start):
    server = start()
    posted = {}

    def post(numbers):
        for number in numbers:
            body = b"item %d;" % number + b"." * 200
            posted[body] = server.post(f"channel-{number % 3}", body).json()["frame"]

    post(range(20))
    first = min(posted.values(), key=int)
    until(lambda: first in [entry["id"] for entry in server.index()], "the first window to be a frame")
    post(range(20, 40))
    before = {entry["id"]: server.frame_octets(entry["id"]) for entry in server.index()}
    kill(server)
    segment = segment_with(server, b"item 39;")
    octets = segment.read_bytes()
    for number in (5, 20, 38):
        flip(segment, octets.index(b"item %d;" % number))
    # The log may have all items of this one still, and then it is made anew.
    [file] = (server.directory / "frames").glob(f"{first}-*.frame")
    flip(file, 40)

    report = verify(server.directory, "--repair")
    assert report["repair"]["moved"]
    again = start(directory=server.directory)
    for body, frame_id in posted.items():
        if frame_id not in before and frame_id != first:
            until(lambda: again.get(f"/{frame_id}").status != 404 or int(again.index()[0]["id"]) > int(frame_id), "its window")
    for frame_id, content in before.items():
        response = again.get(f"/{frame_id}")
        assert response.status == 404 if response.status != 200 else response.body == content
    lost_frames = {frame["id"] for frame in report["repair"]["lostFrames"]}
    assert lost_frames <= {first}
    found = items(again.all_frames())
    assert set(found.values()) == {1} and set(found) <= set(posted)
    missing = {body for body in posted if body not in found and posted[body] not in lost_frames}
    assert {body.partition(b";")[0] for body in missing} <= {b"item 5", b"item 20", b"item 38"}
    again.stop()
    verify(again.directory)


def test_a_damaged_frame_is_made_anew(start):
    """From its gzip form, which inflates to exactly its octets; and without one, from the log."""
    server = start()
    frame_id = server.post("a", b"x" * 5000).json()["frame"]
    octets = server.frame_octets(frame_id)
    frames = server.directory / "frames"
    until(lambda: list(frames.glob(f"{frame_id}-*.frame.gz")), "its gzip form")
    server.stop()
    [file] = frames.glob(f"{frame_id}-*.frame")
    [gzip] = frames.glob(f"{frame_id}-*.frame.gz")
    for damaged in ([file], [file, gzip], [gzip]):
        for each in damaged:
            flip(each, 35)
        report = verify(server.directory, check=False)
        assert {finding["file"] for finding in report["findings"]} == {f"frames/{each.name}" for each in damaged}
        report = verify(server.directory, "--repair")
        assert report["repair"]["madeAnew"] == ([frame_id] if file in damaged else [])
        assert report["repair"]["lostFrames"] == []
        assert file.read_bytes() == octets
        if damaged == [file, gzip]:
            # A whole one again, for the last round, in which it alone is damaged.
            gzip.write_bytes((server.directory / "damaged/frames" / gzip.name).read_bytes())
            flip(gzip, 35)
    again = start(directory=server.directory)
    assert again.frame_octets(frame_id) == octets


def test_a_frame_that_nothing_gives_back_is_said_and_stays_lost(start):
    server = start()
    frame_id = server.post("a", b"only here").json()["frame"]
    server.frame_octets(frame_id)
    kill(server)
    for file in (server.directory / "frames").glob(f"{frame_id}-*"):
        flip(file, 50)
    segment = segment_with(server, b"only here")
    flip(segment, segment.read_bytes().index(b"only here"))
    report = verify(server.directory, "--repair")
    assert [frame["id"] for frame in report["repair"]["lostFrames"]] == [frame_id]
    assert report["repair"]["lostFrames"][0]["items"] in (1, None)
    again = start(directory=server.directory)
    assert again.get(f"/{frame_id}").status in (404, 410)
    assert again.post("a", b"goes on").json()["frame"] != frame_id


def test_a_missing_and_a_truncated_segment(start):
    """Items of 4 MiB fill several segments."""
    server = start(frame_duration="1h")
    bodies = [bytes([65 + number]) * (4 << 20) for number in range(40)]
    for body in bodies:
        assert server.post("a", body).status == 200
    kill(server)
    segments = sorted((server.directory / "log").glob("*.segment"))
    assert len(segments) >= 3
    segments[1].rename(server.directory / "elsewhere")
    report = verify(server.directory, check=False)
    assert f"log/{segments[1].name}" in [finding["file"] for finding in report["findings"]]
    with segments[0].open("r+b") as file:
        file.truncate(segments[0].stat().st_size // 2)
    report = verify(server.directory, check=False)
    assert {finding["file"] for finding in report["findings"]} >= {f"log/{segments[0].name}", f"log/{segments[1].name}"}
    report = verify(server.directory, "--repair")
    assert 5 <= report["items"] < 40
    again = start(directory=server.directory, frame_duration="1h")
    assert again.post("a", b"goes on").status == 200


def test_usage(tmp_path):
    assert run("verify", "--no-such-option", check=False).returncode == 64
    missing = run("verify", "--data-dir", tmp_path / "none", check=False)
    assert missing.returncode == 1 and b"no data directory" in missing.stderr
    assert not (tmp_path / "none").exists()
    empty = run("verify", "--data-dir", tmp_path, "--repair", check=False)
    assert empty.returncode == 1 and b"no data directory" in empty.stderr
    assert list(tmp_path.iterdir()) == []
    assert b"Examples:" in run("verify", "--help").stdout
    assert PROGRAM.is_file()
