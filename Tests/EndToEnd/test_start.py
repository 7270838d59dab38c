"""Starting: one line when it serves, one clear line when it can't, and what the first start makes."""

import os
import re
import signal
import socket
import stat
import subprocess

import pytest

from support import identity as identities
from support.server import PROGRAM, environment, free_port, run
from support.waiting import DEADLINE_SECONDS, until
from support.wire import trusting


def fails(*arguments, **more):
    """Runs `serve` with what must stop it; its one line of error."""
    finished = run("serve", "--admin", "off", "--host", "127.0.0.1", *arguments, check=False, **more)
    assert finished.returncode == 1, (finished.returncode, finished.stderr)
    assert finished.stdout == b""
    lines = finished.stderr.decode().strip().splitlines()
    assert len(lines) == 1, lines
    return lines[0]


@pytest.fixture
def data(tmp_path):
    return tmp_path / "data"


def given(identity):
    return ["--cert", identity.certificate, "--key", identity.key]


def test_the_listening_line_is_all_of_standard_output(start):
    server = start()
    assert re.fullmatch(r"listening on https://127\.0\.0\.1:\d+\n", server.line)
    server.get("/frame")
    server.signal(signal.SIGHUP)
    until(lambda: "reloaded" in server.log_text(), "the reload")
    assert server.stop() == 0  # which checks the output


def test_a_port_in_use(data, identity):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert f"127.0.0.1:{port}" in (line := fails("--data-dir", data, "--port", port, *given(identity)))
        assert "in use" in line


def test_a_port_in_use_by_another_server_of_this_kind(start, data, identity):
    """SO_REUSEPORT is for the loops of one server: a second server must not share the port."""
    first = start()
    assert "in use" in fails("--data-dir", data, "--port", first.port, *given(identity))


def test_two_servers_on_one_directory(start, identity):
    first = start()
    line = fails("--data-dir", first.directory, "--port", "0", *given(identity))
    assert str(first.directory) in line and "another" in line
    assert first.post("a", b"1").status == 200


def test_a_directory_that_cannot_be_made(tmp_path, identity):
    (tmp_path / "file").write_text("")
    assert str(tmp_path / "file") in fails("--data-dir", tmp_path / "file" / "data", "--port", "0", *given(identity))


def test_a_directory_that_is_a_file(tmp_path, identity):
    (tmp_path / "file").write_text("")
    assert str(tmp_path / "file") in fails("--data-dir", tmp_path / "file", "--port", "0", *given(identity))


def test_a_key_of_another_certificate(data, identity, tmp_path):
    other = identities.self_signed(tmp_path, "other")
    line = fails("--data-dir", data, "--port", "0", "--cert", identity.certificate, "--key", other.key)
    assert str(other.key) in line


def test_a_key_that_is_missing_or_none(data, identity, tmp_path):
    missing = tmp_path / "missing.pem"
    assert str(missing) in fails("--data-dir", data, "--port", "0", "--cert", identity.certificate, "--key", missing)
    broken = tmp_path / "broken.pem"
    broken.write_text("no key\n")
    assert str(broken) in fails("--data-dir", data, "--port", "0", "--cert", identity.certificate, "--key", broken)
    assert str(broken) in fails("--data-dir", data, "--port", "0", "--cert", broken, "--key", identity.key)


def test_a_certificate_without_its_key(data, identity):
    assert "--key" in fails("--data-dir", data, "--port", "0", "--cert", identity.certificate)


def test_a_bad_line_of_the_secret_file(data, identity, tmp_path):
    secrets = tmp_path / "secrets"
    secrets.write_text("# fine\nname not-a-digest *\n")
    line = fails("--data-dir", data, "--port", "0", "--secret-file", secrets, *given(identity))
    assert str(secrets) in line and "2" in line and "not-a-digest" not in line


def test_a_secret_file_that_is_missing(data, identity, tmp_path):
    assert "nowhere" in fails("--data-dir", data, "--port", "0", "--secret-file", tmp_path / "nowhere", *given(identity))


