"""TLS with real clients, `openssl s_client` above all: what is agreed on, what is refused, and with which alert."""

import re
import socket
import ssl
import subprocess

import pytest

from support import identity as identities
from support.http2 import HTTP2Client
from support.s_client import TypedClient
from support.server import environment, free_port
from support.waiting import DEADLINE_SECONDS, until
from support.wire import Wire, trusting

REQUEST = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


def s_client(server, *options, sent=REQUEST, trust=True):
    """What s_client prints while it sends a request, and its exit status."""
    arguments = ["openssl", "s_client", "-connect", f"127.0.0.1:{server.port}", "-servername", "localhost", "-ign_eof"]
    if trust:
        arguments += ["-CAfile", str(server.identity.authority), "-verify_return_error"]
    finished = subprocess.run([*arguments, *map(str, options)], input=sent, capture_output=True, timeout=DEADLINE_SECONDS,
                              env=environment())
    return (finished.stdout + finished.stderr).decode("latin-1"), finished.returncode


def agreed(printed):
    """(protocol, suite) of a handshake that came to an end and was used."""
    assert "HTTP/1.1 200" in printed, printed
    return re.search(r"New, (\S+), Cipher is (\S+)", printed).groups()


# Versions

def test_1_3_is_spoken(server):
    printed, _ = s_client(server, "-tls1_3")
    assert agreed(printed) == ("TLSv1.3", "TLS_AES_128_GCM_SHA256")


def test_1_2_is_spoken(server):
    printed, _ = s_client(server, "-tls1_2")
    assert agreed(printed)[1] == "ECDHE-ECDSA-AES128-GCM-SHA256"


@pytest.mark.parametrize("version", ["-tls1_1", "-tls1"])
def test_older_versions_are_refused_with_an_alert(server, version):
    printed, status = s_client(server, version, "-cipher", "ALL@SECLEVEL=0")
    assert status != 0 and "HTTP/1.1" not in printed
    assert "alert protocol version" in printed, printed


# Suites

@pytest.mark.parametrize("suite", ["ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384",
                                   "ECDHE-ECDSA-CHACHA20-POLY1305"])
def test_suites_of_1_2_that_are_taken(server, suite):
    printed, _ = s_client(server, "-tls1_2", "-cipher", suite)
    assert agreed(printed)[1] == suite


@pytest.mark.parametrize("suite", ["TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"])
def test_suites_of_1_3_that_are_taken(server, suite):
    printed, _ = s_client(server, "-tls1_3", "-ciphersuites", suite)
    assert agreed(printed)[1] == suite


@pytest.mark.parametrize("suite", ["ECDHE-ECDSA-AES128-SHA256", "ECDHE-ECDSA-AES256-SHA", "ECDHE-ECDSA-AES128-CCM8",
                                   "aNULL", "eNULL", "kRSA", "DHE-RSA-AES128-GCM-SHA256", "PSK"])
def test_suites_without_forward_secrecy_or_authenticated_encryption_are_refused(server, suite):
    printed, status = s_client(server, "-tls1_2", "-cipher", suite + "@SECLEVEL=0")
    assert status != 0 and "HTTP/1.1" not in printed
    assert "handshake failure" in printed or "no ciphers available" in printed, printed


def test_aes_128_comes_first_whatever_the_clients_order(server):
    printed, _ = s_client(server, "-tls1_2", "-cipher", "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES128-GCM-SHA256")
    assert agreed(printed)[1] == "ECDHE-ECDSA-AES128-GCM-SHA256"
    printed, _ = s_client(server, "-tls1_3", "-ciphersuites", "TLS_AES_256_GCM_SHA384:TLS_AES_128_GCM_SHA256")
    assert agreed(printed)[1] == "TLS_AES_128_GCM_SHA256"


def test_chacha_is_taken_where_the_client_prefers_it(server):
    """A device without AES in hardware puts it first."""
    printed, _ = s_client(server, "-tls1_3", "-ciphersuites", "TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256")
    assert agreed(printed)[1] == "TLS_CHACHA20_POLY1305_SHA256"


@pytest.mark.parametrize("group, shown", [("X25519", "X25519"), ("P-256", "prime256v1"), ("P-384", "secp384r1")])
def test_groups_that_are_taken(server, group, shown):
    printed, _ = s_client(server, "-groups", group)
    agreed(printed)
    assert re.search(rf"Server Temp Key: .*(?:{group}|{shown})", printed), printed


# Certificates

def test_an_rsa_certificate_is_served(start, tmp_path):
    server = start(identity=identities.self_signed(tmp_path, "rsa", "rsa"))
    printed, _ = s_client(server, "-tls1_2")
    assert agreed(printed)[1] == "ECDHE-RSA-AES128-GCM-SHA256"
    assert server.get("/healthz").status == 200


