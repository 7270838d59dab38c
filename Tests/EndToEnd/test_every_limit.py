"""Every limit that protects the server, in one table: what is just within it is served, what is just beyond it is refused, by either
protocol, and that is counted in the metrics. A limit that is an option and not in the table fails.

Those of time are waited for beyond; within they are longer than what the test does by more than any pause of the machine. Finer tests
of some stand in files of their own: test_deadlines.py, test_rates.py, test_upload_memory.py, test_upload_limits.py."""

import contextlib
import gzip
import random
import re
import socket
from dataclasses import dataclass

import pytest

from support.attacks import (
    CONTINUATION, DATA, END_HEADERS, END_STREAM, ENHANCE_YOUR_CALM, HEADERS, PING, REFUSED_STREAM, RST_STREAM, Attacker, frame)
from support.events import Events
from support.metrics import Metrics
from support.server import AUTHORIZED, JSON, OCTETS, Server, run
from support.slow import Head, is_answered, time_passes
from support.waiting import DEADLINE_SECONDS, paced, until

NDJSON = {**AUTHORIZED, "Content-Type": "application/x-ndjson"}
MEBIBYTE = 1 << 20
SHORT, LONG = "500ms", "10s"


def get(server, target="/healthz", fields=()):
    with server.client() as client:
        return client.ask("GET", target, fields).status


# Sizes. HTTP/1.1 counts a line's fixed parts and the octets around a field; HTTP/2 has a path alone, and 32 for a field (RFC 9113
# section 6.5.2).

def request_line(size):
    def ask(server, more):
        fixed = len("GET  HTTP/1.1\r\n") if Server.protocol == "http1" else 0
        return get(server, "/" + "x" * (size - fixed - 1 + more))
    return ask


def header_section(size):
    def ask(server, more):
        http1 = Server.protocol == "http1"
        fixed = len("Host: localhost\r\na: \r\n") if http1 else len("a") + 32
        return get(server, fields={"a": "x" * (size - fixed + more)})
    return ask


def header_fields(count):
    def ask(server, more):
        others = 1 if Server.protocol == "http1" else 0  # Host
        return get(server, fields={f"a{number}": "1" for number in range(count - others + more)})
    return ask


def item(size):
    def post(server, more):
        if not more:
            return server.post("a", bytes(size)).status
        with server.client() as client:
            # Its length alone is enough.
            client.begin("POST", "/channel/a", {**OCTETS, "Expect": "100-continue", "Content-Length": str(size + 1)})
            return client.response().status
    return post


def gzip_ratio(ratio):
    def post(server, more):
        return server.post("a", dense(ratio * (1.2 if more else 0.9)), {**OCTETS, "Content-Encoding": "gzip"}).status
    return post


def dense(ratio):
    """A body in gzip that stands for so many times its size, or hardly more."""
    step = 64 << 10
    for noise in range(int(step / ratio), 0, -4):
        numbers = random.Random(1)
        octets = b"".join(numbers.randbytes(noise) + bytes(step - noise) for _ in range(32))
        body = gzip.compress(octets)
        if len(octets) >= ratio * len(body):
            return body
    raise AssertionError(f"nothing is {ratio} times as large")


def channels(count):
    return lambda server, more: max(server.post(f"channel-{number}", b"1").status for number in range(count + more))


def items(count):
    return lambda server, more: max(server.post("a", b"1").status for _ in range(count + more))


def keys(count):
    return lambda server, more: max(
        server.post("a", b"1", {**JSON, "Idempotency-Key": f"k{number}"}).status for number in range(count + more))


def upload_memory(count):
    """Three quarters are for large items."""
    def post(server, more):
        with contextlib.ExitStack() as stack:
            clients = [stack.enter_context(server.client()) for _ in range(count + more)]
            for client in clients:
                client.begin("POST", "/channel/a", {**OCTETS, "Expect": "100-continue", "Content-Length": str(4 * MEBIBYTE)})
                # The one beyond is answered at its head.
                if client is clients[-1] and more:
                    return client.response().status
                assert client.interim_status() == 100
        return 200
    return post


