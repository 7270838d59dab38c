"""Clients' certificates as a second way to show who posts, with curl, `openssl s_client`, Python's ssl and the command itself:
who gets in, who is refused and how, resumed sessions, and revocation."""

import json
import signal
import socket
import ssl
import subprocess

import pytest

from support import identity as identities
from support.server import JSON, SECRET, environment, run
from support.waiting import DEADLINE_SECONDS, until
from support.wire import trusting

WITHOUT_SECRET = {"Content-Type": "application/json"}
VERSIONS = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return identities.authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def device(authority):
    return identities.issued(authority.certificate.parent, "device-1", authority, ["extendedKeyUsage=clientAuth"])


@pytest.fixture
def secrets(tmp_path):
    file = tmp_path / "secrets"
    file.write_text("# devices\ndevice-1 subject:CN=device-1 kitchen,hall-*\n")
    return file


@pytest.fixture
def server(start, authority, secrets):
    return start("--client-ca", authority.certificate, "--secret-file", secrets)


def context(server, client, version=None):
    made = trusting(server.identity.authority)
    if client:
        made.load_cert_chain(client.certificate, client.key)
    if version:
        made.minimum_version = made.maximum_version = VERSIONS[version]
    return made


def status(server, client, channel="kitchen", fields=WITHOUT_SECRET, version=None):
    with server.wire(context=context(server, client, version)) as wire:
        return wire.ask("POST", f"/channel/{channel}", fields, b"1").status


def curl(server, client, channel="kitchen", *options):
    """curl's exit status, the answer's status (0 where there is none) and what curl says."""
    certificate = ["--cert", client.certificate, "--key", client.key] if client else []
    finished = subprocess.run(
        ["curl", "--silent", "--show-error", "--noproxy", "*", "--cacert", server.identity.authority, *certificate, "--header",
         "Content-Type: application/json", "--data", "1", "--write-out", "%{http_code}", "--output", "/dev/null", *options,
         f"https://localhost:{server.port}/channel/{channel}"],
        capture_output=True, timeout=DEADLINE_SECONDS, env=environment())
    return finished.returncode, int(finished.stdout or 0), finished.stderr.decode()


# Who gets in

@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_a_device_posts_to_its_channels_without_a_secret(server, device, version):
    assert status(server, device, "kitchen", version=version) == 200
    assert status(server, device, "hall-2", version=version) == 200
    assert status(server, device, "bath", version=version) == 403


@pytest.mark.parametrize("protocol", ["--http1.1", "--http2"])
def test_what_curl_posts_is_in_a_frame(server, device, protocol):
    assert curl(server, device, "kitchen", protocol)[:2] == (0, 200)
    assert curl(server, device, "bath", protocol)[:2] == (0, 403)
    assert curl(server, None, "kitchen", protocol)[:2] == (0, 401)
    until(lambda: [channel.id for frame in server.all_frames() for channel in frame.channels] == ["kitchen"], "the frame")


def test_nobody_has_to_have_a_certificate(server, channel):
    assert server.get("/healthz").status == 200
    assert server.get("/frame").status == 200
    assert server.post(channel, b"1").status == 200
    assert status(server, None) == 401
    assert curl(server, None)[:2] == (0, 401)


def test_a_subject_without_a_line_is_a_stranger(server, authority, tmp_path):
    stranger = identities.issued(tmp_path, "device-2", authority)
    assert status(server, stranger) == 401
    more = identities.issued(tmp_path, "device-3", authority, subject="/CN=device-1/O=Acme")
    assert status(server, more) == 401
    with server.wire(context=context(server, stranger)) as wire:
        problem = wire.ask("POST", "/channel/kitchen", WITHOUT_SECRET, b"1").problem()
        assert "certificate" in problem["detail"]
        assert wire.ask("GET", "/frame").status == 200


def test_a_secret_goes_before_the_certificate(server, device):
    assert status(server, device, "bath", JSON) == 200
    assert status(server, device, "kitchen", {**JSON, "Authorization": "Bearer wrong"}) == 401