def test_the_chain_is_sent(start, tmp_path):
    server = start(identity=identities.chained(tmp_path))
    printed, status = s_client(server)
    agreed(printed)
    assert status == 0 and "Verify return code: 0 (ok)" in printed
    assert re.search(r"\b1 s:.*intermediate", printed)


# Sessions

@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
def test_a_session_is_resumed_on_every_loop(start, tmp_path, version):
    """The kernel spreads connections over the loops by their ports, so twenty reach all of two."""
    server = start("--threads", "2")
    session = tmp_path / "session"
    printed, _ = s_client(server, version, "-sess_out", session)
    agreed(printed)
    for _ in range(20):
        printed, _ = s_client(server, version, "-sess_in", session)
        assert "HTTP/1.1 200" in printed and "Reused, " in printed


def test_a_session_survives_a_reload(start, tmp_path):
    import signal
    server = start()
    session = tmp_path / "session"
    s_client(server, "-tls1_3", "-sess_out", session)
    server.signal(signal.SIGHUP)
    until(lambda: "reloaded" in server.log_text(), "the reload")
    printed, _ = s_client(server, "-tls1_3", "-sess_in", session)
    assert "Reused, " in printed


# ALPN

@pytest.mark.parametrize("offered, agreed_on", [("http/1.1", "http/1.1"), ("http/1.1,h2", "h2"), ("spdy/3,http/1.1", "http/1.1")])
def test_the_best_protocol_offered_is_agreed_on(server, offered, agreed_on):
    printed, _ = s_client(server, "-alpn", offered)
    assert agreed_on == "h2" or agreed(printed)
    assert f"ALPN protocol: {agreed_on}" in printed


def test_a_client_without_alpn_is_served(server):
    printed, _ = s_client(server)
    agreed(printed)
    assert "No ALPN negotiated" in printed


@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
def test_an_offer_of_other_protocols_alone_gets_the_alert_for_that(server, version):
    """no_application_protocol, 120 (RFC 7301 section 3.2)."""
    printed, status = s_client(server, version, "-alpn", "h3,spdy/3")
    assert status != 0 and "HTTP/1.1" not in printed
    assert "alert no application protocol" in printed.lower() or "SSL alert number 120" in printed, printed


# The record layer

