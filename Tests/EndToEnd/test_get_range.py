"""`syncstreamer get` of a time: frames copied to a directory, each whole under its name or not at all, and no frame twice."""

import hashlib
import json
import os
import pty
import signal
import subprocess
import time

import pytest

from support import fake
from support.server import PROGRAM, Server, environment, run
from support.waiting import DEADLINE_SECONDS, until


def get(server, *arguments, **more):
    return run("get", "--url", f"https://localhost:{server.port}", "--cacert", server.identity.authority, *arguments, **more)


def names(directory):
    return sorted(path.name for path in directory.iterdir())


@pytest.fixture(scope="module")
def stored(tmp_path_factory, identity):
    """A server with 1,200 frames of a second each, more than a page of the index, beside those of now."""
    directory = tmp_path_factory.mktemp("stored") / "data"
    (directory / "frames").mkdir(parents=True)
    directory.chmod(0o700)
    for start in range(1_700_000_000_000, 1_700_001_200_000, 1000):
        octets = fake.frame(start, start + 1000, [b"%d" % start])
        (directory / "frames" / f"{start}-{hashlib.sha256(octets).hexdigest()}.frame").write_bytes(octets)
    server = Server(directory, identity, frame_duration="1s")
    yield server
    server.kill()


@pytest.mark.parametrize("moment", ["1700000001000", "1700000001999", "2023-11-14T22:13:21Z", "2023-11-14T22:13:21.999Z"])
def test_a_moment_is_in_the_frame_that_covers_it(stored, moment):
    """Also the one in which the frame begins."""
    assert get(stored, moment).stdout == stored.frame_octets("1700000001000")


def test_a_moment_that_no_frame_covers(stored):
    finished = get(stored, "2023-11-14T22:13:19.999Z", check=False)
    assert finished.returncode == 1 and finished.stdout == b"" and b"has no frame of 2023-11-14T22:13:19.999Z" in finished.stderr


def test_frames_of_a_time(stored, tmp_path):
    """Those that overlap it: the end is exclusive."""
    out = tmp_path / "new" / "frames"
    finished = get(stored, "--from", "1700000010500", "--to", "2023-11-14T22:13:40Z", "--out", out)
    assert finished.stdout == b"" and finished.stderr.startswith(f"{out}: 10 frames copied, ".encode())
    assert names(out) == [f"{start}.frame" for start in range(1_700_000_010_000, 1_700_000_020_000, 1000)]
    for path in out.iterdir():
        assert path.read_bytes() == stored.frame_octets(path.stem)


def test_more_frames_than_a_page_of_the_index(stored, tmp_path):
    get(stored, "--from", "1699999999000", "--to", "1700001200000", "--out", tmp_path / "all")
    assert len(names(tmp_path / "all")) == 1200


def test_what_is_there_and_right_is_not_fetched_again(stored, tmp_path):
    arguments = ("--from", "1700000000000", "--to", "1700000005000", "--out", tmp_path)
    get(stored, *arguments)
    before = {path.name: (path.stat().st_ino, path.read_bytes()) for path in tmp_path.iterdir()}
    damaged, missing = tmp_path / "1700000001000.frame", tmp_path / "1700000002000.frame"
    damaged.write_bytes(damaged.read_bytes()[:-1])
    missing.unlink()
    finished = get(stored, *arguments)
    assert b": 2 frames copied" in finished.stderr and b"; 3 there already" in finished.stderr
    after = {path.name: (path.stat().st_ino, path.read_bytes()) for path in tmp_path.iterdir()}
    assert {name: octets for name, (_, octets) in after.items()} == {name: octets for name, (_, octets) in before.items()}
    assert [name for name in before if before[name][0] == after[name][0]] == [
        name for name in before if name not in (damaged.name, missing.name)]


def test_since_goes_by_the_servers_clock(start, tmp_path):
    server = start()
    posted = server.post("c", b"1").json()
    octets = server.frame_octets(posted["frame"])
    out = tmp_path / "out"
    get(server, "--since", "1h", "--out", out)
    assert (out / f"{posted['frame']}.frame").read_bytes() == octets


def test_since_asks_the_server_for_the_time(tmp_path):
    def answer(path, query, fields):
        if path == "/time":
            return 200, {}, b'{"receivedAt":1000000.25,"sentAt":1000000.5}'
        return fake.index(999_000) if path == "/frame" else fake.sound(999_000)
    with fake.server(answer) as server:
        run("get", "--url", server.url, "--since", "10s", "--out", tmp_path)
        assert "/frame?from=990000&limit=1000" in server.asked
    assert names(tmp_path) == ["999000.frame"]


def test_a_time_without_a_frame(stored, tmp_path):
    finished = get(stored, "--from", "1000", "--to", "2000", "--out", tmp_path / "none", check=False)
    assert finished.returncode == 1 and b"has no frame of that time" in finished.stderr
    assert not (tmp_path / "none").exists()


