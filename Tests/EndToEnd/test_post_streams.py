"""`syncstreamer post` from standard input: batches, retries across kills, counts."""

import json
import os
import signal
import ssl
import struct
import subprocess
import threading
import time
from contextlib import contextmanager
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from support.server import PROGRAM, SECRET, environment, run
from support.waiting import DEADLINE_SECONDS, until


def arguments(server, *more):
    return ["post", "--url", f"https://localhost:{server.port}", "--cacert", server.identity.authority, *more]


def stored(server, channel):
    return [item.data for frame in server.all_frames() for item in frame.items(channel)]


def begin(server, *more):
    """The command, with its standard input open."""
    return subprocess.Popen(
        [str(PROGRAM), *map(str, arguments(server, *more))], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, env=environment(SYNCSTREAMER_SECRET=SECRET))


def test_lines_of_standard_input(server, channel):
    finished = run(*arguments(server, channel), stdin=b"".join(b"%d\n" % n for n in range(20_000)), SYNCSTREAMER_SECRET=SECRET)
    assert finished.stdout.startswith(b"20000 items acknowledged, the last for frame ")
    assert finished.stderr == b"", "no progress bar where nobody looks"
    until(lambda: stored(server, channel) == [b"%d" % n for n in range(20_000)], "all lines in their order")


def test_records_of_standard_input(server, channel):
    items = [bytes([n % 256]) * n for n in range(300)]
    octets = b"".join(struct.pack(">QQ", 0, len(item)) + item for item in items)
    finished = run(*arguments(server, channel, "--records", "--type", "noise", "--json"), stdin=octets, SYNCSTREAMER_SECRET=SECRET)
    counts = json.loads(finished.stdout)
    assert (counts["accepted"], counts["rejected"]) == (300, 0)
    until(lambda: stored(server, channel) == items, "all records")
    torn = run(*arguments(server, channel, "--records"), stdin=octets[:-1], check=False, SYNCSTREAMER_SECRET=SECRET)
    assert torn.returncode == 1 and b"299 items acknowledged" in torn.stdout and b"within a record" in torn.stderr


def test_items_are_posted_as_they_come(server, channel):
    posting = begin(server, channel)
    try:
        for number in range(3):
            posting.stdin.write(b"%d\n" % number)
            posting.stdin.flush()
            until(lambda: stored(server, channel) == [b"%d" % n for n in range(number + 1)], "the item in a frame")
        output, _ = posting.communicate(timeout=DEADLINE_SECONDS)
        assert posting.returncode == 0 and output.startswith(b"3 items acknowledged")
    finally:
        posting.kill()
        posting.wait()


def test_refused_items_are_told_by_number(server, channel):
    finished = run(*arguments(server, channel), stdin=b"1\nx\n2\ny\n", check=False, SYNCSTREAMER_SECRET=SECRET)
    assert finished.returncode == 1
    assert finished.stdout.startswith(b"2 items acknowledged, 2 refused")
    assert b"item 1 was refused: At octet 0" in finished.stderr and b"item 3 was refused" in finished.stderr
    nothing = run(*arguments(server, channel), stdin=b"x\n", check=False, SYNCSTREAMER_SECRET=SECRET)
    assert nothing.returncode == 1 and nothing.stdout.startswith(b"0 items acknowledged, 1 refused")


def test_what_no_retry_can_cure_ends_it(server, channel):
    for more in ({"SYNCSTREAMER_SECRET": "wrong-secret-of-the-tests"},):
        finished = run(*arguments(server, channel), stdin=b"1\n", check=False, **more)
        assert finished.returncode == 1 and b"401" in finished.stderr
    foreign = run("post", "--url", f"https://localhost:{server.port}", channel, stdin=b"1\n", check=False, SYNCSTREAMER_SECRET=SECRET)
    assert foreign.returncode == 1 and b"--cacert" in foreign.stderr


@contextmanager
def stand_in(identity, *answers):
    """Something that answers in the server's place, one after the other: status, fields, body. Gives its arguments, and the
    keys of the requests that came."""
    left, keys = list(answers), []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            keys.append(self.headers["Idempotency-Key"])
            self.rfile.read(int(self.headers["Content-Length"]))
            status, fields, body = left.pop(0)
            self.send_response(status)
            for name, value in {**fields, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(identity.certificate, identity.key)
    with ThreadingHTTPServer(("localhost", 0), Handler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield ["post", "--url", f"https://localhost:{server.server_port}", "--cacert", identity.authority, "a"], keys
        server.shutdown()


@pytest.mark.parametrize("is_date", [False, True])
def test_what_may_be_stored_is_not_sent_again_once_its_key_may_be_forgotten(identity, is_date):
    """Of a server in between nobody knows what it has passed on, and it asks to come back in an hour."""
    retry_after = formatdate(time.time() + 3600, usegmt=True) if is_date else "3600"
    with stand_in(identity, (502, {"Retry-After": retry_after}, b"")) as (arguments, keys):
        finished = run(*arguments, stdin=b"1\n2\n", check=False, SYNCSTREAMER_SECRET=SECRET)
    assert finished.returncode == 1 and len(keys) == 1
    assert finished.stdout.startswith(b"0 items acknowledged")
    assert b"items 0 to 1 may be stored" in finished.stderr


def test_kills_of_the_server_lose_and_double_nothing(start):
    """The device goes on while the server dies and comes back; every line is in one frame, once, in order."""
    server = start()
    port = str(server.port)
    posting = begin(server, "a")
    count, kills = 0, 5
    for _ in range(kills):
        for _ in range(40):
            posting.stdin.write(b"".join(b"%d\n" % n for n in range(count, count + 500)))
            count += 500
        posting.stdin.flush()
        before = len(stored(server, "a")) if server.is_listening() else 0
        until(lambda: len(stored(server, "a")) > before, "some items in frames")
        server.kill()
        server = start("--port", port, directory=server.directory)
    output, errors = posting.communicate(timeout=DEADLINE_SECONDS)
    assert posting.returncode == 0, errors
    assert output.startswith(b"%d items acknowledged" % count)
    until(lambda: len(stored(server, "a")) >= count, "all items in frames")
    assert stored(server, "a") == [b"%d" % n for n in range(count)]


def test_an_interruption_says_how_far_it_came(start):
    server = start()
    posting = begin(server, "a")
    posting.stdin.write(b"1\n2\n")
    posting.stdin.flush()
    until(lambda: stored(server, "a") == [b"1", b"2"], "the items in a frame")
    server.kill()
    posting.stdin.write(b"3\n")
    posting.stdin.flush()
    line = posting.stderr.readline()
    assert b"trying again until it works" in line
    os.kill(posting.pid, signal.SIGINT)
    output, _ = posting.communicate(timeout=DEADLINE_SECONDS)
    assert posting.returncode == 1 and output.startswith(b"2 items acknowledged")
