"""Clients that end their direction, or are gone, while they wait for what is still to come. Who has only nothing more to say gets the
answer; for who is gone nothing is kept."""

import contextlib
import socket
import ssl
import struct

import pytest

from support.events import Events
from support.metrics import Metrics
from support.server import free_port
from support.waiting import DEADLINE_SECONDS, until
from support.wire import Wire, trusting

WAIT = "/frame/after/5?wait=60"


def waiting(metrics, count, kind="wait"):
    metrics.until(f'syncstreamer_followers{{kind="{kind}"}}', count)


def end_output(connection):
    """Below TLS, whose own end is another matter."""
    socket.socket.shutdown(connection, socket.SHUT_WR)


@pytest.fixture(params=["plain", "tls"])
def connect(request, start):
    """A server, on one thread, and a way to it."""
    def connect(**settings):
        metrics = Metrics(start, "--threads", "1", "--plain-listen", f"127.0.0.1:{free_port()}", **settings)
        is_plain = request.param == "plain"
        address = metrics.server.plain_address() if is_plain else ("127.0.0.1", metrics.server.port)
        return metrics, Wire(address, metrics.server.context, plain=is_plain)
    return connect


def test_the_answer_comes_when_there_is_one(connect):
    """And so does what was asked for behind it; then the connection ends."""
    metrics, wire = connect(frame_duration="2s")
    with wire:
        last = until(lambda: metrics.server.index(), "a frame")[0]["id"]
        wire.want(f"/frame/after/{last}?wait=30")
        wire.want("/healthz")
        end_output(wire.socket)
        first, second = wire.response(), wire.response()
        assert int(first.json()["id"]) > int(last) and second.body == b"ok\n"
        assert wire.is_ended()
    waiting(metrics, 0)


def test_an_end_that_comes_later(connect):
    metrics, wire = connect(frame_duration="1h")
    with wire:
        wire.want(WAIT)
        waiting(metrics, 1)
        end_output(wire.socket)
        # Behind this it has seen the end.
        assert metrics.server.get("/healthz").status == 200
        waiting(metrics, 1)
        assert metrics.server.stop() == 0
        response = wire.response()
        assert response.status == 204 and wire.is_last(response)


class Session:
    """A client's TLS, octet by octet: it ends its direction by close_notify alone."""

    def __init__(self, server, version):
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        context = trusting(server.identity.authority, minimum_version=version, maximum_version=version)
        self.tls = context.wrap_bio(self.incoming, self.outgoing, server_hostname="localhost")
        self.raw = socket.create_connection(("127.0.0.1", server.port), timeout=DEADLINE_SECONDS)
        self.step(self.tls.do_handshake)

    def flush(self):
        self.raw.sendall(self.outgoing.read())

    def step(self, what, *arguments):
        while True:
            try:
                result = what(*arguments)
                self.flush()
                return result
            except ssl.SSLWantReadError:
                self.flush()
                octets = self.raw.recv(65_536)
                self.incoming.write(octets) if octets else self.incoming.write_eof()

    def end_output(self):
        with contextlib.suppress(ssl.SSLWantReadError):
            self.tls.unwrap()
        self.flush()

    def all(self):
        """What comes up to the server's close_notify, behind which the connection ends."""
        received = b""
        with pytest.raises(ssl.SSLZeroReturnError):
            while True:
                received += self.step(self.tls.read, 65_536)
        assert self.raw.recv(1) == b""
        return received


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["1.2", "1.3"])
def test_close_notify(start, version):
    """By TLS 1.3 it ends the client's direction alone (RFC 8446 section 6.1), by 1.2 both (RFC 5246 section 7.2.1)."""
    metrics = Metrics(start, "--threads", "1", frame_duration="1h")
    session = Session(metrics.server, version)
    with session.raw:
        session.step(session.tls.write, f"GET {WAIT} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        waiting(metrics, 1)
        session.end_output()
        if version == ssl.TLSVersion.TLSv1_2:
            assert session.all() == b""
            return waiting(metrics, 0)
        assert metrics.server.get("/healthz").status == 200
        waiting(metrics, 1)
        assert metrics.server.stop() == 0
        assert session.all().startswith(b"HTTP/1.1 204 ")


@pytest.mark.parametrize("ends_first", [False, True])
@pytest.mark.either_protocol
def test_who_is_gone_waits_no_longer(start, ends_first):
    """Also where it had ended its direction before."""
    metrics = Metrics(start, "--threads", "1", frame_duration="1h")
    client = metrics.server.client()
    client.want(WAIT)
    waiting(metrics, 1)
    if ends_first:
        end_output(client.socket)
        assert metrics.server.get("/healthz").status == 200
    # As a process ends that has unread octets.
    client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()
    waiting(metrics, 0)
    # Not because its time was over.
    assert not [name for name in metrics.all() if 'code="204"' in name]


def test_an_event_stream_ends_with_its_reader(connect):
    """It is never whole, so nothing is owed to who says that it is going."""
    metrics, wire = connect(frame_duration="1h")
    with wire:
        Events(wire, "/channel/x").comment()
        waiting(metrics, 1, "channel-events")
        end_output(wire.socket)
        assert wire.is_ended()
    waiting(metrics, 0, "channel-events")
