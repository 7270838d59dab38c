"""Each of the examples, run as its first lines say."""

import functools
import http.server
import json
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from browser import Browser
from support.server import AUTHORIZED, SECRET, environment
from support.waiting import DEADLINE_SECONDS, until

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def settings(server):
    return environment(SYNCSTREAMER_URL=f"https://localhost:{server.port}", SYNCSTREAMER_SECRET=SECRET,
                       SYNCSTREAMER_CACERT=str(server.identity.authority))


def run(server, *arguments):
    return subprocess.run(arguments, env=settings(server), capture_output=True, text=True, timeout=2 * DEADLINE_SECONDS)


def items(server, channel):
    return [json.loads(item.data) for frame in server.all_frames() for item in frame.items(channel)]


def test_the_shell_one_liner(server, channel):
    finished = run(server, "sh", EXAMPLES / "post.sh", channel, '{"celsius": 21.5}')
    assert finished.returncode == 0, finished.stderr
    server.frame_octets(json.loads(finished.stdout)["frame"])
    assert items(server, channel) == [{"celsius": 21.5}]


def test_the_device_in_python(server, channel):
    finished = run(server, sys.executable, EXAMPLES / "device.py", channel, "15")
    assert finished.returncode == 0, finished.stderr
    assert [line.split()[0] for line in finished.stdout.splitlines()] == ["10", "5"]
    until(lambda: [item["n"] for item in items(server, channel)] == list(range(15)), "all readings, once and in order")


def test_the_device_in_c(server, channel, tmp_path):
    program = tmp_path / "device"
    compiler = next(found for name in ("cc", "clang", "gcc") if (found := shutil.which(name)))
    subprocess.run([compiler, "-Wall", "-Wextra", "-Werror", "-o", program, EXAMPLES / "device.c", "-lcurl"], check=True)
    finished = run(server, program, channel, "5")
    assert finished.returncode == 0, finished.stderr
    until(lambda: [item["n"] for item in items(server, channel)] == list(range(5)), "all readings, once and in order")
    wrong = subprocess.run([program, channel, "1"], env={**settings(server), "SYNCSTREAMER_SECRET": "wrong"}, capture_output=True,
                           text=True, timeout=DEADLINE_SECONDS)
    assert wrong.returncode == 1 and "401" in wrong.stderr


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture
def pages():
    """A web server that has the examples, and no more to do with the server than any other."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=EXAMPLES))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://localhost:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def test_the_page_that_plays_two_channels_in_sync(start, identity, channel, pages, tmp_path):
    """Both channels get the same number at the same time, and whenever one looks the page shows the same of both. The server
    waits for items that come late: one that it refused would be missing in one of them."""
    server = start("--lateness", "2s")
    url = f"https://localhost:{server.port}"
    browser = Browser(tmp_path / "chromedriver.log")
    over = threading.Event()

    def post():
        number = 0
        while not over.wait(0.1):
            now = int(time.time() * 1000)
            for name in ("one", "other"):
                server.post(f"{channel}-{name}", b"%d" % number, {**AUTHORIZED, "Content-Type": "application/json"}, f"?timestamp={now}")
            number += 1

    thread = threading.Thread(target=post, daemon=True)
    thread.start()
    try:
        # The page must accept the certificate of the server that it asks.
        browser.open(url + "/healthz")
        browser.open(f"{pages}/sync.html?server={url}&one={channel}-one&other={channel}-other")
        shown = "[document.querySelector('#one').textContent, document.querySelector('#other').textContent]"
        first = browser.wait(f"{shown}.every(Boolean) && {shown}", "both channels")
        seen = []
        until(lambda: (seen.append(browser.run(f"return {shown}")), int(seen[-1][0]) > int(first[0]) + 10)[1], "what comes next")
        assert [pair for pair in seen if pair[0] != pair[1]] == []
        assert "playing" in browser.text("#state")
    finally:
        over.set()
        thread.join()
        browser.close()
