"""Records of TLS 1.3 that the kernel makes (--ktls). Few machines' kernels can, so its part is emulated (ktls.c), and what is
shown of the kernel itself is that it is asked, and that all is well where it can't."""

import errno
import os
import re
import signal
import socket
import ssl
import subprocess

import pytest

from support import ktls, timeframe
from support.http2 import HTTP2Client
from support.s_client import TypedClient
from support.server import OCTETS, environment
from support.waiting import DEADLINE_SECONDS, until
from support.wire import trusting

MEBIBYTE = 1 << 20
SUITES = ["TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384"]
CLOSE = {"Connection": "close"}


@pytest.fixture(scope="session")
def kernel_library(tmp_path_factory):
    return ktls.build_library(tmp_path_factory.mktemp("ktls"))


@pytest.fixture
def kernel(kernel_library, tmp_path):
    return ktls.Kernel(kernel_library, tmp_path)


class Served:
    """A server whose kernel makes records, with a large frame and a small one."""

    def __init__(self, start, kernel, *options):
        self.server = start("--ktls", "--threads", "1", *options, **kernel.environment)
        self.content = os.urandom(MEBIBYTE)
        self.large = self.stock("large", self.content)
        self.small = self.stock("small", b"a few octets")
        assert timeframe.decode(self.large[1]).items("large")[0].data == self.content
        assert timeframe.decode(self.small[1]).items("small")[0].data == b"a few octets"

    def stock(self, channel, content):
        """(target, octets) of a frame, which were not the kernel's to send."""
        frame_id = self.server.post(channel, content).json()["frame"]

        def attempt():
            with HTTP2Client(("127.0.0.1", self.server.port), self.server.context) as client:
                response = client.ask("GET", f"/{frame_id}")
                return response.body if response.status == 200 else None
        return f"/{frame_id}", until(attempt, "the frame")

    def expect(self, client, *frames, fields=()):
        for target, octets in frames:
            response = client.ask("GET", target, fields)
            assert response.status == 200 and response.body == octets
        return response


@pytest.fixture
def served(start, kernel):
    return Served(start, kernel)


# Without a kernel that can

def refusal_of_this_kernel():
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.create_connection(listener.getsockname()) as connection:
        try:
            connection.setsockopt(socket.IPPROTO_TCP, 31, b"tls")
        except OSError as error:
            return os.strerror(error.errno)


def test_this_kernel_is_asked_and_all_is_well_whatever_it_says(start):
    server = start("--ktls")
    refusal = refusal_of_this_kernel()
    said = "so all are made here" if refusal else "the kernel makes the TLS records"
    line = next(line for line in server.log_text().splitlines() if said in line)
    assert not refusal or f"setsockopt TCP_ULP tls: {refusal}" in line
    content = os.urandom(MEBIBYTE)
    with server.wire() as wire:
        frame_id = wire.ask("POST", "/channel/a", OCTETS, content).json()["frame"]
        octets = server.frame_octets(frame_id)
        assert timeframe.decode(octets).items("a")[0].data == content
        assert wire.ask("GET", f"/{frame_id}").body == octets
        response = wire.ask("GET", f"/{frame_id}", CLOSE)
        assert response.body == octets and wire.is_last(response)
    assert server.stop() == 0


def test_nothing_is_said_or_done_without_the_option(start, kernel):
    server = start(**kernel.environment)
    octets = server.frame_octets(server.post("a", os.urandom(MEBIBYTE)).json()["frame"])
    assert len(octets) > MEBIBYTE
    assert kernel.control.taken == 0 and "kernel" not in server.log_text()


def test_a_kernel_that_refuses_a_connection_costs_it_nothing(served, kernel):
    kernel.control.refusal = errno.ENOMEM
    with served.server.wire() as wire:
        served.expect(wire, served.large, served.small, served.large)
        assert wire.is_last(served.expect(wire, served.large, fields=CLOSE))
    assert kernel.connections == 0


# With one

