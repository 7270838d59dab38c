"""A server under test: the release binary, on a free port, with a data directory of its own."""

import contextlib
import os
import random
import re
import resource
import signal
import socket
import subprocess
import threading
from pathlib import Path

from support import timeframe
from support.http2 import HTTP2Client
from support.waiting import DEADLINE_SECONDS, until
from support.wire import Wire, trusting

PROGRAM = Path(os.environ.get("SYNCSTREAMER_PROGRAM", Path(__file__).resolve().parents[3] / ".build/release/syncstreamer"))
SECRET = "a-secret-of-the-tests"
AUTHORIZED = {"Authorization": f"Bearer {SECRET}"}
JSON = {**AUTHORIZED, "Content-Type": "application/json"}
OCTETS = {**AUTHORIZED, "Content-Type": "application/octet-stream"}


def environment(**more):
    """This process's environment without what would steer the command, and with `more`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SYNCSTREAMER_") and name != "PORT"}
    return {**kept, **more}


def run(*arguments, check=True, stdin=b"", timeout=DEADLINE_SECONDS, **more):
    """Runs the command to its end; its output is octets."""
    finished = subprocess.run(
        [str(PROGRAM), *map(str, arguments)], input=stdin, capture_output=True, timeout=timeout, env=environment(**more))
    assert not check or finished.returncode == 0, finished.stderr.decode()
    return finished


# From below the ports that Linux gives to clients and to who asks for port 0 (32768 and up, ip(7)), so that none of
# those can take a port between its choice here and its use; in an order of this process's own, each but once, so that two
# runs of the tests at once seldom meet.
_ports = iter(random.sample(range(20_000, 32_000), 12_000))


def free_port():
    """A port that nobody has, and that is given to no other caller."""
    for port in _ports:
        with contextlib.suppress(OSError), socket.create_server(("", port)):
            return port
    raise AssertionError("no port is free between 20000 and 32000")


class Server:
    # What `ask` and those that build on it speak; the fixture `protocol` sets it.
    protocol = "http1"

    def __init__(
        self, directory, identity, *options, host="127.0.0.1", frame_duration="200ms", secret=SECRET, before=(), waits=True,
        **more
    ):
        self.directory, self.identity = directory, identity
        self.log_file = directory.parent / (directory.name + ".log")
        arguments = ["serve", "--port", str(free_port()), "--data-dir", str(directory), "--admin", "off"]
        if host:
            arguments += ["--host", host]
        if identity:
            arguments += ["--cert", str(identity.certificate), "--key", str(identity.key)]
        if frame_duration:
            arguments += ["--frame-duration", frame_duration]
        if "--retain-frames" not in options:
            arguments += ["--retain-frames", "100000"]
        if secret:
            more = {"SYNCSTREAMER_SECRET": secret, **more}
        self.log = open(self.log_file, "ab")
        self.process = subprocess.Popen(
            [*before, str(PROGRAM), *arguments, *map(str, options)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=self.log, env=environment(**more))
        self.output = []
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        self.context = trusting(identity.authority) if identity else None
        if waits:
            self.wait_for_line()

    def wait_for_line(self):
        """Returns once it serves."""
        until(lambda: self.output or self.process.poll() is not None, "the listening line")
        assert self.output, f"it did not start: {self.log_text()}"
        self.line = self.output[0].decode()
        assert self.line.startswith("listening on https://") and self.line.endswith("\n"), self.line
        self.url = self.line.removeprefix("listening on ").strip()
        self.port = int(self.url.rpartition(":")[2])

    def _read(self):
        for line in self.process.stdout:
            self.output.append(line)

    @property
    def pid(self):
        return self.process.pid

    def log_text(self):
        return self.log_file.read_text()

    def plain_address(self):
        """Where the listener without TLS is, from the line that warns of it."""
        found = until(lambda: re.search(r"http://(\S+):(\d+) is open too", self.log_text()), "the warning")
        return found.group(1), int(found.group(2))

    # Asking it

    def wire(self, host="127.0.0.1", **settings):
        return Wire((host, self.port), settings.pop("context", self.context), **settings)

    def client(self, host="127.0.0.1", **settings):
        """A connection by the protocol that the test runs with."""
        kinds = {"http1": Wire, "http2": HTTP2Client}
        return kinds[Server.protocol]((host, self.port), settings.pop("context", self.context), **settings)

    def ask(self, method, target, fields=(), body=None):
        """One request on a connection of its own."""
        with self.client() as client:
            return client.ask(method, target, fields, body)

    def get(self, target, **fields):
        return self.ask("GET", target, {name.replace("_", "-"): value for name, value in fields.items()})

    def post(self, channel, body, fields=OCTETS, query=""):
        return self.ask("POST", f"/channel/{channel}{query}", fields, body)

    def index(self):
        response = self.get("/frame")
        assert response.status == 200
        return response.json()

    def frame_octets(self, frame_id):
        """The octets of a frame, once it is sealed."""
        def attempt():
            response = self.get(f"/{frame_id}")
            assert response.status in (200, 404), response
            return response.body if response.status == 200 else None
        return until(attempt, f"frame {frame_id}")

    def frame(self, frame_id):
        return timeframe.decode(self.frame_octets(frame_id))

    def all_frames(self):
        """Every frame listed, oldest first, decoded."""
        with self.client() as client:
            entries = reversed(client.ask("GET", "/frame").json())
            frames = []
            for entry in entries:
                response = client.ask("GET", f"/{entry['id']}")
                assert response.status == 200
                frames.append(timeframe.decode(response.body))
            return frames

    def is_listening(self):
        try:
            self.wire().close()
            return True
        except OSError:
            return False

    # Ending it

    def signal(self, number):
        self.process.send_signal(number)

    def wait(self, seconds=DEADLINE_SECONDS):
        """Its exit status, once it has ended."""
        status = self.process.wait(seconds)
        self.reader.join(seconds)
        self.process.stdout.close()
        self.log.close()
        return status

    def stop(self):
        self.signal(signal.SIGTERM)
        status = self.wait()
        assert self.output == [self.output[0]], f"more than one line on standard output: {self.output}"
        return status

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        if not self.log.closed:
            self.wait()

    def cpu_seconds(self):
        """Processor time of all its threads so far."""
        ticks = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(ticks[11]) + int(ticks[12])) / os.sysconf("SC_CLK_TCK")

    def set_descriptors_max(self, count):
        """Changes how many descriptors the running server may have; returns how many it might before."""
        before, most = resource.prlimit(self.pid, resource.RLIMIT_NOFILE)
        resource.prlimit(self.pid, resource.RLIMIT_NOFILE, (count, most))
        return before

    def anonymous_octets(self):
        """The memory it has that is no file's. None under a sanitizer, which keeps what was freed, and notes of all that wasn't:
        how much that is says nothing of the server."""
        if "SANITIZED" in os.environ:
            return 0
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("RssAnon:"):
                return int(line.split()[1]) * 1024

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def sockets(self):
        """Listeners and connections; the log opens and closes files of its own at any time."""
        count = 0
        for link in Path(f"/proc/{self.pid}/fd").iterdir():
            with contextlib.suppress(FileNotFoundError):  # Closed since it was listed.
                count += os.readlink(link).startswith("socket:")
        return count
