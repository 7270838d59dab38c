"""No request of those that come often asks for memory once its connection is warm: the event loops work in what they have.
What OpenSSL and nghttp2 take for themselves is counted apart, and is so much a request.

A count is the same on every machine, so this is a test, as times can't be."""

import pytest

from support.allocations import Allocations
from support.server import JSON, OCTETS

pytestmark = pytest.mark.counts_allocations

# Requests that are counted, and the first ones, which fill what is kept.
REQUESTS = 400
WARM_UP = 100
# In so many requests something that is no request's may happen: a tick of the clock's, another size of a buffer, a batch
# that is still with the log when the next one begins. One a request would be fifty times as many.
SPARE = 40
# OpenSSL takes a buffer for each record that it reads, and gives it back when it is empty. nghttp2 takes its stream, the
# frames that wait, and their fields; an upload's answer comes in a turn of its own, and its body in a record or two.
LIBRARIES_A_REQUEST = {"http1": {"GET": 2, "POST": 4}, "http2": {"GET": 6, "POST": 12}}


@pytest.fixture
def allocations(tmp_path):
    return Allocations(tmp_path)


@pytest.fixture
def target(start, allocations):
    return start("--threads", "1", "--durability", "memory", **allocations.environment)


def check(target, allocations, protocol, method, path, fields, body=None, status=200):
    """That no loop asks for memory in so many requests, one after the other on one connection."""
    with target.client() as client:
        for number in range(WARM_UP + REQUESTS):
            if number == WARM_UP:
                own, libraries = allocations.own, allocations.libraries
            assert client.ask(method, path, fields, body).status == status
        assert allocations.own - own <= SPARE
        assert allocations.libraries - libraries <= LIBRARIES_A_REQUEST[protocol][method] * REQUESTS + SPARE


def test_the_count_counts(target, allocations):
    """A connection is an object at least: the library is in place, and knows a loop from other threads."""
    before = allocations.own
    for _ in range(10):
        target.get("/healthz")
    assert allocations.own - before >= 10


def check_frame(target, allocations, protocol, size):
    frame = target.post("warm", b"x" * size).json()["frame"]
    target.frame_octets(frame)
    check(target, allocations, protocol, "GET", f"/{frame}", {})


@pytest.mark.either_protocol
@pytest.mark.parametrize("size", [1_000, 14_000])
def test_a_frame(target, allocations, protocol, size):
    check_frame(target, allocations, protocol, size)


def test_a_frame_of_many_records(target, allocations, protocol):
    """What the socket doesn't take at once does wait in memory of its own: which HTTP/2, with all of a frame in a turn, comes to often."""
    check_frame(target, allocations, protocol, 200_000)


@pytest.mark.either_protocol
def test_a_frame_that_the_client_has(target, allocations, protocol):
    frame = target.post("warm", b"x" * 1000).json()["frame"]
    target.frame_octets(frame)
    tag = target.get(f"/{frame}").get("etag")
    check(target, allocations, protocol, "GET", f"/{frame}", {"If-None-Match": tag}, status=304)


@pytest.mark.either_protocol
@pytest.mark.parametrize("coding", ["identity", "gzip"])
def test_the_index(start, allocations, protocol, coding):
    target = start("--threads", "1", frame_duration="1h", **allocations.environment)
    check(target, allocations, protocol, "GET", "/frame", {"Accept-Encoding": coding})


@pytest.mark.either_protocol
@pytest.mark.parametrize("fields, body", [(JSON, b'{"value":1}'), (OCTETS, b"x" * 2000)])
def test_an_item(start, allocations, protocol, fields, body):
    target = start("--threads", "1", "--durability", "memory", frame_duration="1h", **allocations.environment)
    check(target, allocations, protocol, "POST", "/channel/warm", fields, body)


@pytest.mark.either_protocol
def test_with_an_access_log(start, allocations, protocol, tmp_path):
    """A line takes no memory; the lines of a quarter of a second, which are handed over together, do."""
    target = start(
        "--threads", "1", "--durability", "memory", "--access-log", tmp_path / "access.log", frame_duration="1h",
        **allocations.environment)
    check(target, allocations, protocol, "GET", "/frame", {})
    check(target, allocations, protocol, "POST", "/channel/warm", JSON, b'{"value":1}')