def test_frames_of_all_sizes_one_after_the_other(served, kernel):
    assert "the kernel makes the TLS records" in served.server.log_text()
    with served.server.wire() as wire:
        served.expect(wire, served.small)
        assert kernel.connections == 0
        served.expect(wire, served.large)
        assert kernel.connections == 1
        served.expect(wire, *[served.large, served.small] * 10)
        missing = wire.ask("GET", "/1")
        assert missing.status == 404 and missing.problem()
        assert wire.is_last(served.expect(wire, served.large, fields=CLOSE))
    control = kernel.control
    assert kernel.connections == 1 and control.alerts == 1 and control.lost == 0
    # 1 MB is 64 records and more; that a part was taken, and that a record had to wait, has happened.
    assert control.records > 11 * 64 and control.cut > 10 and control.held > 10
    assert served.server.stop() == 0


def test_an_upload_between_two_downloads(served, kernel):
    with served.server.wire() as wire:
        served.expect(wire, served.large)
        content = os.urandom(MEBIBYTE)
        frame_id = wire.ask("POST", "/channel/again", OCTETS, content).json()["frame"]
        octets = served.server.frame_octets(frame_id)
        assert timeframe.decode(octets).items("again")[0].data == content
        served.expect(wire, (f"/{frame_id}", octets))
    assert kernel.connections >= 1


