"""Several certificates, chosen by the host that a client names, and reloaded together: with curl and `openssl s_client`,
which check names by themselves. And that it is said in time when one expires."""

import re
import shutil
import signal
import subprocess

import pytest

from support import identity as identities
from support.server import JSON, environment
from support.waiting import DEADLINE_SECONDS, until
from support.wire import trusting


def two(directory):
    """The tests' usual one, and one for another host and all below it."""
    first = identities.self_signed(directory, "first")
    second = identities.self_signed(directory, "second", names="subjectAltName=DNS:b.example,DNS:*.b.example")
    return first, second


def beside(identity):
    return "--cert", identity.certificate, "--key", identity.key


def curl(server, host, authority, *options):
    """curl's exit status and what it prints, for a server under another name."""
    finished = subprocess.run(
        ["curl", "--silent", "--show-error", "--noproxy", "*", "--cacert", authority, "--resolve", f"{host}:{server.port}:127.0.0.1",
         *options, f"https://{host}:{server.port}/healthz"], capture_output=True, timeout=DEADLINE_SECONDS, env=environment())
    return finished.returncode, (finished.stdout + finished.stderr).decode()


def subject(server, *options):
    """Whose certificate s_client is shown."""
    finished = subprocess.run(
        ["openssl", "s_client", "-connect", f"127.0.0.1:{server.port}", *options], stdin=subprocess.DEVNULL, capture_output=True,
        timeout=DEADLINE_SECONDS)
    return re.search(r"subject=CN = (\S+)", finished.stdout.decode()).group(1)


def test_curl_gets_the_certificate_of_the_host_it_names(start, tmp_path):
    first, second = two(tmp_path)
    server = start(*beside(second), identity=first)
    for host, authority in [("localhost", first), ("b.example", second), ("any.b.example", second)]:
        status, printed = curl(server, host, authority.authority)
        assert status == 0, printed
    # What none is for gets the first, which is not for it; 60 is a certificate that can't be trusted.
    status, printed = curl(server, "c.example", first.authority)
    assert status == 60 and "c.example" in printed, printed


@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
def test_a_client_that_names_no_host_gets_the_first(start, tmp_path, version):
    first, second = two(tmp_path)
    server = start(*beside(second), identity=first)
    assert subject(server, version, "-noservername") == "first"
    assert subject(server, version, "-servername", "b.example") == "second"


def test_rsa_and_ecdsa_for_the_same_host(start, tmp_path):
    ecdsa, rsa = identities.self_signed(tmp_path, "ecdsa", "ecdsa"), identities.self_signed(tmp_path, "rsa", "rsa")
    server = start(*beside(rsa), identity=ecdsa)
    assert subject(server, "-servername", "localhost") == "ecdsa"
    assert subject(server, "-servername", "localhost", "-sigalgs", "RSA-PSS+SHA256") == "rsa"
    assert subject(server, "-tls1_2", "-cipher", "ECDHE-RSA-AES128-GCM-SHA256") == "rsa"


def test_they_are_given_by_the_environment_too(start, tmp_path):
    first, second = two(tmp_path)
    server = start(
        identity=None, SYNCSTREAMER_CERT=f"{first.certificate},{second.certificate}", SYNCSTREAMER_KEY=f"{first.key},{second.key}")
    assert subject(server, "-servername", "localhost") == "first"
    assert subject(server, "-servername", "b.example") == "second"


@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
def test_sessions_of_each_host_are_resumed(start, tmp_path, version):
    first, second = two(tmp_path)
    server = start(*beside(second), identity=first)
    for host in ("localhost", "b.example"):
        session = tmp_path / host
        for way in ("-sess_out", "-sess_in"):
            printed = subprocess.run(
                ["openssl", "s_client", "-connect", f"127.0.0.1:{server.port}", "-servername", host, version, "-ign_eof", way, session],
                input=b"GET /healthz HTTP/1.0\r\nHost: x\r\n\r\n", capture_output=True, timeout=DEADLINE_SECONDS).stdout.decode()
            assert "HTTP/1.1 200" in printed
            assert ("Reused, " if way == "-sess_in" else "New, ") in printed


def test_a_reload_renews_all_or_none_and_drops_no_connection(start, tmp_path):
    first, second = two(tmp_path)
    server = start(*beside(second), identity=first)
    for name in ("new", "bad"):
        (tmp_path / name).mkdir()
    renewed = two(tmp_path / "new")
    with server.wire() as wire, server.wire(context=trusting(second.authority), server_name="b.example") as other:
        def all_are_served():
            return all(each.ask("POST", "/channel/a", JSON, b"1").status == 200 for each in (wire, other))

        def fingerprints():
            return [curl(server, host, pair.authority)[0] == 0 for host, pair in zip(("localhost", "b.example"), renewed)]

        assert all_are_served() and fingerprints() == [False, False]
        # The first would do, the second has another's key: neither is taken.
        for old, new in zip((first, second), renewed):
            shutil.copy(new.certificate, old.certificate)
        shutil.copy(renewed[0].key, first.key)
        server.signal(signal.SIGHUP)
        until(lambda: "nothing was reloaded" in server.log_text(), "that the reload fails")
        assert str(second.key) in server.log_text()
        assert all_are_served() and fingerprints() == [False, False]
        shutil.copy(renewed[1].key, second.key)
        server.signal(signal.SIGHUP)
        until(lambda: all(fingerprints() == [True, True] for _ in range(4)), "both new certificates on every loop")
        assert all_are_served()


# Expiry

def warnings(server):
    return re.findall(r"the (certificate for \S+) .*?expires within (\d+ \w+)", server.log_text())


def test_a_certificate_that_expires_soon_is_warned_of(start, tmp_path):
    far, soon = identities.self_signed(tmp_path, "far"), identities.self_signed(
        tmp_path, "soon", names="subjectAltName=DNS:b.example", days=10)
    server = start(*beside(soon), identity=far)
    until(lambda: warnings(server), "a warning")
    assert warnings(server) == [("certificate for b.example", "10 days")]
    assert str(soon.certificate) in next(line for line in server.log_text().splitlines() if "expires" in line)
    # Once more at a reload that does not help, and no more after one that does.
    server.signal(signal.SIGHUP)
    until(lambda: server.log_text().count("reloaded") == 1 and len(warnings(server)) == 2, "the reload and a second warning")
    renewed = identities.self_signed(tmp_path, "renewed", names="subjectAltName=DNS:b.example")
    shutil.copy(renewed.certificate, soon.certificate)
    shutil.copy(renewed.key, soon.key)
    server.signal(signal.SIGHUP)
    until(lambda: server.log_text().count("reloaded") == 2, "the second reload")
    assert server.stop() == 0
    assert len(warnings(server)) == 2