@dataclass
class Size:
    """A limit to how much there may be of something."""
    # What is asked for just within it, or `more` than that; its answer's status.
    ask: object
    status: int
    counted: str
    options: tuple

    def within(self, server):
        assert self.ask(server, 0) in (200, 404)

    def beyond(self, server):
        assert self.ask(server, 1) == self.status

    within_options = beyond_options = property(lambda self: self.options)


def malformed(status):
    return f'syncstreamer_http_requests_total{{code="{status}",protocol="PROTOCOL",route="malformed"}}'


def rejected(reason):
    return f'syncstreamer_items_rejected_total{{reason="{reason}"}}'


def uploads_refused(reason):
    return f'syncstreamer_uploads_refused_total{{reason="{reason}"}}'


# Numbers of connections, streams and frames

class Connections:
    def __init__(self, option, reason):
        self.within_options = self.beyond_options = (option, "3")
        self.counted = f'syncstreamer_connections_refused_total{{reason="{reason}"}}'

    def within(self, server, refused=0):
        with contextlib.ExitStack() as stack:
            clients = [stack.enter_context(server.client()) for _ in range(3)]
            for _ in range(refused):
                with pytest.raises((OSError, AssertionError)), server.client() as client:
                    client.ask("GET", "/healthz")
            assert {client.ask("GET", "/healthz").status for client in clients} == {200}

    def beyond(self, server):
        self.within(server, refused=1)


POST_HEAD = bytes([0x83, 0x87, 0x04, 10]) + b"/channel/a" + bytes([0x01, 9]) + b"localhost"
GET_HEAD = bytes([0x82, 0x87, 0x84, 0x01, 9]) + b"localhost"


@dataclass
class Frames:
    """A limit to what HTTP/2's frames ask for. `frames` gives those just within it, or one more."""
    frames: object
    code: int
    counted: str
    options: tuple
    streams: int = 128
    protocols = ["http2"]

    def within(self, server):
        with Attacker(server, self.streams) as client:
            client.send(self.frames(0) + frame(PING, 0, b"the last"))
            answers = iter(lambda: client.until_frame(PING, 0), b"the last")
            assert None not in answers, "it says goodbye before it has answered what came last"

    def beyond(self, server):
        with Attacker(server, self.streams) as client:
            client.flood([self.frames(1)])
            assert client.ended_with() == self.code

    within_options = beyond_options = property(lambda self: self.options)


class Streams(Frames):
    """One too many is refused alone."""
    def __init__(self, count, options):
        super().__init__(
            lambda more: b"".join(frame(HEADERS, 1 + 2 * number, POST_HEAD, END_HEADERS) for number in range(count + more)),
            REFUSED_STREAM, 'syncstreamer_http2_streams_reset_total{reason="refused-stream"}', options, count)

    def beyond(self, server):
        with Attacker(server, self.streams) as client:
            client.send(self.frames(1))
            assert client.until_frame(RST_STREAM, 1 + 2 * self.streams) == self.code.to_bytes(4, "big")
            # The others go on: the first one's content comes to its end.
            client.send(frame(DATA, 1, b"1", END_STREAM))
            assert client.until_frame(HEADERS, 1) is not None


def continuations(count):
    return lambda more: (frame(HEADERS, 1, GET_HEAD, END_STREAM) + frame(CONTINUATION, 1) * (count - 1 + more)
                         + frame(CONTINUATION, 1, b"", END_HEADERS))


def pings(count):
    """Some are left for what the client says by itself; time gives some more."""
    return lambda more: frame(PING, 0, b"12345678") * (count * 9 if not more else count * 1000)


# Times

@dataclass
class Time:
    option: str
    within: object
    beyond: object
    counted: str
    more: tuple = ()
    protocols: tuple = ("http1", "http2")

    within_options = property(lambda self: (self.option, LONG, *self.more))
    beyond_options = property(lambda self: (self.option, SHORT, *self.more))


def timed_out(kind):
    return f'syncstreamer_connection_timeouts_total{{kind="{kind}"}}'


