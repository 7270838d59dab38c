"""No GET asks for memory once its connection is warm: over HTTP/1.1 the event loops work in what they have. What OpenSSL
takes for itself is not counted.

A count is the same on every machine, so this is a test, as times can't be."""

import pytest

from support.allocations import Allocations
from support.server import JSON

# Requests that are counted, and the first ones, which fill what is kept.
REQUESTS = 400
WARM_UP = 100
# In so many requests something that is no request's may happen: a tick of the clock's, another size of a buffer.
SPARE = 8


@pytest.fixture
def allocations(tmp_path):
    return Allocations(tmp_path)


@pytest.fixture
def target(start, allocations):
    return start("--threads", "1", "--durability", "memory", **allocations.environment)


def count(target, allocations, method, path, fields, body=None, status=200):
    """How often the loop asked for memory in so many requests, one after the other on one connection."""
    with target.client() as client:
        for number in range(WARM_UP + REQUESTS):
            if number == WARM_UP:
                before = allocations.own
            assert client.ask(method, path, fields, body).status == status
        return allocations.own - before


def test_the_count_counts(target, allocations):
    """A connection is an object at least: the library is in place, and knows a loop from other threads."""
    before = allocations.own
    for _ in range(10):
        target.get("/healthz")
    assert allocations.own - before >= 10


@pytest.mark.parametrize("size", [1_000, 14_000, 200_000])
def test_a_frame(target, allocations, size):
    frame = target.post("warm", b"x" * size).json()["frame"]
    target.frame_octets(frame)
    assert count(target, allocations, "GET", f"/{frame}", {}) <= SPARE


def test_a_frame_that_the_client_has(target, allocations):
    frame = target.post("warm", b"x" * 1000).json()["frame"]
    target.frame_octets(frame)
    tag = target.get(f"/{frame}").get("etag")
    assert count(target, allocations, "GET", f"/{frame}", {"If-None-Match": tag}, status=304) <= SPARE


@pytest.mark.parametrize("coding", ["identity", "gzip"])
def test_the_index(start, allocations, coding):
    target = start("--threads", "1", frame_duration="1h", **allocations.environment)
    assert count(target, allocations, "GET", "/frame", {"Accept-Encoding": coding}) <= SPARE
