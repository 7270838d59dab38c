"""What the command makes of standard streams and files that are not as they should be: closed, full, pipes, directories."""

import os
import subprocess

import pytest

from support.server import PROGRAM, SECRET, environment, run
from support.waiting import DEADLINE_SECONDS


def run_in_shell(redirections, *arguments, **more):
    """Runs the command with the redirections of a shell, such as `>&-`, which closes standard output."""
    return subprocess.run(
        ["sh", "-c", f'exec "$0" "$@" {redirections}', str(PROGRAM), *map(str, arguments)],
        capture_output=True, timeout=DEADLINE_SECONDS, env=environment(**more))


# Closed

def test_a_server_without_standard_streams_writes_into_no_file_of_its_own(start):
    """The number of a closed stream would be the next file's, and the log would be written into that."""
    server = start(before=["sh", "-c", 'exec "$@" 0<&- 2>&-', "sh"])
    streams = [os.readlink(f"/proc/{server.pid}/fd/{number}") for number in (0, 2)]
    assert streams == ["/dev/null", "/dev/null"]
    assert server.get("/frame").status == 200
    assert server.stop() == 0
    assert (server.directory / "lock").read_bytes() == b""


def test_posting_from_a_closed_standard_input_ends(server, channel):
    """Its number was the next descriptor's, which never has an end."""
    finished = run_in_shell(
        "<&-", "post", "--url", f"https://localhost:{server.port}", "--cacert", server.identity.authority, channel,
        SYNCSTREAMER_SECRET=SECRET)
    assert finished.returncode == 1 and b"standard input" in finished.stderr


# Full

@pytest.mark.parametrize("redirection", [">/dev/full", ">&-"])
def test_a_result_that_cannot_be_written_is_no_success(tmp_path, redirection):
    run("cert", "--cert", tmp_path / "cert.pem", "--key", tmp_path / "key.pem", "localhost")
    finished = run_in_shell(redirection, "cert", "show", tmp_path / "cert.pem")
    assert finished.returncode == 1 and b"standard output" in finished.stderr


def test_a_secret_that_nobody_saw_is_said_to_be_lost(tmp_path):
    finished = run_in_shell(">/dev/full", "secret", "make", "device", "--secret-file", tmp_path / "secrets")
    assert finished.returncode == 1 and b"revoke device" in finished.stderr


# Pipes in the place of files

def test_a_frame_and_an_item_may_come_through_a_pipe(server, channel):
    url = ["--url", f"https://localhost:{server.port}", "--cacert", server.identity.authority]
    script = f"""
        "$0" post {channel} --file <(printf 12345) --secret-from <(echo {SECRET}) "$@" | grep -o '[0-9]*$'
    """
    posted = subprocess.run(
        ["bash", "-c", script, str(PROGRAM), *map(str, url)], capture_output=True, timeout=DEADLINE_SECONDS, env=environment())
    frame_id = posted.stdout.decode().strip()
    frame = server.frame(frame_id)
    assert [item.data for item in frame.items(channel)] == [b"12345"], posted.stderr
    shown = subprocess.run(
        ["bash", "-c", f'"$0" inspect <("$0" get {frame_id} "$@")', str(PROGRAM), *map(str, url)],
        capture_output=True, timeout=DEADLINE_SECONDS, env=environment())
    assert channel.encode() in shown.stdout and b"12345" in shown.stdout, shown.stderr


# Directories in the place of files

@pytest.mark.parametrize("arguments", [
    ["inspect"], ["secret", "list", "--secret-file"], ["post", "--url", "https://localhost:1", "channel", "1", "--secret-from"],
    ["get", "--url", "https://localhost:1", "latest", "--output"],
])
def test_a_directory_is_said_to_be_one(tmp_path, arguments):
    finished = run(*arguments, tmp_path, check=False)
    said = finished.stderr.decode()
    assert finished.returncode == 1 and str(tmp_path) in said and "is a directory" in said.lower()