def test_a_failed_start_leaves_the_port_and_the_directory_free(start, data, identity, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        fails("--data-dir", data, "--port", taken.getsockname()[1], *given(identity))
    assert start(directory=data).post("a", b"1").status == 200


@pytest.mark.parametrize("arguments", [
    ["--frame-duration", "99ms"], ["--frame-duration", "2h"], ["--frame-duration", "10"], ["--frame-duration", "x"],
    ["--port", "65536"], ["--port", "-1"], ["--lateness", "11h"], ["--retain-frames", "0"], ["--durability", "paper"],
    ["--retain-bytes", "0"], ["--retain-age", "0s"], ["--max-item-size", "1XiB"], ["--threads", "0"], ["--no-such-option"], ["an-argument"], ["--log-format", "xml"],
])
def test_usage_errors_are_64(data, arguments):
    finished = run("serve", "--data-dir", data, "--admin", "off", "--port", "0", *arguments, check=False)
    assert finished.returncode == 64
    assert finished.stdout == b"" and finished.stderr
    assert not data.exists(), "it has begun"


def test_what_the_first_start_makes(start):
    server = start(identity=None, secret=None)
    assert stat.S_IMODE(server.directory.stat().st_mode) == 0o700
    secret_file = server.directory / "secret"
    assert stat.S_IMODE(secret_file.stat().st_mode) == 0o600
    secret = secret_file.read_text().strip()
    assert len(secret) >= 32
    assert server.log_text().count(secret) == 1

    certificate = server.directory / "cert.pem"
    assert stat.S_IMODE((server.directory / "key.pem").stat().st_mode) == 0o600
    fingerprint = identities.Identity(certificate, None, certificate).fingerprint()
    assert fingerprint in server.log_text().replace(":", "").lower()
    server.context = trusting(certificate)
    fields = {"Authorization": f"Bearer {secret}", "Content-Type": "application/json"}
    for name in ("localhost", "127.0.0.1"):
        with server.wire(server_name=name) as wire:
            assert wire.ask("POST", "/channel/a", fields, b"1").status == 200
    assert server.stop() == 0

    # The second start keeps both, and says the secret no more.
    before = certificate.read_bytes()
    again = start(directory=server.directory, identity=None, secret=None)
    again.context = trusting(certificate)
    assert certificate.read_bytes() == before
    assert again.log_text().count(secret) == 1
    assert again.post("a", b"1", fields).status == 200


def test_secrets_and_what_is_posted_stay_out_of_the_log(start):
    server = start("--log-level", "trace")
    server.post("a", b"a-payload-of-the-tests")
    server.post("a", b"{", {"Authorization": "Bearer another-secret-of-the-tests", "Content-Type": "application/json"})
    server.stop()
    for text in ("a-payload-of-the-tests", "secret-of-the-tests"):
        assert text not in server.log_text()


def test_options_come_from_the_environment_too_and_flags_win(start):
    server = start(frame_duration=None, SYNCSTREAMER_FRAME_DURATION="100ms", SYNCSTREAMER_CORS_ORIGIN="https://a.example")
    entry = until(server.index, "a frame")[0]
    assert entry["endAt"] - entry["startAt"] == 100
    assert server.get("/frame").get("access-control-allow-origin") == "https://a.example"
    both = start("--cors-origin", "https://b.example", SYNCSTREAMER_CORS_ORIGIN="https://a.example")
    assert both.get("/frame").get("access-control-allow-origin") == "https://b.example"


def test_the_port_comes_from_port_too(data, identity):
    port = free_port()
    process = subprocess.Popen(
        [PROGRAM, "serve", "--host", "127.0.0.1", "--admin", "off", "--data-dir", data, *given(identity)],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment(PORT=str(port)))
    try:
        assert process.stdout.readline() == f"listening on https://127.0.0.1:{port}\n".encode()
        process.send_signal(signal.SIGTERM)
        assert process.wait(DEADLINE_SECONDS) == 0
    finally:
        process.kill()
        process.stdout.close()
        process.wait()


def test_json_logging_is_one_object_a_line(start):
    import json
    server = start("--log-format", "json")
    server.stop()
    lines = server.log_text().splitlines()
    assert lines and all(isinstance(json.loads(line), dict) for line in lines)


def test_a_directory_keeps_its_frame_duration_while_a_window_is_open(start, identity):
    server = start(frame_duration="1h")
    assert server.post("a", b"1").status == 200
    server.stop()
    line = fails("--data-dir", server.directory, "--port", "0", "--frame-duration", "10s", *given(identity))
    assert "1h" in line or "3600" in line
    assert start(directory=server.directory, frame_duration="1h").post("a", b"2").status == 200


def test_the_operators_listener_serves_readiness_and_only_that(start, data, identity):
    port = free_port()
    process = subprocess.Popen(
        [PROGRAM, "serve", "--host", "127.0.0.1", "--port", "0", "--admin", f"127.0.0.1:{port}", "--data-dir", data,
         *given(identity)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment())
    try:
        assert process.stdout.readline().startswith(b"listening on ")
        from support.wire import Wire
        with Wire(("127.0.0.1", port), None, plain=True) as wire:
            assert wire.ask("GET", "/readyz").status == 200
            assert wire.ask("GET", "/healthz").status == 200
            assert wire.ask("GET", "/frame").status == 404
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(DEADLINE_SECONDS) == 0
        process.stdout.close()


def test_it_runs_as_another_user_too(tmp_path, identity):
    """The image does: nothing may need root. The directory must be that user's. Without root this user is another."""
    is_root, user = os.geteuid() == 0, 10001
    home = tmp_path / "home"
    home.mkdir()
    os.chmod(tmp_path, 0o755)
    if is_root:
        os.chown(home, user, user)
    reachable = all(os.stat(parent).st_mode & 0o005 == 0o005 for parent in [PROGRAM, *PROGRAM.parents])
    program = PROGRAM if reachable else tmp_path / "program"
    if not reachable:
        program.write_bytes(PROGRAM.read_bytes())
        program.chmod(0o755)
    for parent in home.parents:
        if parent.stat().st_uid == os.getuid() and not parent.stat().st_mode & 0o001:
            parent.chmod(parent.stat().st_mode | 0o001)
    process = subprocess.Popen(
        [program, "serve", "--host", "127.0.0.1", "--port", "0", "--admin", "off", "--data-dir", home / "data"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(),
        **({"user": user, "group": user, "extra_groups": []} if is_root else {}))
    try:
        assert process.stdout.readline().startswith(b"listening on "), process.stderr.read()
        process.send_signal(signal.SIGTERM)
        assert process.wait(DEADLINE_SECONDS) == 0
    finally:
        process.kill()
        process.communicate()
