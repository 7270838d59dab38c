"""Signals: a drain that finishes what is in flight, and a reload that nobody notices who is connected."""

import signal
import threading

import pytest

from support import identity as identities
from support.server import JSON, SECRET
from support.waiting import until
from support.wire import trusting


def upload(server, length=10, channel="a"):
    """A connection in the middle of a POST: the server has taken the head and a half of the body."""
    wire = server.wire()
    wire.send((f"POST /channel/{channel} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {SECRET}\r\n"
               f"Content-Type: application/octet-stream\r\nContent-Length: {length}\r\nExpect: 100-continue\r\n\r\n").encode())
    assert wire.response().status == 100
    wire.send(b"x" * (length // 2))
    return wire


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_drain_finishes_what_is_in_flight_and_exits_0(start, number):
    server = start("--drain-timeout", "60s", frame_duration="1h")
    idle = server.wire()
    assert idle.ask("GET", "/healthz").status == 200
    wire = upload(server)
    server.signal(number)
    until(lambda: not server.is_listening(), "that nothing new is accepted")
    # A connection on which nothing is asked has no claim to stay.
    assert idle.is_ended()
    wire.send(b"x" * 5)
    answer = wire.response()
    assert answer.status == 200 and answer.get("connection") == "close"
    assert wire.is_ended()
    assert server.wait() == 0
    # It was durable: the window goes on, and nothing was sealed early.
    again = start(directory=server.directory, frame_duration="1h")
    assert again.index() == []


def test_a_drained_upload_is_in_a_frame_after_a_restart(start):
    server = start("--drain-timeout", "60s")
    wire = upload(server, channel="drained")
    server.signal(signal.SIGTERM)
    until(lambda: not server.is_listening(), "that nothing new is accepted")
    frame = wire.send(b"x" * 5).response().json()["frame"]
    assert server.wait() == 0
    again = start(directory=server.directory)
    assert [item.data for item in again.frame(frame).items("drained")] == [b"x" * 10]


def test_a_drain_is_over_after_its_time(start):
    server = start("--drain-timeout", "200ms")
    wire = upload(server)
    server.signal(signal.SIGTERM)
    assert server.wait() == 0
    with pytest.raises((OSError, AssertionError)):
        wire.response()


def test_a_second_signal_ends_at_once(start):
    server = start("--drain-timeout", "1h")
    upload(server)
    server.signal(signal.SIGTERM)
    until(lambda: not server.is_listening(), "that nothing new is accepted")
    assert server.process.poll() is None
    server.signal(signal.SIGTERM)
    server.wait()


def test_a_drain_of_an_idle_server_needs_no_time(start):
    server = start("--drain-timeout", "1h")
    server.get("/healthz")
    assert server.stop() == 0


def test_a_request_that_arrives_while_draining_is_told_so(start):
    """A request that was on its way when the drain began is answered, and told to go elsewhere."""
    server = start("--drain-timeout", "60s")
    wire = upload(server)
    server.signal(signal.SIGTERM)
    until(lambda: not server.is_listening(), "that nothing new is accepted")
    wire.send(b"x" * 5 + b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert wire.response().get("connection") == "close"
    assert wire.is_ended()
    assert server.wait() == 0


class Load(threading.Thread):
    """Asks on one connection for as long as it is told to; any error is kept."""

    def __init__(self, server):
        super().__init__(daemon=True)
        self.server, self.count, self.error, self.stopping = server, 0, None, False

    def run(self):
        try:
            with self.server.wire() as wire:
                while not self.stopping:
                    assert wire.ask("GET", "/healthz").status == 200
                    assert wire.ask("POST", "/channel/load", JSON, b"1").status == 200
                    self.count += 1
        except Exception as error:
            self.error = error


def test_a_certificate_is_swapped_under_load(start, tmp_path):
    own = identities.self_signed(tmp_path, "first")
    server = start(identity=own)
    loads = [Load(server) for _ in range(4)]
    for load in loads:
        load.start()
    until(lambda: all(load.count > 10 for load in loads), "load on every connection")

    second = identities.self_signed(tmp_path, "second")
    fresh = trusting(second.authority)
    own.key.write_bytes(second.key.read_bytes())
    own.certificate.write_bytes(second.certificate.read_bytes())
    server.signal(signal.SIGHUP)

    def new_connections_trust_the_second():
        try:
            with server.wire(context=fresh) as wire:
                return wire.ask("GET", "/healthz").status == 200
        except OSError:
            return False

    # On every loop: the kernel spreads connections over them.
    until(lambda: all(new_connections_trust_the_second() for _ in range(20)), "the new certificate")
    counts = [load.count for load in loads]
    until(lambda: all(load.count > count + 10 or load.error for load, count in zip(loads, counts)), "load that goes on")
    for load in loads:
        load.stopping = True
        load.join()
        assert load.error is None
    server.context = fresh


def test_a_broken_certificate_is_not_swapped_in(start, tmp_path):
    own = identities.self_signed(tmp_path, "first")
    server = start(identity=own)
    own.certificate.write_text("broken")
    server.signal(signal.SIGHUP)
    until(lambda: "reload" in server.log_text(), "a word about it")
    context = server.context
    for _ in range(10):
        with server.wire(context=context) as wire:
            assert wire.ask("GET", "/healthz").status == 200


def test_secrets_are_swapped_on_open_connections_too(start, tmp_path):
    import hashlib
    secrets = tmp_path / "secrets"

    def write(secret):
        secrets.write_text(f"device {hashlib.sha256(secret.encode()).hexdigest()} *\n")

    def status(wire, secret):
        fields = {**JSON, "Authorization": f"Bearer {secret}"}
        return wire.ask("POST", "/channel/a", fields, b"1").status

    write("old-secret")
    server = start("--secret-file", secrets, secret=None)
    with server.wire() as wire:
        assert (status(wire, "old-secret"), status(wire, "new-secret")) == (200, 401)
        write("new-secret")
        server.signal(signal.SIGHUP)
        until(lambda: status(wire, "new-secret") == 200, "the new secret")
        assert status(wire, "old-secret") == 401
        # A broken file leaves everything as it was.
        secrets.write_text("broken\n")
        before = server.log_text()
        server.signal(signal.SIGHUP)
        until(lambda: server.log_text() != before, "a word about it")
        assert status(wire, "new-secret") == 200
