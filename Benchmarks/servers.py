"""The server under test."""

import os
import re
import signal
import socket
import time
from pathlib import Path

from Benchmarks import frames
from Benchmarks.client import SECRET, Client, check_suite, context
from Benchmarks.measuring import cpu_seconds
from Benchmarks.setting import ROOT, SERVER_CORE

PROGRAM = Path(os.environ.get("SYNCSTREAMER_PROGRAM", ROOT / ".build" / "release" / "syncstreamer"))
DEADLINE_SECONDS = 60


def until(condition, what, pause=0.005):
    """Waits until `condition()` is true, and returns what it gave."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while time.monotonic() < deadline:
        if result := condition():
            return result
        time.sleep(pause)
    raise TimeoutError(what)


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


class Server:
    """A process that serves, until the block ends."""

    name = ""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(DEADLINE_SECONDS)

    def wait_for_port(self):
        def answers():
            if self.process.poll() is not None:
                raise RuntimeError(f"{self.name} ended with status {self.process.returncode}")
            with socket.socket() as probe:
                return probe.connect_ex(("127.0.0.1", self.port)) == 0
        until(answers, f"{self.name} on port {self.port}")


class SyncStreamer(Server):
    """The release binary with everything on, as by default, and limits that let the load in.

    Frames of `sizes` are there from the start; `path(size)` is where. They stand in a data directory of its own, or in
    the one given.
    """

    name = "ours"

    def __init__(self, setting, *options, sizes=(), cores=SERVER_CORE, threads=1, data=None):
        self.data = data or setting.new_folder("ours") / "data"
        self.starts = frames.lay(self.data, sizes) if sizes else []
        self.paths = {size: f"/{start}" for size, start in zip(sizes, self.starts)}
        limits = ("--max-connections", 15_000, "--max-connections-per-address", 15_000, "--idle-timeout", "1h")
        scale = ("--threads", threads) if threads else ()
        environment = {key: value for key, value in setting.environment.items() if not key.startswith("SYNCSTREAMER_")}
        began = time.monotonic()
        self.process = setting.start(
            cores, PROGRAM, "serve", "--host", "127.0.0.1", "--port", 0, "--data-dir", self.data, "--admin", "off",
            "--cert", setting.certificate, "--key", setting.key, "--log-level", "warning", *limits, *scale, *options,
            env={**environment, "SYNCSTREAMER_SECRET": SECRET}, text=True, stdout=-1)
        line = self.process.stdout.readline()
        self.start_seconds = time.monotonic() - began
        listening = re.match(r"listening on https://.*:(\d+)$", line)
        if not listening:
            raise RuntimeError("the server did not start")
        self.port = int(listening[1])
        self.pids = [self.process.pid]
        self.start_cpu_seconds = cpu_seconds(self.pids)
        check_suite(self.port)

    def wait_for_checks(self):
        """Until the thread that checks the frames it has found has ended."""
        def is_over():
            try:
                return all((task / "comm").read_text() != "checker\n" for task in tasks.iterdir())
            except OSError:
                return False  # A thread ended between the two looks.

        tasks = Path(f"/proc/{self.process.pid}/task")
        until(is_over, "the check of all frames")

    def path(self, size):
        return self.paths[size]

    def get(self, path, *fields, method="GET"):
        """One request on a connection of its own."""
        with Client(self.port, context()) as client:
            return client.get(path, *fields, method=method)