def test_without_the_option_none_is_asked_for(start, device, secrets):
    server = start("--secret-file", secrets)
    assert status(server, device) == 401
    printed = subprocess.run(
        ["openssl", "s_client", "-connect", f"127.0.0.1:{server.port}"], stdin=subprocess.DEVNULL, capture_output=True,
        timeout=DEADLINE_SECONDS).stdout
    assert b"No client certificate CA names sent" in printed


def test_the_authorities_are_named_to_clients(server):
    printed = subprocess.run(
        ["openssl", "s_client", "-connect", f"127.0.0.1:{server.port}"], stdin=subprocess.DEVNULL, capture_output=True,
        timeout=DEADLINE_SECONDS).stdout
    assert b"Acceptable client certificate CA names\nCN = authority" in printed


def test_a_stream_of_items(server, device):
    with server.wire(context=context(server, device)) as wire:
        fields = {"Content-Type": "application/x-ndjson", "Idempotency-Key": "a"}
        for _ in range(2):
            assert wire.ask("POST", "/channel/kitchen", fields, b"1\n2\n").json()["accepted"] == 2


# Who does not

def refusal(server, client, version):
    """The alert that a client gets."""
    finished = subprocess.run(
        ["openssl", "s_client", "-connect", f"127.0.0.1:{server.port}", version, "-cert", client.certificate, "-key", client.key,
         "-ign_eof"], input=b"GET /healthz HTTP/1.0\r\nHost: a\r\n\r\n", capture_output=True, timeout=DEADLINE_SECONDS)
    printed = (finished.stdout + finished.stderr).decode("latin-1")
    assert "HTTP/1.1" not in printed
    return printed


@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
def test_what_does_not_verify_gets_the_alert_for_that(server, authority, tmp_path, version):
    other = identities.authority(tmp_path, "other")
    assert "alert unknown ca" in refusal(server, identities.issued(tmp_path, "device-1", other), version)
    expired = identities.issued(tmp_path, "expired", authority, subject="/CN=device-1", days=-1)
    assert "alert certificate expired" in refusal(server, expired, version)
    wrong = identities.issued(tmp_path, "wrong", authority, ["extendedKeyUsage=serverAuth"], subject="/CN=device-1")
    assert "alert unsupported certificate" in refusal(server, wrong, version)
    assert server.get("/healthz").status == 200


def test_curl_says_so(server, tmp_path):
    code, answer, said = curl(server, identities.self_signed(tmp_path, "device-1"))
    assert code != 0 and answer == 0 and "alert unknown ca" in said


# Sessions

@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_a_resumed_session_keeps_its_client(start, authority, secrets, device, version):
    server = start("--client-ca", authority.certificate, "--secret-file", secrets, "--threads", "2")
    known = context(server, device, version)
    with server.wire(context=known) as wire:
        assert wire.ask("POST", "/channel/kitchen", WITHOUT_SECRET, b"1").status == 200
        session = wire.socket.session
    for _ in range(10):
        raw = socket.create_connection(("127.0.0.1", server.port), timeout=DEADLINE_SECONDS)
        with known.wrap_socket(raw, server_hostname="localhost", session=session) as resumed:
            assert resumed.session_reused
            resumed.sendall(b"POST /channel/kitchen HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 1\r\n\r\n1")
            assert resumed.recv(12) == b"HTTP/1.1 200"


# Revocation

def test_without_its_line_a_device_is_a_stranger_on_open_connections_too(server, secrets, device):
    with server.wire(context=context(server, device)) as wire:
        assert wire.ask("POST", "/channel/kitchen", WITHOUT_SECRET, b"1").status == 200
        run("secret", "revoke", "device-1", "--secret-file", secrets)
        server.signal(signal.SIGHUP)
        until(lambda: wire.ask("POST", "/channel/kitchen", WITHOUT_SECRET, b"1").status == 401, "the end of the line")
    assert status(server, device) == 401


