"""Devices that send faster than the disk takes: they are held up by TCP, and by HTTP/2's windows; the server's memory stays
within its bounds, and others are served. Where as much waits as may, a new upload gets 503 before its body. The disk stands still
until the test lets it go on."""

import threading
from collections import Counter

from support.metrics import Metrics
from support.server import AUTHORIZED, OCTETS
from support.timeframe import decode
from support.waiting import DEADLINE_SECONDS, until

EITHER_PROTOCOL = True

NDJSON = {**AUTHORIZED, "Content-Type": "application/x-ndjson"}
MEBIBYTE = 1 << 20
DEVICES, LINES, PADDING = 8, 2_000, "." * 10_000


class Device(threading.Thread):
    """Sends lines of its own as fast as it can, in one stream."""

    def __init__(self, server, number):
        super().__init__(daemon=True)
        self.client, self.number = server.client(), number
        self.sent, self.answer = 0, None

    def run(self):
        with self.client as client:
            client.begin("POST", f"/channel/device-{self.number}", NDJSON)
            for line in range(LINES):
                client.content(f'["{self.number} {line}", "{PADDING}"]\n'.encode())
                self.sent += 1
            self.answer = client.finish()


def test_a_disk_that_stands_still_holds_devices_up(start, faults):
    server = start("--threads", "1", frame_duration="1s", **faults.environment)
    server.post("before", b"x")
    before = server.anonymous_octets()
    rule = faults.begin("fdatasync", "wait", path="/log/")
    devices = [Device(server, number) for number in range(DEVICES)]
    for device in devices:
        device.start()
    until(lambda: rule.struck and all(device.sent > 100 for device in devices), "some of everything to be on its way")

    # Others are served, and long enough for the devices to have sent all, if they could.
    most = 0
    with server.client() as other:
        for _ in range(500):
            assert other.ask("GET", "/frame").status == 200
            most = max(most, server.anonymous_octets())
        assert all(device.sent < LINES for device in devices), [device.sent for device in devices]
    # Each has 1 MiB on its way to the log, one item more, what was received behind that, and what the log has of it.
    assert most - before < DEVICES * 4 * MEBIBYTE

    # One more upload waits with them, and is answered when the disk goes on.
    with server.client() as one:
        faults.end()
        last = one.ask("POST", "/channel/after", OCTETS, b"x").json()["frame"]
    for device in devices:
        device.join(DEADLINE_SECONDS)
        assert device.answer.status == 200 and device.answer.json()["accepted"] == LINES
    frames = {device.answer.json()["frame"] for device in devices} | {last}
    for frame_id in frames:
        server.frame_octets(frame_id)
    found = Counter()
    with server.client() as reading:
        for entry in reading.ask("GET", "/frame").json():
            for channel in decode(reading.ask("GET", f"/{entry['id']}").body).channels:
                found.update(item.data.partition(b'"')[2].partition(b'"')[0] for item in channel.items if channel.id[:6] == "device")
    assert set(found.values()) == {1} and len(found) == DEVICES * LINES
    assert server.anonymous_octets() - before < DEVICES * 8 * MEBIBYTE


class Single(threading.Thread):
    """Posts one item."""

    def __init__(self, server, channel, item):
        super().__init__(daemon=True)
        self.server, self.channel, self.item = server, channel, item
        self.answer = None
        self.start()

    def run(self):
        self.answer = self.server.post(self.channel, self.item)


def test_a_queue_that_is_full_refuses_new_uploads(start, faults):
    metrics = Metrics(start, "--threads", "1", frame_duration="1s", **faults.environment)
    server = metrics.server
    server.post("before", b"x")
    with server.client() as under_way:
        under_way.begin("POST", "/channel/stream", NDJSON)
        under_way.content(b"1\n")
        rule = faults.begin("fdatasync", "wait", path="/log/")
        # 64 MiB may wait.
        large = bytes(16 * MEBIBYTE)
        singles = [Single(server, f"large-{number}", large) for number in range(4)]
        until(lambda: rule.struck and metrics.all()["syncstreamer_log_queue_bytes"] >= 64 * MEBIBYTE, "the queue to be full")
        assert metrics.all()["syncstreamer_log_queue_items"] >= 4

        # Refused before its body, and as often as it comes.
        for count in (1, 2):
            with server.client() as new:
                new.begin("POST", "/channel/new", OCTETS)
                answer = new.response()
            assert (answer.status, answer.problem_name(), answer.get("retry-after")) == (503, "queue-full", "1")
            metrics.until('syncstreamer_uploads_refused_total{reason="queue-full"}', count)
        assert server.get("/frame").status == 200
        # What is under way is only held up.
        under_way.content(b"2\n")
        faults.end()
        until(lambda: metrics.all()["syncstreamer_log_queue_bytes"] < 64 * MEBIBYTE, "room in the queue")
        assert server.post("new", b"x").status == 200
        assert under_way.finish().json()["accepted"] == 2
    for single in singles:
        single.join(DEADLINE_SECONDS)
        assert single.answer.status == 200
