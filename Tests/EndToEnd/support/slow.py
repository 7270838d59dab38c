"""Clients that take their time, by either protocol."""

import contextlib

from support.http2 import HTTP2Client
from support.waiting import DEADLINE_SECONDS, until

ENHANCE_YOUR_CALM = 11


def time_passes(server, milliseconds=1000):
    """Returns once the server's clock has gone on by so much."""
    with server.wire() as other:
        def now():
            return other.ask("GET", "/time").json()["receivedAt"]
        begun = now()
        until(lambda: now() >= begun + milliseconds, "the server's clock to go on")


def pinging(client):
    """Moves octets both ways that are no part of any request."""
    if isinstance(client, HTTP2Client):
        client.connection.ping(b"12345678")
        client.flush()


class Head:
    """A request's head, but for its last octets."""

    def __init__(self, client):
        self.client = client
        if isinstance(client, HTTP2Client):
            # The client acknowledges the server's settings, which it must not do within the head.
            client.until(lambda: client.connection.remote_settings.max_concurrent_streams == 128)
            client.stream = client.connection.get_next_available_stream_id()
            head = [(":method", "GET"), (":scheme", "https"), (":path", "/healthz"), (":authority", "localhost")]
            client.connection.send_headers(client.stream, head, end_stream=True)
            octets = client.connection.data_to_send()
        else:
            octets = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
        client.send(octets[:-2])
        self.rest = octets[-2:]

    def status(self):
        """The answer's, once the head has ended."""
        self.client.send(self.rest)
        return self.client.response().status

    def is_timed_out(self):
        """Whether the server ends the connection because of it, and says why."""
        if not isinstance(self.client, HTTP2Client):
            return self.client.response().status == 408 and self.client.is_ended()
        assert self.client.is_ended()
        return self.client.goaway.error_code == ENHANCE_YOUR_CALM


def is_answered(client):
    """Whether an answer has come, without waiting for one."""
    client.socket.settimeout(0.01)
    with contextlib.suppress(TimeoutError):
        client.more()
    client.socket.settimeout(DEADLINE_SECONDS)
    return client.stream in client.whole if isinstance(client, HTTP2Client) else bool(client.received)
