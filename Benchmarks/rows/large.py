"""Large things: a window of a million items, a frame of 1 GB, much that is served, many large uploads at once."""

import struct
import threading
import time

from Benchmarks import frames
from Benchmarks.client import Client, context, request, upload
from Benchmarks.loads import asking_all, wrk
from Benchmarks.measuring import Figure, Meter, Peak, anonymous_octets
from Benchmarks.rows import row
from Benchmarks.rows.uploads import send_streams
from Benchmarks.servers import SyncStreamer, until
from Benchmarks.setting import ALL_CORES, LOAD_CORE

MEGABYTE = 1 << 20
ITEMS = 1_000_000
WINDOW = 10
DEVICES = 100
RETRY_SECONDS = 0.2


@row("million", "a window with a million items of 100 octets: until its frame is readable, memory an item", is_long=True)
def million(setting):
    body = (struct.pack(">QQ", 0, 100) + b"z" * 100) * ITEMS
    waits, memory, peaks = [], [], []
    for _ in range(setting.rounds):
        with SyncStreamer(setting, "--frame-duration", f"{WINDOW}s") as server:
            time.sleep(WINDOW - time.time() % WINDOW + 0.2)
            start = int(time.time() // WINDOW * WINDOW)
            before = anonymous_octets(server.pids)
            send_streams(server, "application/vnd.syncstreamer.items", body, 1)
            memory.append((anonymous_octets(server.pids) - before) / ITEMS)
            left = start + WINDOW - time.time()
            if left < 0:
                raise RuntimeError("a million items took longer than their window")
            with Client(server.port, context()) as client, Peak(server) as peak:
                time.sleep(left)
                head = request("HEAD", f"/{start}000")

                def is_there():
                    client.send(head)
                    return client.response(has_body=False)[0] == 200
                until(is_there, "the frame of a million items")
                waits.append(time.time() - start - WINDOW)
            peaks.append(peak.octets / MEGABYTE)
    return [
        Figure("a window of a million items of 100 octets, from its end until its frame is readable", "s", {"ours": waits}),
        Figure("memory of an item of the open window", "octets", {"ours": memory}),
        Figure("memory at most while that window is sealed", "MB", {"ours": peaks}),
    ]


@row("gigabyte-frame", "a frame of 1 GB, four times at once: memory at most, processor time", is_long=True)
def gigabyte_frame(setting):
    data = setting.new_folder("gigabyte") / "data"
    start = frames.lay(data, [1 << 30])[0]
    memory, costs = [], []
    with SyncStreamer(setting, data=data) as server:
        for _ in range(setting.rounds):
            before = anonymous_octets(server.pids)
            with Peak(server) as peak, Meter(server) as meter:
                downloads = [
                    setting.start(LOAD_CORE, "curl", "-sk", "-o", "/dev/null", f"https://127.0.0.1:{server.port}/{start}")
                    for _ in range(4)]
                if any(download.wait() for download in downloads):
                    raise RuntimeError("a frame of 1 GB was not sent whole")
            memory.append((peak.octets - before) / MEGABYTE)
            costs.append(meter.cpu_seconds / 4)
    return [
        Figure("a frame of 1 GB, four times at once: growth at most", "MB", {"ours": memory}),
        Figure("a frame of 1 GB", "s of CPU", {"ours": costs}),
    ]


@row("served", "anonymous memory after serving more than 1 GB in 300 frames of 1 MB, with as many loops as by default")
def served(setting):
    with SyncStreamer(setting, sizes=[MEGABYTE] * 300, cores=ALL_CORES, threads=None) as server:
        octets, script = 0, asking_all(setting, server.starts)
        while octets < 1 << 30:
            octets += wrk(setting, server, "/", setting.seconds, script=script).requests * MEGABYTE
        memory = anonymous_octets(server.pids) / MEGABYTE
    return [Figure("after serving 1 GB in 300 frames of 1 MB", "MB", {"ours": [memory]})]


@row("devices", "100 devices that upload an item of 16 MiB each, at once, and again where memory is full: memory at most", is_long=True)
def devices(setting):
    item = b"v" * (16 * MEGABYTE)
    octets = upload("large", "application/octet-stream", len(item))
    memory, seconds, statuses = [], [], []

    def attempt():
        try:
            with Client(server.port, context(), timeout=300) as client:
                client.send(octets)
                client.send(item)
                return client.response()[0]
        except OSError:
            # Refused before the item was read, of which more came.
            return 503

    def device(gate):
        gate.wait()
        while (status := attempt()) == 503:
            time.sleep(RETRY_SECONDS)
        statuses.append(status)

    with SyncStreamer(setting) as server:
        for _ in range(setting.rounds):
            statuses.clear()
            gate = threading.Barrier(DEVICES)
            threads = [threading.Thread(target=device, args=(gate,)) for _ in range(DEVICES)]
            before = anonymous_octets(server.pids)
            with Peak(server) as peak, Meter(server) as meter:
                for thread in threads:
                    thread.start()
                for thread in threads:
                    thread.join()
            if statuses != [200] * DEVICES:
                raise RuntimeError(f"only {statuses.count(200)} of {DEVICES} items were taken: {sorted(set(statuses))}")
            memory.append((peak.octets - before) / MEGABYTE)
            seconds.append(meter.seconds)
    return [
        Figure(f"{DEVICES} devices that upload 16 MiB at once: growth at most", "MB", {"ours": memory}),
        Figure(f"{DEVICES} devices that upload 16 MiB at once: until all are answered", "s", {"ours": seconds}),
    ]
