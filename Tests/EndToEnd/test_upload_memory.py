"""Memory for items that have not come whole: bounded for all uploads together. What has room comes to its end; what has none gets
503 with when to come again, before its body where its length is known; and small items always find some."""

import threading

import pytest

from support.metrics import Metrics
from support.server import AUTHORIZED, OCTETS, Server
from support.waiting import until

EITHER_PROTOCOL = True

NDJSON = {**AUTHORIZED, "Content-Type": "application/x-ndjson"}
EXPECTING = {**OCTETS, "Expect": "100-continue"}
MEBIBYTE = 1 << 20
# Of 16 MiB three quarters are for large items: two of 4 MiB and a part of a third.
OPTIONS = ["--threads", "1", "--max-item-size", "4MiB", "--max-upload-memory", "16MiB"]


def begin(client, fields, octets):
    """Sends a head that promises so many octets."""
    fields = {**fields, "Content-Length": str(len(octets))}
    if Server.protocol == "http2":
        client.begin("POST", "/channel/large", fields)
    else:
        lines = "".join(f"{name}: {value}\r\n" for name, value in {"Host": "localhost", **fields}.items())
        client.send(f"POST /channel/large HTTP/1.1\r\n{lines}\r\n".encode())


def send(client, octets):
    if Server.protocol == "http2":
        client.content(octets, ends=True)
    else:
        client.send(octets)


def is_wanted(client):
    """Whether the server asks for the body (100), to a head that expects so; otherwise it has answered."""
    if Server.protocol == "http2":
        client.until(lambda: client.stream in client.interim or client.stream in client.whole)
        return client.stream in client.interim
    while b"\r\n\r\n" not in client.received:
        assert client.more()
    if not client.received.startswith(b"HTTP/1.1 100 "):
        return False
    client.response()
    return True


def refused(answer):
    assert (answer.status, answer.problem_name(), answer.get("retry-after")) == (503, "memory-full", "1")


class Crowd:
    """Devices that post a large item each. One that gets 503 comes again once another has found room and gone."""

    def __init__(self, server, item, count):
        self.server, self.item = server, item
        self.statuses, self.refusals, self.change = [], 0, threading.Condition()
        self.threads = [threading.Thread(target=self.post, daemon=True) for _ in range(count)]
        for thread in self.threads:
            thread.start()

    def post(self):
        while True:
            done = len(self.statuses)
            with self.server.client() as client:
                begin(client, EXPECTING, self.item)
                if is_wanted(client):
                    send(client, self.item)
                    status = client.response().status
                    with self.change:
                        self.statuses.append(status)
                        self.change.notify_all()
                    return
                refused(client.response())
            with self.change:
                self.refusals += 1
                self.change.wait_for(lambda: len(self.statuses) > done)

    def is_over(self):
        return not any(thread.is_alive() for thread in self.threads)


@pytest.mark.timeout(300)
def test_a_hundred_devices_with_large_items_at_once(start):
    metrics = Metrics(start, "--threads", "1", "--max-item-size", "2MiB", "--max-upload-memory", "8MiB", "--retain-frames", "2")
    server = metrics.server
    server.post("before", b"x")
    before, most = server.anonymous_octets(), 0
    crowd = Crowd(server, bytes(2 * MEBIBYTE), 100)
    while not crowd.is_over():
        # Others are served meanwhile.
        assert server.post("small", b"x").status == 200
        most = max(most, server.anonymous_octets())
    assert crowd.statuses == [200] * 100 and crowd.refusals > 0
    # Without a bound, 200 MiB could be half-way. The log has some of its own on the way to the disk, and keeps it for the next.
    assert most - before < 100 * MEBIBYTE, (most - before) / MEBIBYTE
    metrics.until("syncstreamer_upload_memory_bytes", 0)
    metrics.until('syncstreamer_uploads_refused_total{reason="memory-full"}', crowd.refusals)


def test_items_of_unknown_length_that_never_end(start):
    """An attacker with a secret: a hundred items nearly whole, and not one comes to its end."""
    metrics = Metrics(start, *OPTIONS)
    server = metrics.server
    server.post("before", b"x")
    before = server.anonymous_octets()
    clients = [server.client() for _ in range(100)]
    try:
        for client in clients:
            client.begin("POST", "/channel/large", NDJSON)
            try:
                for _ in range(31):
                    client.content(b"1" * (128 << 10))
            except OSError:
                pass  # It was answered, and HTTP/1.1's answer ends the connection.
        until(lambda: metrics.all()["syncstreamer_upload_memory_bytes"] >= 8 * MEBIBYTE, "much to be held")
        assert server.anonymous_octets() - before < 64 * MEBIBYTE
        assert metrics.all()["syncstreamer_upload_memory_bytes"] <= 16 * MEBIBYTE
        # A small item finds room.
        for _ in range(20):
            assert server.post("small", b"1" * 10_000).status == 200
        # A large one is refused at its head, and has room as soon as others end.
        with server.client() as other:
            begin(other, OCTETS, bytes(4 * MEBIBYTE))
            refused(other.response())
    finally:
        for client in clients:
            client.close()
    metrics.until("syncstreamer_upload_memory_bytes", 0)
    assert server.post("large", bytes(4 * MEBIBYTE)).status == 200


def test_what_is_below_the_limit_comes_to_its_end(start):
    """Two large items half-way, and a third that has to wait for one of them."""
    server = start(*OPTIONS)
    item = bytes(4 * MEBIBYTE)
    with server.client() as one, server.client() as two, server.client() as three:
        for client in (one, two):
            begin(client, EXPECTING, item)
            assert is_wanted(client)
        begin(three, EXPECTING, item)
        assert not is_wanted(three)
        refused(three.response())
        for client in (one, two):
            send(client, item)
            assert client.response().status == 200
    assert server.post("large", item).status == 200


def test_streams_in_gzip_count_for_what_they_need(start):
    """48 KiB each, though they have sent nothing yet."""
    metrics = Metrics(start, "--threads", "1", "--max-item-size", "64KiB", "--max-upload-memory", "1MiB")
    clients = [metrics.server.client() for _ in range(25)]
    for client in clients:
        client.begin("POST", "/channel/a", {**NDJSON, "Content-Encoding": "gzip"})
    metrics.until('syncstreamer_uploads_refused_total{reason="memory-full"}', 25 - (1 << 20) // (49 << 10))
    for client in clients:
        client.close()
    metrics.until("syncstreamer_upload_memory_bytes", 0)