def test_pipelined_requests_and_a_reader_that_takes_its_time(served, kernel):
    """All buffers on the way are full until the client begins to read; and the last word comes behind it all."""
    with served.server.wire() as wire:
        wire.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)
        for _ in range(7):
            wire.want(served.large[0])
        wire.send(f"GET {served.large[0]} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        seen = 0

        def has_come_to_rest():
            nonlocal seen
            before, seen = seen, kernel.control.records
            return kernel.connections == 1 and 0 < before == seen
        until(has_come_to_rest, "no room in any buffer")
        assert kernel.control.records < 8 * 64
        for _ in range(8):
            response = wire.response()
            assert response.body == served.large[1]
        assert wire.is_last(response)
    assert kernel.control.lost == 0


def test_a_client_that_has_ended_its_direction(served, kernel):
    """Which the kernel no longer takes, if that comes before the answer; the answer is whole in any case."""
    for _ in range(5):
        with served.server.wire() as wire:
            wire.want(served.large[0])
            socket.socket.shutdown(wire.socket, socket.SHUT_WR)
            assert wire.response().body == served.large[1]
            assert wire.is_ended()
    assert kernel.control.lost == 0


def test_many_connections(served, kernel):
    wires = [served.server.wire() for _ in range(20)]
    for wire in wires:
        wire.want(served.large[0])
    for wire in wires:
        assert wire.response().body == served.large[1]
    for wire in wires:
        served.expect(wire, served.small)
        wire.close()
    assert kernel.connections == 20
    # The numbers of their descriptors are others' now.
    with served.server.wire() as wire:
        served.expect(wire, served.small, served.large, served.small)


@pytest.mark.parametrize("asked, ranges", [
    ("1000-900000", [(1000, 900_000)]), ("-500000", [(-500_000, -1)]), ("5-9,100-200000,300000-700000", [(5, 9), (100, 200_000), (300_000, 700_000)])])
def test_ranges(served, kernel, asked, ranges):
    octets = served.large[1]
    with served.server.wire() as wire:
        for _ in range(2):
            response = wire.ask("GET", served.large[0], {"Range": f"bytes={asked}"})
            assert response.status == 206 and len(response.body) == int(response.get("content-length"))
            pieces = [octets[first % len(octets):last % len(octets) + 1] for first, last in ranges]
            if len(pieces) == 1:
                assert response.body == pieces[0]
            else:
                position = 0
                for piece in pieces:
                    position = response.body.index(b"\r\n\r\n" + piece + b"\r\n--", position) + len(piece)
        served.expect(wire, served.large)
    assert kernel.connections == 1


def test_curl(served, kernel):
    target, octets = served.large
    finished = subprocess.run(
        ["curl", "--http1.1", "--silent", "--show-error", "--fail", "--noproxy", "*", "--cacert", served.server.identity.authority,
         *[f"https://localhost:{served.server.port}{target}"] * 3], capture_output=True, timeout=DEADLINE_SECONDS,
        env=environment())
    assert finished.returncode == 0, finished.stderr.decode()
    assert finished.stdout == octets * 3
    assert kernel.connections == 1


def s_client(server, target, *options):
    """What s_client prints while it asks for a frame and for the end of the connection."""
    finished = subprocess.run(
        ["openssl", "s_client", "-connect", f"127.0.0.1:{server.port}", "-servername", "localhost", "-ign_eof",
         "-CAfile", str(server.identity.authority), "-verify_return_error", *options], capture_output=True,
        input=f"GET {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode(), timeout=DEADLINE_SECONDS,
        env=environment())
    assert finished.returncode == 0, finished.stderr.decode()
    # Where close_notify is missing it says "unexpected eof".
    assert b"unexpected" not in finished.stderr and b"errno" not in finished.stderr, finished.stderr.decode()
    return finished.stdout


@pytest.mark.parametrize("suite", SUITES)
def test_both_suites_with_aes(served, kernel, suite):
    printed = s_client(served.server, served.large[0], "-tls1_3", "-ciphersuites", suite)
    assert f"Cipher is {suite}".encode() in printed and served.large[1] in printed and printed.rstrip().endswith(b"closed")
    assert kernel.connections == 1 and kernel.control.alerts == 1 and kernel.control.lost == 0


@pytest.mark.parametrize("options", [("-tls1_3", "-ciphersuites", "TLS_CHACHA20_POLY1305_SHA256"), ("-tls1_2",)])
def test_others_are_served_as_ever(served, kernel, options):
    assert served.large[1] in s_client(served.server, served.large[0], *options)
    assert kernel.connections == 0


def test_http2_is_served_as_ever(served, kernel):
    with HTTP2Client(("127.0.0.1", served.server.port), served.server.context) as client:
        served.expect(client, served.large, served.small, served.large)
    assert kernel.connections == 0


# Ends, each of which the client is told

def test_close_notify_is_answered(served, kernel):
    with served.server.wire() as wire:
        served.expect(wire, served.large)
        # Sends close_notify, and waits for the server's.
        wire.socket.unwrap()
    assert kernel.control.alerts == 1


def test_an_idle_connection_is_ended(start, kernel):
    served = Served(start, kernel, "--idle-timeout", "100ms")
    with served.server.wire() as wire:
        served.expect(wire, served.large)
        assert wire.is_ended()
    assert kernel.control.alerts == 1


def test_a_drain_ends_what_is_idle(served, kernel):
    with served.server.wire() as wire:
        served.expect(wire, served.large)
        served.server.signal(signal.SIGTERM)
        assert wire.is_ended()
    assert served.server.wait() == 0
    assert kernel.control.alerts == 1


def test_a_refused_message_is_answered_before_the_end(served, kernel):
    with served.server.wire() as wire:
        served.expect(wire, served.large)
        response = wire.send(b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n").response()
        assert response.status == 400 and wire.is_last(response)
    assert kernel.control.alerts == 1


def test_a_tampered_record_gets_its_alert(served, kernel):
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = trusting(served.server.identity.authority).wrap_bio(incoming, outgoing, server_hostname="localhost")
    with socket.create_connection(("127.0.0.1", served.server.port), timeout=DEADLINE_SECONDS) as raw:

        def wait_for(operation):
            while True:
                try:
                    return operation()
                except ssl.SSLWantReadError:
                    raw.sendall(outgoing.read())
                    incoming.write(raw.recv(65536))

        wait_for(tls.do_handshake)
        tls.write(f"GET {served.large[0]} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        received = b""
        while not received.endswith(served.large[1][-1000:]):
            received += wait_for(lambda: tls.read(65536))
        assert kernel.connections == 1
        tls.write(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        record = bytearray(outgoing.read())
        record[-1] ^= 1
        raw.sendall(record)
        with pytest.raises(ssl.SSLError, match="BAD_RECORD_MAC|bad record mac"):
            wait_for(lambda: tls.read(65536))
        assert raw.recv(1) == b""


def test_a_peers_key_update_goes_well_and_one_that_asks_for_ours_ends_the_connection(served, kernel):
    """`k` on its own line has s_client update its keys, `K` ask for the server's too (s_client(1))."""
    with TypedClient(served.server, "-tls1_3") as client:
        for command in (None, b"k\n", b"k\n"):
            if command:
                client.type(command)
                client.read_until(b"KEYUPDATE")
            client.type(f"GET {served.large[0]} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            client.read_until(served.large[1])
        assert kernel.connections == 1
        client.type(b"K\n")
        client.read_until(b"KEYUPDATE")
        rest = client.read_to_end()
        assert re.search(rb"^closed$", rest, re.MULTILINE), rest
    assert kernel.control.alerts == 1 and kernel.control.lost == 0