def test_keys_are_updated_in_the_middle(server):
    """`K` on its own line has s_client update its keys and ask for the server's, `k` only the former (s_client(1))."""
    with TypedClient(server, "-tls1_3") as client:
        for command in (b"K\n", b"k\n", b"K\n", b"K\n"):
            client.type(command)
            client.read_until(b"KEYUPDATE")
            client.type(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
            client.read_until(b"HTTP/1.1 200 OK")
        client.stdin.close()


def test_renegotiation_is_refused(server):
    """`R` on its own line has s_client ask for a new handshake in TLS 1.2."""
    with TypedClient(server, "-tls1_2") as client:
        client.type(b"R\n")
        printed = client.read_to_end()
    assert b"no renegotiation" in printed, printed


def test_no_compression(server):
    printed, _ = s_client(server, "-tls1_2", "-comp")
    agreed(printed)
    assert "Compression: NONE" in printed


def test_close_notify_is_sent_and_understood(server):
    with server.wire() as wire:
        assert wire.ask("GET", "/healthz").status == 200
        # unwrap() sends close_notify and waits for the server's.
        wire.socket.unwrap()
    with server.wire() as wire:
        wire.send(REQUEST).response()
        assert wire.is_ended()


def test_records_may_be_cut_anywhere(server):
    """A client whose handshake and request arrive octet by octet is served like any other."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = server.context.wrap_bio(incoming, outgoing, server_hostname="localhost")
    with socket.create_connection(("127.0.0.1", server.port), timeout=DEADLINE_SECONDS) as raw:
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

        def step(operation):
            while True:
                try:
                    result, wants = operation(), False
                except ssl.SSLWantReadError:
                    wants = True
                for octet in outgoing.read():
                    raw.send(bytes([octet]))
                if not wants:
                    return result
                incoming.write(raw.recv(65536))

        step(tls.do_handshake)
        step(lambda: tls.write(REQUEST))
        assert step(lambda: tls.read(65536)).startswith(b"HTTP/1.1 200")


def fatal(description):
    """A fatal alert as it is sent before there are keys (RFC 8446 sections 5.1 and 6)."""
    return b"\x15\x03\x03\0\2\2" + bytes([description])


UNEXPECTED_MESSAGE, RECORD_OVERFLOW = 10, 22


@pytest.mark.parametrize("octets, answer", [
    # No record at all, to which OpenSSL says nothing.
    (b"\0" * 100, b""), (b"\xff" * 100, b""),
    # The end of the stream in the middle of one.
    (b"\x80\x2e\x01\x00\x02", b""), (b"\x16\x03\x01\x02\x00\x01", b""),
    (b"\x16\x03\x01\xff\xff" + b"a" * 70000, fatal(RECORD_OVERFLOW)),
    (b"\x15\x03\x03\x00\x02\x02\x28", fatal(UNEXPECTED_MESSAGE)),
    (b"\x17\x03\x03\x00\x05hello", fatal(UNEXPECTED_MESSAGE)),
    (b"\x16\x03\x01\x00\x04\x02\0\0\0", fatal(UNEXPECTED_MESSAGE)),
], ids=["zeros", "ones", "a half of SSL 2", "a half of a record", "a record that is too long", "an alert", "content", "a ServerHello"])
def test_what_is_no_handshake_ends_only_its_own_connection_with_an_alert(server, octets, answer):
    with socket.create_connection(("127.0.0.1", server.port), timeout=DEADLINE_SECONDS) as raw:
        raw.sendall(octets)
        raw.shutdown(socket.SHUT_WR)
        received = b""
        while more := raw.recv(65536):
            received += more
    assert received == answer
    assert server.get("/healthz").status == 200


def test_what_looks_like_a_line_of_text_gets_a_line_of_text(server):
    with Wire(("127.0.0.1", server.port), None, plain=True) as plain:
        plain.send(b"SSH-2.0-OpenSSH_9.2\r\n")
        assert plain.response().status == 400 and plain.is_ended()


def test_a_tampered_record_ends_the_connection(server):
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = server.context.wrap_bio(incoming, outgoing, server_hostname="localhost")
    with socket.create_connection(("127.0.0.1", server.port), timeout=DEADLINE_SECONDS) as raw:
        while True:
            try:
                tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                raw.sendall(outgoing.read())
                incoming.write(raw.recv(65536))
        tls.write(REQUEST)
        record = bytearray(outgoing.read())
        record[-1] ^= 1
        raw.sendall(record)
        while octets := raw.recv(65536):
            incoming.write(octets)
        with pytest.raises(ssl.SSLError, match="BAD_RECORD_MAC|bad record mac"):
            tls.read(65536)


def test_both_address_families_are_served(start):
    server = start(host=None)
    for host in ("127.0.0.1", "::1"):
        with Wire((host, server.port), server.context, server_name=host) as wire:
            assert wire.ask("GET", "/healthz").status == 200
    only = start(host="::1")
    assert only.url == f"https://[::1]:{only.port}"
    with Wire(("::1", only.port), trusting(only.identity.authority)) as wire:
        assert wire.ask("GET", "/healthz").status == 200
    with pytest.raises(OSError):
        only.wire("127.0.0.1")


# Ends

def handshake(server, version):
    """A session in memory beside its socket: all that the client will say from its last handshake message on is held
    back, to be sent at once."""
    context = trusting(server.identity.authority, maximum_version=version)
    received, sent = ssl.MemoryBIO(), ssl.MemoryBIO()
    session = context.wrap_bio(received, sent, server_hostname="localhost")
    connection = socket.create_connection(("127.0.0.1", server.port), timeout=DEADLINE_SECONDS)
    while True:
        try:
            session.do_handshake()
            return session, received, sent, connection
        except ssl.SSLWantReadError:
            connection.sendall(sent.read())
            received.write(connection.recv(65536))


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_request_is_answered_whose_end_came_with_the_handshake_s(server, version):
    """Finished, a request and close_notify in one segment: the client has said all it wants and waits for the answer."""
    session, received, sent, connection = handshake(server, version)
    with connection:
        session.write(REQUEST)
        with pytest.raises(ssl.SSLWantReadError):
            session.unwrap()
        connection.sendall(sent.read())
        while octets := connection.recv(65536):
            received.write(octets)
    assert session.read(12) == b"HTTP/1.1 200"


# Strict-Transport-Security (RFC 6797): where it is asked for, in every answer that TLS protects, and in no other

def test_hsts(start):
    port = free_port()
    server = start("--hsts", "365d", "--plain-listen", f"127.0.0.1:{port}")
    with server.wire() as wire, HTTP2Client(("127.0.0.1", server.port), server.context) as http2:
        for client in (wire, http2):
            for target in ("/frame", "/healthz", "/nothing"):
                assert client.ask("GET", target).get("strict-transport-security") == "max-age=31536000"
    with Wire(("127.0.0.1", port), None, plain=True) as plain:
        assert plain.ask("GET", "/frame").get("strict-transport-security") is None


def test_nothing_is_said_of_it_without_the_option(server):
    assert server.get("/frame").get("strict-transport-security") is None