def connected(server):
    return socket.create_connection(("127.0.0.1", server.port), timeout=DEADLINE_SECONDS)


def handshake_within(server):
    with connected(server) as raw:
        time_passes(server)
        server.context.wrap_socket(raw, server_hostname="localhost").close()


def handshake_beyond(server):
    with connected(server) as raw:
        assert raw.recv(1) == b""


def head_within(server):
    with server.client() as client:
        head = Head(client)
        time_passes(server)
        assert head.status() == 200


def head_beyond(server):
    with server.client() as client:
        assert Head(client).is_timed_out()


def idle_within(server):
    with server.client() as client:
        assert client.ask("GET", "/healthz").status == 200
        time_passes(server)
        assert client.ask("GET", "/healthz").status == 200


def idle_beyond(server):
    with server.client() as client:
        assert client.ask("GET", "/healthz").status == 200
        assert client.is_ended()


def rest_within(server):
    with server.client() as client:
        client.begin("POST", "/channel/a", NDJSON)
        client.content(b"1\n")
        time_passes(server)
        client.content(b"2\n")
        assert client.finish().json()["accepted"] == 2


def rest_beyond(server):
    with server.client() as client:
        client.begin("POST", "/channel/a", NDJSON)
        client.content(b"1\n")
        assert client.response().status == 408


def unread(server):
    """A client that has asked for more than the sockets' buffers hold, and reads nothing of it."""
    posted = server.post("a", random.Random(1).randbytes(15 * MEBIBYTE)).json()["frame"]
    server.frame_octets(posted)
    client = server.client()
    client.want(f"/{posted}")
    return client


def reading_within(server):
    with unread(server) as client:
        time_passes(server)
        assert client.response().status == 200


def reading_beyond(server):
    others = server.sockets()
    with unread(server):
        until(lambda: server.sockets() <= others, "the end of the connection")


RATE = 16 << 10