def test_the_authorities_are_reloaded(start, authority, secrets, device, tmp_path):
    trusted = tmp_path / "trusted.pem"
    other = identities.authority(tmp_path, "other")
    twin = identities.issued(tmp_path, "twin", other, subject="/CN=device-1")
    trusted.write_bytes(other.certificate.read_bytes())
    server = start("--client-ca", trusted, "--secret-file", secrets)
    assert status(server, twin) == 200
    trusted.write_text("broken")
    server.signal(signal.SIGHUP)
    until(lambda: "nothing was reloaded" in server.log_text(), "that the reload fails")
    assert str(trusted) in server.log_text()
    assert status(server, twin) == 200
    trusted.write_bytes(authority.certificate.read_bytes())
    server.signal(signal.SIGHUP)
    until(lambda: server.log_text().count("reloaded certificates") == 1, "the reload")
    until(lambda: all(curl(server, device)[1] == 200 for _ in range(4)), "the new authority on every loop")
    assert "alert unknown ca" in refusal(server, twin, "-tls1_3")


def test_an_authority_that_expires_soon_is_warned_of(start, secrets, tmp_path):
    soon = identities.issued(tmp_path, "soon", None, ["basicConstraints=critical,CA:TRUE"], days=3)
    server = start("--client-ca", soon.certificate, "--secret-file", secrets)
    until(lambda: "the certificate of the clients' authority CN=soon expires within 3 days" in server.log_text(), "the warning")


# The command

def test_the_command_makes_the_line_and_posts(start, authority, tmp_path):
    secrets = tmp_path / "secrets"
    device = identities.issued(tmp_path, "device-1", authority, subject="/O=Acme Inc/CN=device 1")
    said = run("secret", "make", "device-1", "--client-cert", device.certificate, "--channels", "kitchen", "--secret-file", secrets)
    assert said.stdout == b"" and b"CN=device 1,O=Acme Inc" in said.stderr
    assert secrets.read_text() == "device-1 subject:CN=device%201,O=Acme%20Inc kitchen\n"
    run("secret", "make", "camera", "--secret-file", secrets)
    assert "CN=device 1,O=Acme Inc" in run("secret", "list", "--secret-file", secrets).stdout.decode()
    listed = json.loads(run("secret", "list", "--json", "--secret-file", secrets).stdout)
    assert [entry.get("subject") for entry in listed] == ["CN=device 1,O=Acme Inc", None]

    server = start("--client-ca", authority.certificate, "--secret-file", secrets, secret=None)
    place = ["--url", f"https://localhost:{server.port}", "--cacert", server.identity.authority]
    shown = ["--client-cert", device.certificate, "--client-key", device.key]
    assert b"accepted" in run("post", "kitchen", "1", *place, *shown).stdout
    assert b"2 items" in run("post", "kitchen", *place, *shown, stdin=b"1\n2\n").stdout
    both = tmp_path / "both.pem"
    both.write_text(device.certificate.read_text() + device.key.read_text())
    assert b"accepted" in run("post", "kitchen", "1", *place, "--client-cert", both).stdout

    refused = run("post", "bath", "1", *place, *shown, check=False)
    assert refused.returncode == 1 and b"patterns" in refused.stderr
    missing = run("post", "kitchen", "1", *place, "--client-cert", tmp_path / "none", check=False)
    assert missing.returncode == 1 and b"--client-cert" in missing.stderr
    alone = run("post", "kitchen", "1", *place, "--client-key", device.key, check=False)
    assert alone.returncode == 64 and b"--client-cert" in alone.stderr
    none = run("post", "kitchen", "1", *place, check=False)
    assert none.returncode == 64 and b"secret" in none.stderr


def test_a_wrong_line_says_what_to_do(start, authority, tmp_path):
    secrets = tmp_path / "secrets"
    secrets.write_text("device-1 subject:CN=device-* kitchen\n")
    server = start("--client-ca", authority.certificate, "--secret-file", secrets, waits=False)
    assert server.wait() == 1
    assert "secrets, line 1: the subject must be whole" in server.log_text()
    assert "device-*" not in server.log_text()


def test_a_file_without_authorities_is_named(start, device):
    server = start("--client-ca", device.certificate, secret=SECRET, waits=False)
    assert server.wait() == 1
    assert f"{device.certificate}: certificate 1 is no authority's" in server.log_text()
