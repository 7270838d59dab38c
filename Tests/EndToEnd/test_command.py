"""The command's other parts, each run as a person would: post, get, inspect, secret, cert, demo."""

import csv
import hashlib
import io
import json
import re
import signal
import stat
import subprocess
from datetime import datetime
from pathlib import Path

import pytest

from support import identity as identities
from support import timeframe
from support.server import PROGRAM, SECRET, environment, run
from support.waiting import DEADLINE_SECONDS, until
from support.wire import trusting

COMMANDS = ["serve", "demo", "post", "get", "tail", "inspect", "export", "verify", "secret", "cert"]


def client(server, *arguments, check=True, stdin=b"", **more):
    """Runs a client command against a server, with the secret where `ps` can't see it."""
    return run(arguments[0], "--url", f"https://localhost:{server.port}", "--cacert", server.identity.authority, *arguments[1:],
               check=check, stdin=stdin, SYNCSTREAMER_SECRET=SECRET, **more)


# Conventions

@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_an_example(command):
    finished = run(command, "--help")
    assert b"USAGE" in finished.stdout and f"syncstreamer {command}".encode() in finished.stdout
    assert b"example" in finished.stdout.lower()
    # A line that is wrapped in the middle of a command doesn't work as it stands.
    lines = finished.stdout.decode().splitlines()
    assert not [after for line, after in zip(lines, lines[1:]) if "syncstreamer" in line and after and after[0] != " "
                and line.startswith("  ")]


def test_help_and_version_of_the_whole():
    printed = run("--help").stdout.decode()
    assert all(command in printed for command in COMMANDS)


@pytest.mark.parametrize("arguments", [["no-such-command"], ["get", "--no-such-option"], ["post"], ["cert", "--days", "x", "a"]])
def test_usage_errors_are_64(arguments):
    finished = run(*arguments, check=False)
    assert finished.returncode == 64 and finished.stdout == b"" and finished.stderr


def test_no_colours_where_nobody_looks(server, channel):
    for arguments in (["--help"], ["inspect", "--help"]):
        assert b"\x1b[" not in run(*arguments).stdout


# post and get

def test_post_then_get_then_inspect(server, channel):
    posted = client(server, "post", channel, '{"reading": 21.5}')
    frame_id = re.search(rb"\d{13}", posted.stdout).group().decode()
    octets = server.frame_octets(frame_id)
    got = client(server, "get", frame_id)
    assert got.stdout == octets
    shown = run("inspect", "-", stdin=got.stdout).stdout.decode()
    assert channel in shown and "application/json" in shown and "21.5" in shown


def test_post_takes_octets_from_a_file_and_from_standard_input(server, channel, tmp_path):
    file = tmp_path / "body"
    file.write_bytes(bytes(range(256)))
    for arguments, stdin in ((["--file", file], b""), (["--file", "-"], bytes(range(256)))):
        posted = client(server, "post", channel, *arguments, "--content-type", "application/octet-stream", "--type", "octets",
                        stdin=stdin)
        frame = server.frame(re.search(rb"\d{13}", posted.stdout).group().decode())
        assert frame.channel(channel).type == "octets"
        assert bytes(range(256)) in [item.data for item in frame.items(channel)]


def test_post_says_what_the_server_said(server, channel):
    finished = client(server, "post", channel, "{not json", check=False)
    assert finished.returncode == 1 and finished.stdout == b""
    assert b"JSON" in finished.stderr and len(finished.stderr.decode().strip().splitlines()) == 1


def test_post_with_a_wrong_secret(server, channel):
    finished = run("post", "--url", f"https://localhost:{server.port}", "--cacert", server.identity.authority, channel, "1",
                   check=False, SYNCSTREAMER_SECRET="wrong-secret-of-the-tests")
    assert finished.returncode == 1 and b"secret" in finished.stderr
    assert b"wrong-secret-of-the-tests" not in finished.stderr


