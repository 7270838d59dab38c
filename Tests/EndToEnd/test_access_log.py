"""The access log: a line for every answer, over both protocols, and nothing in it that is somebody's secret or data."""

import json
import os
import re
import signal
import subprocess

from support.server import AUTHORIZED, JSON, SECRET, free_port
from support.waiting import DEADLINE_SECONDS, until
from support.wire import Wire

EITHER_PROTOCOL = True

LINE = re.compile(
    r'(?P<client>\S+) - - \[\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d \+0000\] "(?P<request>[^"]*)" '
    r'(?P<status>\d{3}) (?P<octets>\d+) \d+')
VERSION = {"http1": "HTTP/1.1", "http2": "HTTP/2.0"}


def lines(file, count):
    """All lines of the log, once there are so many."""
    def attempt():
        text = file.read_text() if file.exists() else ""
        return text.splitlines() if text.count("\n") >= count else None
    found = until(attempt, f"{count} lines in {file}")
    assert len(found) == count, found
    return found


def requests(file, count):
    """What each line says was asked, its status, and the octets of the answer's content."""
    found = [LINE.fullmatch(line) for line in lines(file, count)]
    assert all(found), file.read_text()
    assert {match["client"] for match in found} == {"127.0.0.1"}
    return [(match["request"], int(match["status"]), int(match["octets"])) for match in found]


def test_every_answer_has_a_line(start, tmp_path, protocol):
    file = tmp_path / "access"
    server = start("--access-log", file)
    with server.client() as client:
        posted = client.ask("POST", "/channel/a?token=hidden", JSON, b'"payload"')
        stream = client.ask("POST", "/channel/a", {**AUTHORIZED, "Content-Type": "application/x-ndjson"}, b"1\n2\n")
        refused = client.ask("POST", "/channel/a", {"Authorization": "Bearer guessed", "Content-Type": "text/plain"}, b"x")
        assert (posted.status, stream.status, refused.status) == (200, 200, 401)
    index = server.get("/frame?limit=1", User_Agent="agent", Referer="referrer")
    head = server.ask("HEAD", "/frame")
    missing = server.get("/1")
    version = VERSION[protocol]
    # Each loop hands its lines over by itself.
    assert sorted(requests(file, 6)) == sorted([
        (f"POST /channel/a {version}", 200, len(posted.body)),
        (f"POST /channel/a {version}", 200, len(stream.body)),
        (f"POST /channel/a {version}", 401, len(refused.body)),
        (f"GET /frame {version}", 200, len(index.body)),
        (f"HEAD /frame {version}", head.status, 0),
        (f"GET /1 {version}", missing.status, len(missing.body)),
    ])
    assert os.stat(file).st_mode & 0o777 == 0o640
    for word in [SECRET, "guessed", "token", "hidden", "payload", "limit", "agent", "referrer"]:
        assert word not in file.read_text() and word not in server.log_text()


def test_lines_of_json(start, tmp_path, protocol):
    file = tmp_path / "access"
    server = start("--access-log", file, "--log-format", "json")
    server.get("/time?a=b")
    line = json.loads(lines(file, 1)[0])
    assert line.pop("microseconds") >= 0 and re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line.pop("time"))
    assert line.pop("octets") > 0
    assert line == {"client": "127.0.0.1", "method": "GET", "path": "/time", "protocol": VERSION[protocol], "status": 200}


def test_what_is_no_request_is_told(start, tmp_path):
    file = tmp_path / "access"
    server = start("--access-log", file)
    with Wire(("127.0.0.1", server.port), server.context) as wire:
        wire.send(b'GET /a"b c\r\nHost: a\r\n\r\n')
        assert wire.response().status == 400
    assert [request[:2] for request in requests(file, 1)] == [("-", 400)]


def test_a_log_that_was_moved_away_is_made_anew(start, tmp_path):
    """As logrotate does it: rename, SIGHUP. No line is lost, none comes twice."""
    file, moved = tmp_path / "access", tmp_path / "access.1"
    server = start("--access-log", file)
    server.get("/time")
    lines(file, 1)
    file.rename(moved)
    server.get("/healthz")
    lines(moved, 2)
    server.signal(signal.SIGHUP)
    until(file.exists, "the new file")
    server.get("/frame")
    assert "GET /frame " in lines(file, 1)[0]
    assert "GET /healthz " in lines(moved, 2)[1]


def test_a_stop_writes_all_lines(start, tmp_path):
    file = tmp_path / "access"
    server = start("--access-log", file)
    with server.client() as client:
        for _ in range(500):
            assert client.ask("GET", "/time").status == 200
    assert server.stop() == 0
    assert file.read_text().count("\n") == 500


def test_on_is_standard_error(start):
    server = start("--access-log", "on")
    server.get("/time")
    until(lambda: '"GET /time ' in server.log_text(), "the line")


def test_off_is_nowhere(start):
    server = start()
    server.get("/time")
    assert server.stop() == 0
    assert "/time" not in server.log_text()


def test_a_reader_that_takes_nothing_holds_nobody_up(start, tmp_path):
    """Lines are dropped and counted, and the server ends when told."""
    file, port = tmp_path / "pipe", free_port()
    os.mkfifo(file)
    reader = os.open(file, os.O_RDONLY | os.O_NONBLOCK)
    server = start("--access-log", file, "--admin", f"127.0.0.1:{port}")

    def dropped():
        with Wire(("127.0.0.1", port), None, plain=True) as wire:
            text = wire.ask("GET", "/metrics").body.decode()
        return int(re.search(r"^syncstreamer_access_log_lines_dropped_total (\d+)$", text, re.MULTILINE)[1])

    with server.client() as client:
        def attempt():
            for _ in range(200):
                assert client.ask("GET", "/" + "x" * 1000).status == 404
            return dropped()
        until(attempt, "lines to be dropped")
    assert server.stop() == 0
    os.close(reader)


def test_a_log_that_cannot_be_opened_stops_the_start(start, tmp_path):
    server = start("--access-log", tmp_path, waits=False)
    assert server.wait() != 0
    assert f"--access-log can't be opened: open {tmp_path}: Is a directory" in server.log_text()


def test_a_full_disk_is_said_once(start):
    server = start("--access-log", "/dev/full")
    for _ in range(3):
        server.get("/time")
    until(lambda: "the access log can't be written" in server.log_text(), "the complaint")
    assert server.stop() == 0
    assert server.log_text().count("the access log can't be written") == 1


def test_common_tools_can_read_it(start, tmp_path):
    """The Common Log Format: the seventh and the ninth word are the path and the status."""
    file = tmp_path / "access"
    server = start("--access-log", file)
    server.get("/time")
    lines(file, 1)
    finished = subprocess.run(["awk", "{ print $7, $9 }", file], capture_output=True, timeout=DEADLINE_SECONDS)
    assert finished.stdout == b"/time 200\n"
