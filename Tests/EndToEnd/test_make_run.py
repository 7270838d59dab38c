"""What `make run` starts, and the lines that it prints: each is run as it stands, in the project's folder."""

import os
import signal
import socket
import subprocess
from pathlib import Path

from support.server import environment, free_port
from support.waiting import DEADLINE_SECONDS, until

ROOT = Path(__file__).resolve().parents[2]


def test_the_printed_lines_work_as_they_stand_and_one_interrupt_ends_all(tmp_path):
    port = free_port()
    output = tmp_path / "output"
    with open(output, "wb") as file:
        process = subprocess.Popen(
            # Whoever runs the tests in the background may have them ignore interrupts.
            ["env", "--default-signal=INT", ROOT / "scripts/run"], stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT, start_new_session=True,
            env=environment(PORT=str(port), SYNCSTREAMER_DATA_DIR=str(tmp_path / "data"), SYNCSTREAMER_ADMIN="off",
                            SYNCSTREAMER_FRAME_DURATION="500ms", SYNCSTREAMER_CERT=str(tmp_path / "cert.pem"),
                            SYNCSTREAMER_KEY=str(tmp_path / "key.pem")))
    try:
        until(lambda: "Ctrl-C ends the server" in output.read_text() or process.poll() is not None, "the lines")
        text = output.read_text()
        assert process.poll() is None, text
        assert f"https://localhost:{port}" in text and str(tmp_path / "data/secret") in text
        # Commands stand indented; a backslash at a line's end joins it to the next.
        joined = text.replace("\\\n", " ")
        commands = [line.strip() for line in joined.splitlines() if line.startswith("  curl ") or "| " in line]
        assert len(commands) == 3, text

        def printed(command):
            finished = subprocess.run(["bash", "-o", "pipefail", "-c", command], cwd=ROOT, capture_output=True,
                                      timeout=DEADLINE_SECONDS, env=environment())
            return finished.stdout.decode() if finished.returncode == 0 else None

        until(lambda: '"startAt"' in (printed(commands[0]) or ""), "a frame in the index")
        assert '"accepted":1' in printed(commands[1])
        # The demo's readings.
        until(lambda: "cpu" in (printed(commands[2]) or ""), "the machine's load in the latest frame")

        children = [int(pid) for pid in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()]
        assert len(children) >= 2
        # As a terminal's Ctrl-C does it.
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(DEADLINE_SECONDS) in (0, 130)
        assert not any(Path(f"/proc/{pid}").exists() for pid in children)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def test_it_says_why_when_the_server_cannot_start(tmp_path):
    with socket.create_server(("0.0.0.0", 0)) as taken:
        finished = subprocess.run(
            # Whoever runs the tests in the background may have them ignore interrupts.
            ["env", "--default-signal=INT", ROOT / "scripts/run"], stdin=subprocess.DEVNULL, capture_output=True, timeout=DEADLINE_SECONDS,
            env=environment(PORT=str(taken.getsockname()[1]), SYNCSTREAMER_DATA_DIR=str(tmp_path / "data"),
                            SYNCSTREAMER_ADMIN="off", SYNCSTREAMER_CERT=str(tmp_path / "cert.pem"),
                            SYNCSTREAMER_KEY=str(tmp_path / "key.pem")))
    assert finished.returncode == 1 and b"in use" in finished.stderr
