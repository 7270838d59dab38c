"""Limits that protect the server: time for a handshake, a head, an idle connection; connections; descriptors."""

import contextlib
import socket

import pytest

from support.server import JSON
from support.waiting import DEADLINE_SECONDS, until


def raw(server):
    return socket.create_connection(("127.0.0.1", server.port), timeout=DEADLINE_SECONDS)


def test_a_handshake_that_does_not_come_ends(start):
    server = start("--handshake-timeout", "300ms")
    with raw(server) as silent:
        assert silent.recv(1) == b""
    with raw(server) as half:
        half.sendall(b"\x16\x03\x01\x02\x00\x01")
        assert half.recv(1) == b""
    assert server.get("/healthz").status == 200


def test_a_head_that_does_not_end_gets_408(start):
    server = start("--header-timeout", "300ms")
    with server.wire() as wire:
        wire.send(b"GET /healthz HTTP/1.1\r\nHost: ")
        response = wire.response()
        assert (response.status, response.problem_name()) == (408, "timeout")
        assert response.get("connection") == "close"
        assert wire.is_ended()


def test_a_head_that_trickles_gets_no_more_time(start):
    """The limit is on the whole head: octets that keep coming don't renew it."""
    server = start("--header-timeout", "500ms")
    with server.wire() as wire:
        wire.send(b"GET /healthz HTTP/1.1\r\n")

        def trickle():
            wire.send(b"A: b\r\n")
            wire.socket.settimeout(0.1)
            try:
                return wire.more() or True
            except TimeoutError:
                return False

        with contextlib.suppress(ConnectionError, BrokenPipeError):
            until(trickle, "the end of its time")
        wire.socket.settimeout(DEADLINE_SECONDS)
        assert wire.response().status == 408


def test_an_idle_connection_ends_without_a_word(start):
    server = start("--idle-timeout", "300ms")
    with server.wire() as wire:
        assert wire.ask("GET", "/healthz").status == 200
        assert wire.is_ended()


@pytest.mark.either_protocol
def test_a_connection_past_the_limit_is_refused_while_others_are_served(start):
    server = start("--max-connections", "20", "--threads", "2")
    with contextlib.ExitStack() as stack:
        served = [stack.enter_context(server.client()) for _ in range(20)]
        for client in served:
            assert client.ask("GET", "/healthz").status == 200
        for _ in range(10):
            with pytest.raises((OSError, AssertionError)):
                with server.client() as client:
                    client.ask("GET", "/healthz")
        for client in served:
            assert client.ask("GET", "/healthz").status == 200
    until(lambda: server.is_listening() and server.get("/healthz").status == 200, "a place for a new connection")


@pytest.mark.either_protocol
def test_one_address_cannot_take_all_places(start):
    server = start("--max-connections", "100", "--max-connections-per-address", "10", host=None)
    with contextlib.ExitStack() as stack:
        for _ in range(10):
            stack.enter_context(server.client())
        with pytest.raises((OSError, AssertionError)):
            with server.client() as client:
                client.ask("GET", "/healthz")
        with server.client("::1", server_name="::1") as other:
            assert other.ask("GET", "/healthz").status == 200


def cpu_of(server, wire, count=2000):
    """Processor time that the server takes while it answers `count` requests on one connection."""
    before = server.cpu_seconds()
    for _ in range(count):
        assert wire.ask("GET", "/healthz").status == 200
    return server.cpu_seconds() - before


def test_a_server_without_descriptors_waits_and_does_not_spin(start):
    """The limit is lowered under the running server, so that accept(2) itself fails (EMFILE) with clients waiting.

    A loop that spins takes a whole processor on top of what the same requests cost before.
    """
    server = start("--threads", "2")
    with contextlib.ExitStack() as stack:
        wire = stack.enter_context(server.wire())
        usual = cpu_of(server, wire)
        held = server.descriptors()
        usual_max = server.set_descriptors_max(held)
        waiting = [stack.enter_context(raw(server)) for _ in range(40)]
        assert cpu_of(server, wire) <= 2 * usual + 0.2
        assert server.descriptors() <= held, "the limit was not felt"
        # With room again those that waited are served.
        server.set_descriptors_max(usual_max)
        for client in waiting[:20]:
            with server.context.wrap_socket(client, server_hostname="localhost") as tls:
                tls.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
                assert tls.recv(12) == b"HTTP/1.1 200"
    assert server.get("/healthz").status == 200


@pytest.mark.either_protocol
def test_more_connections_than_descriptors_from_the_start(start):
    """The server takes fewer connections than it has descriptors, so that it never runs out by itself."""
    server = start("--threads", "2", before=["prlimit", "--nofile=128:128"])
    with contextlib.ExitStack() as stack:
        client = stack.enter_context(server.client())
        usual = cpu_of(server, client)
        for _ in range(300):
            with contextlib.suppress(OSError):
                stack.enter_context(raw(server))
        assert cpu_of(server, client) <= 2 * usual + 0.2
        assert client.ask("POST", "/channel/a", JSON, b"1").status == 200
    until(lambda: server.is_listening() and server.get("/healthz").status == 200, "a place for a new connection")


@pytest.mark.either_protocol
def test_slow_readers_do_not_hold_others_up(start):
    """Clients that ask for a large frame and read nothing, while another is served."""
    server = start()
    frame = server.post("a", bytes(8 << 20)).json()["frame"]
    server.frame_octets(frame)
    with contextlib.ExitStack() as stack:
        for _ in range(20):
            stack.enter_context(server.client()).want(f"/{frame}")
        for _ in range(50):
            assert server.get("/healthz").status == 200