class LeastRate:
    """A fourth, and four times, of what is asked for, so that a machine that pauses decides nothing."""
    within_options = beyond_options = ("--min-rate", "16KiB", "--min-rate-window", "2s")
    counted = timed_out("body")

    def within(self, server):
        with server.client() as client:
            client.begin("POST", "/channel/a", OCTETS)
            for due in paced(4 * RATE, 4):
                client.content(bytes(due))
            assert client.finish().status == 200

    def beyond(self, server):
        with server.client() as client:
            client.begin("POST", "/channel/a", OCTETS)
            for due in paced(RATE // 4, DEADLINE_SECONDS):
                client.content(bytes(due))
                if is_answered(client):
                    break
            assert client.response().status == 408


# Following

class Wait:
    """What follows is there soon, or never."""
    within_options, beyond_options = ("--max-wait", "60s"), ("--max-wait", "1s")
    counted = 'syncstreamer_http_requests_total{code="204",protocol="PROTOCOL",route="frame_after"}'

    def within(self, server):
        last = until(lambda: server.index(), "a frame")[0]["id"]
        assert get(server, f"/frame/after/{last}?wait=60") == 200

    def beyond(self, server):
        assert get(server, f"/frame/after/{1 << 60}?wait=60") == 204


class Backlog:
    """Half of what may be, and far more than the sockets hold beside it."""
    counted = 'syncstreamer_followers_lagged_total{kind="channel-events"}'

    def __init__(self, *options):
        self.within_options = self.beyond_options = ("--threads", "1", *options)

    def follow(self, server, mebibytes):
        """The names of the events that one gets who doesn't read until all is posted."""
        narrow = {"window": 65_535} if Server.protocol == "http2" else {}
        line = b'"' + b"x" * 8000 + b'"\n'
        count = int(mebibytes * MEBIBYTE) // len(line)
        with server.client(**narrow) as client:
            events = Events(client, "/channel/a")
            events.comment()
            for _ in range(0, count, 50):
                assert server.post("a", line * 50, NDJSON).status == 200
            assert server.post("a", b'"the last"', JSON).status == 200
            for event in events:
                yield event
                if event.data == '"the last"':
                    break

    def within(self, server):
        events = list(self.follow(server, 0.5))
        assert {event.name for event in events} == {"application/json"} and events[-1].data == '"the last"'

    def beyond(self, server):
        assert [event.name for event in self.follow(server, 24)][-1] == "lagged"


# Rates

class Rate:
    """Ten times as much as in a second may come at once; `ask` gives a status to so much of it."""
    def __init__(self, option, rate, ask, status=200):
        self.within_options = self.beyond_options = (option, str(rate))
        self.counted = f'syncstreamer_rate_limited_total{{policy="{option.removeprefix("--rate-")}"}}'
        self.quota, self.ask, self.status = 10 * rate, ask, status

    def within(self, server):
        assert self.ask(server, self.quota) == self.status

    def beyond(self, server):
        # Time gives some more.
        assert self.ask(server, 100 * self.quota) == 429


def in_turn(ask):
    """One request for each that is asked for, up to the first that is refused."""
    def all_of(server, count):
        with server.client() as client:
            for _ in range(count):
                status = ask(client)
                if status == 429:
                    break
            return status
    return all_of


def wrong_secrets(server, count):
    return in_turn(lambda client: client.ask("POST", "/channel/a", {**JSON, "Authorization": "Bearer wrong"}).status)(server, count)


reads = in_turn(lambda client: client.ask("GET", "/healthz").status)
posts = in_turn(lambda client: client.ask("POST", "/channel/a", JSON, b"1").status)


def lines(server, count):
    return server.post("a", b"1\n" * count, NDJSON).status


def octets(server, count):
    """Some of them go for what stands around an item."""
    return server.post("a", b"".join(b'"%s"\n' % (b"x" * 97) for _ in range(count // 100)), NDJSON).status


LIMITS = {
    "--max-request-line": [
        Size(request_line(200), 414, malformed(414), ("--max-request-line", "200")), Size(request_line(8 << 10), 414, malformed(414), ())],
    "--max-header-size": [
        Size(header_section(1024), 431, malformed(431), ("--max-header-size", "1KiB")),
        Size(header_section(32 << 10), 431, malformed(431), ())],
    "--max-header-fields": [
        Size(header_fields(10), 431, malformed(431), ("--max-header-fields", "10")), Size(header_fields(100), 431, malformed(431), ())],
    "--max-item-size": [
        Size(item(1000), 413, rejected("too-large"), ("--max-item-size", "1000")), Size(item(16 * MEBIBYTE), 413, rejected("too-large"), ())],
    "--max-gzip-ratio": [
        Size(gzip_ratio(20), 413, rejected("too-dense"), ("--max-gzip-ratio", "20")), Size(gzip_ratio(200), 413, rejected("too-dense"), ())],
    "--max-frame-channels": [Size(channels(2), 503, rejected("window-full"), ("--max-frame-channels", "2"))],
    "--max-frame-items": [Size(items(5), 503, rejected("window-full"), ("--max-frame-items", "5"))],
    "--max-keys": [Size(keys(3), 503, uploads_refused("keys-full"), ("--max-keys", "3"))],
    "--max-keys-per-secret": [Size(keys(3), 503, uploads_refused("keys-full"), ("--max-keys-per-secret", "3"))],
    "--max-upload-memory": [
        Size(upload_memory(2), 503, uploads_refused("memory-full"),
             ("--max-upload-memory", "16MiB", "--threads", "1", "--max-item-size", "4MiB"))],
    "--max-connections": [Connections("--max-connections", "total")],
    "--max-connections-per-address": [Connections("--max-connections-per-address", "address")],
    "--max-streams": [
        Streams(5, ("--max-streams", "5")), Streams(128, ())],
    "--max-continuations": [
        Frames(continuations(count), ENHANCE_YOUR_CALM, 'syncstreamer_http2_connections_sent_away_total{reason="continuations"}', options)
        for count, options in [(3, ("--max-continuations", "3")), (8, ())]],
    "--max-idle-frames": [
        Frames(pings(count), ENHANCE_YOUR_CALM, 'syncstreamer_http2_connections_sent_away_total{reason="frames"}', options)
        for count, options in [(20, ("--max-idle-frames", "20")), (100, ())]],
    "--handshake-timeout": [
        Time("--handshake-timeout", handshake_within, handshake_beyond, timed_out("handshake"), protocols=("http1",))],
    "--header-timeout": [Time("--header-timeout", head_within, head_beyond, timed_out("head"))],
    "--idle-timeout": [Time("--idle-timeout", idle_within, idle_beyond, timed_out("idle"))],
    "--stream-idle-timeout": [Time("--stream-idle-timeout", rest_within, rest_beyond, timed_out("body"))],
    "--min-rate": [LeastRate()],
    "--min-rate-window": [Time("--min-rate-window", reading_within, reading_beyond, timed_out("response"))],
    "--max-wait": [Wait()],
    "--max-event-backlog": [Backlog("--max-event-backlog", "1MiB"), Backlog()],
    "--max-event-memory": [Backlog("--max-event-backlog", "64MiB", "--max-event-memory", "1MiB")],
    "--rate-address-requests": [Rate("--rate-address-requests", 2, reads)],
    "--rate-address-items": [Rate("--rate-address-items", 10, lines)],
    "--rate-address-octets": [Rate("--rate-address-octets", 1024, octets)],
    "--rate-address-guesses": [Rate("--rate-address-guesses", 2, wrong_secrets, status=401)],
    "--rate-secret-requests": [Rate("--rate-secret-requests", 2, posts)],
    "--rate-secret-items": [Rate("--rate-secret-items", 10, lines)],
    "--rate-secret-octets": [Rate("--rate-secret-octets", 1024, octets)],
}

CASES = [
    pytest.param(limit, protocol, id=f"{option.removeprefix('--')}-{number}-{protocol}")
    for option, limits in LIMITS.items() for number, limit in enumerate(limits)
    for protocol in getattr(limit, "protocols", ["http1", "http2"])
]


def counted(limit):
    return limit.counted.replace("PROTOCOL", "h2" if Server.protocol == "http2" else "http/1.1")


@pytest.mark.parametrize("limit, protocol", CASES, indirect=["protocol"])
def test_within(start, limit, protocol):
    metrics = Metrics(start, *limit.within_options, frame_duration="2s")
    limit.within(metrics.server)
    # Loops publish what they count in some order of time, so what comes later is waited for.
    before = metrics.all()["syncstreamer_connections_accepted_total"]
    until(lambda: metrics.all()["syncstreamer_connections_accepted_total"] > before, "newer metrics")
    assert metrics.all().get(counted(limit), 0) == 0


@pytest.mark.parametrize("limit, protocol", CASES, indirect=["protocol"])
def test_beyond(start, limit, protocol):
    metrics = Metrics(start, *limit.beyond_options, frame_duration="1h" if isinstance(limit, Size) else "200ms")
    limit.beyond(metrics.server)
    until(lambda: metrics.all().get(counted(limit), 0) >= 1, f"{counted(limit)} to count it")
    assert get(metrics.server) in (200, 429)


def described():
    """What `--help` says of each option, in one line."""
    text = re.sub(r"\n {20,}", " ", run("serve", "--help").stdout.decode())
    return dict(re.findall(r"^  (--[a-z0-9-]+)(.*)$", text, re.MULTILINE))


def test_every_limit_is_in_the_table():
    options = {
        option for option in described()
        if option.startswith(("--max-", "--min-", "--rate-")) or option.endswith("-timeout") and option != "--drain-timeout"}
    assert options == set(LIMITS)


@pytest.mark.parametrize("option, value", [
    ("--max-request-line", "8KiB"), ("--max-header-size", "32KiB"), ("--max-header-fields", "100"), ("--max-item-size", "16MiB"),
    ("--header-timeout", "10s"), ("--min-rate", "1KiB"), ("--min-rate-window", "30s"), ("--idle-timeout", "75s"),
    ("--handshake-timeout", "10s"), ("--max-streams", "128"), ("--max-wait", "60s"), ("--event-heartbeat", "15s"),
])
def test_what_is_promised_by_default(option, value):
    assert f"(default: {value})" in described()[option]
