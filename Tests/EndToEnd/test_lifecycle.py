"""Signals: a drain that finishes what is in flight, and a reload that nobody notices who is connected."""

import signal
import threading

import pytest

from support import identity as identities
from support.server import JSON, OCTETS
from support.waiting import until
from support.wire import trusting

EITHER_PROTOCOL = True


def upload(server, length=10, channel="a"):
    """A connection in the middle of a POST: the server has taken the head and a half of the body."""
    client = server.client()
    client.begin("POST", f"/channel/{channel}", {**OCTETS, "Content-Length": str(length), "Expect": "100-continue"})
    assert client.interim_status() == 100
    client.content(b"x" * (length // 2))
    return client


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_drain_finishes_what_is_in_flight_and_exits_0(start, number):
    server = start("--drain-timeout", "60s", frame_duration="1h")
    idle = server.client()
    assert idle.ask("GET", "/healthz").status == 200
    client = upload(server)
    server.signal(number)
    until(lambda: not server.is_listening(), "that nothing new is accepted")
    # A connection on which nothing is asked has no claim to stay.
    assert idle.is_ended()
    client.content(b"x" * 5)
    answer = client.finish()
    assert answer.status == 200 and client.is_last(answer)
    assert server.wait() == 0
    # It was durable: the window goes on, and nothing was sealed early.
    again = start(directory=server.directory, frame_duration="1h")
    assert again.index() == []


def test_a_drained_upload_is_in_a_frame_after_a_restart(start):
    server = start("--drain-timeout", "60s")
    client = upload(server, channel="drained")
    server.signal(signal.SIGTERM)
    until(lambda: not server.is_listening(), "that nothing new is accepted")
    client.content(b"x" * 5)
    frame = client.finish().json()["frame"]
    assert server.wait() == 0
    again = start(directory=server.directory)
    assert [item.data for item in again.frame(frame).items("drained")] == [b"x" * 10]


def test_a_drain_is_over_after_its_time(start):
    server = start("--drain-timeout", "200ms")
    client = upload(server)
    server.signal(signal.SIGTERM)
    assert server.wait() == 0
    with pytest.raises((OSError, AssertionError)):
        client.response()


def test_a_second_signal_ends_at_once(start):
    server = start("--drain-timeout", "1h")
    # The client stays: without it nothing would be in flight.
    with upload(server):
        server.signal(signal.SIGTERM)
        until(lambda: not server.is_listening(), "that nothing new is accepted")
        assert server.process.poll() is None
        server.signal(signal.SIGTERM)
        server.wait()


def test_a_drain_of_an_idle_server_needs_no_time(start):
    server = start("--drain-timeout", "1h")
    server.get("/healthz")
    assert server.stop() == 0


def test_a_request_that_arrives_while_draining_is_told_so(start, protocol):
    """A request that was on its way when the drain began: HTTP/1.1 answers it and says that no more are, HTTP/2 has said before
    which it still answers."""
    server = start("--drain-timeout", "60s")
    client = upload(server)
    server.signal(signal.SIGTERM)
    until(lambda: not server.is_listening(), "that nothing new is accepted")
    if protocol == "http1":
        client.send(b"x" * 5 + b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert client.is_last(client.response())
    else:
        first, second = client.stream, client.begin("GET", "/healthz", ends=True)
        client.content(b"x" * 5, first, ends=True)
        assert client.response(first).status == 200
        assert client.is_last(None)
        assert (second in client.whole) == (client.goaway.last_stream_id >= second)
    assert server.wait() == 0


class Load(threading.Thread):
    """Asks on one connection for as long as it is told to; any error is kept."""

    def __init__(self, server):
        super().__init__(daemon=True)
        self.server, self.count, self.error, self.stopping = server, 0, None, False

    def run(self):
        try:
            with self.server.client() as client:
                while not self.stopping:
                    assert client.ask("GET", "/healthz").status == 200
                    assert client.ask("POST", "/channel/load", JSON, b"1").status == 200
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
            with server.client(context=fresh) as client:
                return client.ask("GET", "/healthz").status == 200
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
        with server.client(context=context) as client:
            assert client.ask("GET", "/healthz").status == 200


def test_secrets_are_swapped_on_open_connections_too(start, tmp_path):
    import hashlib
    secrets = tmp_path / "secrets"

    def write(secret):
        secrets.write_text(f"device {hashlib.sha256(secret.encode()).hexdigest()} *\n")

    def status(client, secret):
        fields = {**JSON, "Authorization": f"Bearer {secret}"}
        return client.ask("POST", "/channel/a", fields, b"1").status

    write("old-secret")
    server = start("--secret-file", secrets, secret=None)
    with server.client() as client:
        assert (status(client, "old-secret"), status(client, "new-secret")) == (200, 401)
        write("new-secret")
        server.signal(signal.SIGHUP)
        until(lambda: status(client, "new-secret") == 200, "the new secret")
        assert status(client, "old-secret") == 401
        # A broken file leaves everything as it was.
        secrets.write_text("broken\n")
        before = server.log_text()
        server.signal(signal.SIGHUP)
        until(lambda: server.log_text() != before, "a word about it")
        assert status(client, "new-secret") == 200