def test_it_is_said_where_a_time_begins_before_the_frames(stored, tmp_path):
    finished = get(stored, "--from", "1699999990000", "--to", "1700000002000", "--out", tmp_path)
    assert b"the first frame is of 2023-11-14T22:13:20.000Z; there is none before it" in finished.stderr
    assert names(tmp_path) == ["1700000000000.frame", "1700000001000.frame"]


@pytest.mark.parametrize("arguments", [
    ["latest", "--since", "1s", "--out", "d"], ["--since", "1s"], ["latest", "--out", "d"], ["--from", "5", "--to", "5", "--out", "d"], []])
def test_usage(arguments, tmp_path):
    assert run("get", *arguments, check=False).returncode == 64


# What a server may do wrong

STARTS = (1000, 2000, 3000)


def run_against(answer, out):
    """Copies three frames, of which `answer` gives the second."""
    def whole(path, query, fields):
        if path == "/frame":
            return fake.index(*STARTS)
        return answer(fields) if path == "/2000" else fake.sound(int(path[1:]))
    with fake.server(whole) as server:
        return run("get", "--url", server.url, "--from", "0", "--out", out, check=False)


def cut(fields):
    octets = fake.frame(2000, 3000, [bytes(100_000)])
    return 200, {"Content-Length": str(len(octets)), **fake.digest_field(octets)}, lambda file: file.write(octets[:50_000])


def changed(fields):
    octets = fake.frame(2000, 3000)
    return 200, fake.digest_field(b"another"), octets


def no_frame(fields):
    return 200, fake.digest_field(b"no frame"), b"no frame"


def another(fields):
    return fake.sound(3000)


@pytest.mark.parametrize("answer", [cut, changed, no_frame, another])
def test_what_is_not_the_frame_never_gets_its_name(answer, tmp_path):
    finished = run_against(answer, tmp_path)
    assert finished.returncode == 1 and b"/2000" in finished.stderr
    assert names(tmp_path) == ["1000.frame"], "the one before it, and nothing half done"


def test_a_frame_that_was_removed_meanwhile_is_told(tmp_path):
    finished = run_against(lambda fields: (410, {}, b""), tmp_path)
    assert finished.returncode == 1 and b"1 removed by the server before they were copied" in finished.stderr
    assert names(tmp_path) == ["1000.frame", "3000.frame"]


def test_an_id_that_is_a_path_is_refused(tmp_path):
    def answer(path, query, fields):
        return 200, {}, json.dumps([{"id": "../x", "startAt": 1, "endAt": 2}]).encode()
    with fake.server(answer) as server:
        finished = run("get", "--url", server.url, "--from", "0", "--out", tmp_path / "out", check=False)
    assert finished.returncode == 1 and b"is no frame's id" in finished.stderr
    assert names(tmp_path / "out") == [] and names(tmp_path) == ["out"]


def test_an_interruption_leaves_whole_frames_and_the_next_run_goes_on(tmp_path):
    """The second frame does not come before the interruption does."""
    def begin(file):
        octets = fake.frame(2000, 3000, [bytes(1000)])
        file.write(octets[:100])
        file.flush()
        until(lambda: command.poll() is not None, "the end of the command")

    def answer(path, query, fields):
        if path == "/frame":
            return fake.index(*STARTS)
        if path == "/2000" and not is_second:
            return 200, {"Content-Length": "1048"}, begin
        octets = fake.sound(int(path[1:]))
        tag = hashlib.sha256(octets[2]).hexdigest()[:32]
        return (304, {}, b"") if fields.get("If-None-Match") == f'"{tag}"' else octets

    is_second = False
    with fake.server(answer) as server:
        arguments = ["get", "--url", server.url, "--from", "0", "--out", str(tmp_path)]
        command = subprocess.Popen([str(PROGRAM), *arguments], stderr=subprocess.PIPE, env=environment())
        until(lambda: "/2000" in server.asked, "the second frame's turn")
        command.send_signal(signal.SIGINT)
        _, said = command.communicate(timeout=DEADLINE_SECONDS)
        assert command.returncode == 1 and b"interrupted" in said
        assert names(tmp_path) == ["1000.frame"]
        is_second = True
        finished = run(*arguments)
        assert b": 2 frames copied" in finished.stderr and b"; 1 there already" in finished.stderr
    assert names(tmp_path) == ["1000.frame", "2000.frame", "3000.frame"]


def test_a_bar_on_a_terminal_when_it_lasts(tmp_path):
    def answer(path, query, fields):
        if path == "/frame":
            return fake.index(*STARTS)
        if path == "/2000":
            until(lambda: time.monotonic() > begun + 1.2, "more than the second without a bar")
        return fake.sound(int(path[1:]))

    begun = time.monotonic()
    terminal, end = pty.openpty()
    with fake.server(answer) as server:
        command = subprocess.Popen(
            [str(PROGRAM), "get", "--url", server.url, "--from", "0", "--out", str(tmp_path)], stderr=end, env=environment())
        os.close(end)
        assert command.wait(DEADLINE_SECONDS) == 0
    said = b""
    while b"copied" not in said:
        said += os.read(terminal, 4096)
    os.close(terminal)
    assert b"]  66%  2 of 3 frames" in said
    assert b"\r\x1b[K" in said, "the bar is taken away"