def test_post_reads_the_secret_from_a_file(server, channel, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text(SECRET + "\n")
    run("post", "--url", f"https://localhost:{server.port}", "--cacert", server.identity.authority, "--secret-from", secret,
        channel, "1")


def test_get_latest_an_id_and_a_file(server, tmp_path):
    until(server.index, "a frame")
    latest = timeframe.decode(client(server, "get", "latest").stdout)
    assert latest.end - latest.start == 200
    file = tmp_path / "frame"
    client(server, "get", str(latest.start), "--output", file)
    assert timeframe.decode(file.read_bytes()).start == latest.start


def test_get_by_a_time(server, channel):
    posted = server.post(channel, b"1").json()
    octets = server.frame_octets(posted["frame"])
    assert client(server, "get", str(posted["receivedAt"])).stdout == octets


def test_get_of_what_is_not_there(server):
    finished = client(server, "get", "1732310400000", check=False)
    assert finished.returncode == 1 and finished.stdout == b"" and finished.stderr


def test_a_certificate_that_is_not_trusted(server):
    url = f"https://localhost:{server.port}"
    finished = run("get", "--url", url, "latest", check=False)
    assert finished.returncode == 1 and b"certificate" in finished.stderr.lower()
    until(server.index, "a frame")
    assert run("get", "--url", url, "--insecure", "latest").stdout


def test_a_server_that_is_not_there():
    finished = run("get", "--url", "https://localhost:1", "latest", check=False)
    assert finished.returncode == 1 and b"localhost" in finished.stderr
    assert len(finished.stderr.decode().strip().splitlines()) == 1


# inspect

@pytest.fixture(scope="module")
def frame_file(server, tmp_path_factory):
    with server.wire() as wire:
        fields = {"Authorization": f"Bearer {SECRET}", "Content-Type": "application/json"}
        for body in (b'{"a": 1}', b'"second, with a comma"'):
            answer = wire.ask("POST", "/channel/inspected", fields, body)
    frame_id = answer.json()["frame"]
    file = tmp_path_factory.mktemp("frames") / f"{frame_id}.frame"
    file.write_bytes(server.frame_octets(frame_id))
    return file


def test_inspect_as_a_table(frame_file):
    shown = run("inspect", frame_file).stdout.decode()
    assert "inspected" in shown and "application/json" in shown and frame_file.stem in shown


def test_inspect_as_json(frame_file):
    frame = timeframe.decode(frame_file.read_bytes())
    shown = json.loads(run("inspect", "--json", frame_file).stdout)
    text = json.dumps(shown)
    assert str(frame.start) in text and str(frame.end) in text and "inspected" in text


def test_inspect_as_csv(frame_file):
    octets = run("inspect", "--csv", frame_file, frame_file, "--member", "a").stdout
    assert octets.count(b"\n") == octets.count(b"\r\n")
    rows = list(csv.DictReader(io.StringIO(octets.decode(), newline="")))
    frame = timeframe.decode(frame_file.read_bytes())
    wanted = [(channel, item) for _ in range(2) for channel in frame.channels for item in channel.items]
    assert len(rows) == len(wanted) >= 4
    for row, (channel, item) in zip(rows, wanted):
        assert list(row) == ["channel", "type", "timestamp", "time", "size", "form", "data", "a"]
        assert (row["channel"], row["type"], row["form"]) == (channel.id, channel.type, "json")
        assert row["data"].encode() == item.data and int(row["size"]) == len(item.data)
        moment = datetime.fromisoformat(row["time"])
        assert round(moment.timestamp() * 1000) == int(row["timestamp"]) == item.timestamp
        assert row["a"] == ("1" if item.data == b'{"a": 1}' else "")


def test_inspect_says_what_is_wrong_and_where(frame_file, tmp_path):
    broken = tmp_path / "broken.frame"
    broken.write_bytes(frame_file.read_bytes()[:-1])
    finished = run("inspect", broken, check=False)
    assert finished.returncode == 1 and str(broken).encode() in finished.stderr
    assert re.search(rb"octet|at \d+", finished.stderr)


VECTORS = Path(__file__).resolve().parents[1] / "Vectors/invalid"


@pytest.mark.parametrize("name", sorted(json.loads((VECTORS / "reasons.json").read_text())))
@pytest.mark.parametrize("form", [[], ["--json"], ["--csv"]])
def test_inspect_of_every_broken_golden_frame(name, form):
    """One line: which file, what, and at which octet; and nothing on standard output that could be taken for a frame."""
    finished = run("inspect", VECTORS / f"{name}.frame", *form, check=False)
    assert finished.returncode == 1 and finished.stdout == b""
    assert re.fullmatch(rf"Error: \S*{name}.frame is no frame: .* \(at octet \d+\)(; it is one with --id-first)?\n", finished.stderr.decode())


def test_inspect_shows_what_comes_before_a_broken_frame(frame_file):
    finished = run("inspect", "--csv", frame_file, VECTORS / "version-0.frame", check=False)
    assert finished.returncode == 1 and b"version" in finished.stderr
    assert finished.stdout == run("inspect", "--csv", frame_file).stdout


# secret

def test_secrets_are_made_listed_and_revoked(start, tmp_path):
    file = tmp_path / "secrets"
    made = run("secret", "make", "device-1", "--channels", "room1-*", "--secret-file", file).stdout.decode()
    secret = made.strip()
    run("secret", "make", "device-2", "--secret-file", file)
    text = file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert secret not in text and hashlib.sha256(secret.encode()).hexdigest() in text
    listed = run("secret", "list", "--secret-file", file).stdout.decode()
    assert "device-1" in listed and "device-2" in listed and "room1-*" in listed

    server = start("--secret-file", file, secret=None)
    fields = {"Authorization": f"Bearer {secret}", "Content-Type": "application/json"}
    assert server.post("room1-a", b"1", fields).status == 200
    assert server.post("room2-a", b"1", fields).status == 403
    run("secret", "revoke", "device-1", "--secret-file", file)
    assert "device-1" not in file.read_text() and "device-2" in file.read_text()
    server.signal(signal.SIGHUP)
    until(lambda: server.post("room1-a", b"1", fields).status == 401, "the revoked secret's end")
    assert run("secret", "revoke", "nobody", "--secret-file", file, check=False).returncode == 1


# cert

def test_a_certificate_is_made_and_shown(start, tmp_path):
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    run("cert", "--cert", certificate, "--key", key, "localhost", "127.0.0.1", "::1", "camera.local")
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    text = identities.run("x509", "-in", certificate, "-noout", "-text")
    assert "id-ecPublicKey" in text and "DNS:camera.local" in text and "IP Address:127.0.0.1" in text
    assert "IP Address:0:0:0:0:0:0:0:1" in text
    identity = identities.Identity(certificate, key, certificate)
    shown = run("cert", "show", certificate).stdout.decode()
    assert identity.fingerprint() in shown.replace(":", "").lower() and "camera.local" in shown

    server = start(identity=identity)
    server.context = trusting(certificate)
    with server.wire(server_name="camera.local") as wire:
        assert wire.ask("GET", "/healthz").status == 200

    # It does not write over a key.
    before = key.read_bytes()
    again = run("cert", "--cert", certificate, "--key", key, "localhost", check=False)
    assert again.returncode == 1 and str(certificate).encode() in again.stderr
    assert key.read_bytes() == before


# demo

def test_the_demo_posts_this_machines_load(start):
    server = start(frame_duration="1s")
    demo = subprocess.Popen(
        [PROGRAM, "demo", "--url", f"https://localhost:{server.port}", "--cacert", server.identity.authority],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment(SYNCSTREAMER_SECRET=SECRET))
    try:
        def steady():
            entries = server.index()
            frames = [server.frame(entry["id"]) for entry in entries[:5]]
            return next((f for f in frames if f.channels and max(len(c.items) for c in f.channels) >= 5), None)
        frame = until(steady, "a frame with several readings a second")
        assert len(frame.channels) >= 3
        readings = [json.loads(item.data) for channel in frame.channels for item in channel.items]
        assert readings and all(channel.type == "application/json" or channel.type for channel in frame.channels)
        shown = run("inspect", "-", stdin=client(server, "get", str(frame.start)).stdout).stdout.decode()
        assert all(channel.id in shown for channel in frame.channels)
        demo.send_signal(signal.SIGINT)
        assert demo.wait(DEADLINE_SECONDS) == 0
    finally:
        demo.kill()
        demo.communicate()
