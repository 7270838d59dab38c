"""POSTs: single items beside Redis, streams of items, and how long one alone takes."""

import json
import statistics
import struct
import threading
import time

from Benchmarks.client import SECRET, Client, context, upload
from Benchmarks.loads import redis_benchmark, wrk
from Benchmarks.measuring import Figure, Meter, alternate
from Benchmarks.peers import Redis
from Benchmarks.rows import row
from Benchmarks.servers import SyncStreamer
from Benchmarks.setting import ALL_CORES

ITEM = b"x" * 100
# One connection's share of a round of a stream.
STREAMED = 500_000
LOW_LOAD_COUNT = 2_000


def post_script(setting):
    """For wrk: a POST of 100 octets, made once."""
    script = setting.folder / "post.lua"
    script.write_text(
        'wrk.method = "POST"\n'
        f'wrk.headers["Authorization"] = "Bearer {SECRET}"\n'
        'wrk.headers["Content-Type"] = "application/octet-stream"\n'
        f'wrk.body = "{ITEM.decode()}"\n')
    return script


@row("post", "durable POST of 100 octets over TLS, 64 connections, beside Redis's XADD with appendfsync always")
def post(setting):
    with SyncStreamer(setting) as ours, Redis(setting) as redis:
        first = redis_benchmark(setting, redis, 1, 5_000)
        runs = {
            "ours": lambda seconds: wrk(setting, ours, "/channel/post", seconds, script=post_script(setting)),
            "Redis": lambda seconds: redis_benchmark(setting, redis, seconds, first.rate),
        }
        return [alternate("POST of 100 octets, durable", runs, setting)]


@row("post-alone", "a durable POST of 100 octets at low load: one connection, 5 ms between two")
def post_alone(setting):
    octets = upload("alone", "application/octet-stream", len(ITEM)) + ITEM
    halves, hundredths = [], []
    with SyncStreamer(setting) as server, Client(server.port, context()) as client:
        for _ in range(setting.rounds):
            taken = []
            for _ in range(LOW_LOAD_COUNT // setting.rounds):
                began = time.perf_counter()
                client.send(octets)
                status, head, _ = client.response()
                taken.append((time.perf_counter() - began) * 1000)
                if status != 200:
                    raise RuntimeError(head.decode())
                time.sleep(0.005)
            cuts = statistics.quantiles(taken, n=100)
            halves.append(cuts[49])
            hundredths.append(cuts[98])
    return [
        Figure("durable POST at low load, median", "ms", {"ours": halves}),
        Figure("durable POST at low load, 99th percentile", "ms", {"ours": hundredths}),
    ]


def send_streams(server, kind, body, connections):
    """Uploads `body` on each of the connections at once. The octets were made before, so that sending them is all that
    this process does: its share of the processor says whether it was the limit."""
    accepted, failures = [], []

    def send(number):
        try:
            with Client(server.port, context()) as client:
                client.send(upload(f"stream-{number}", kind, len(body)))
                client.send(body)
                status, head, answer = client.response()
                if status != 200:
                    raise RuntimeError(head.decode())
                accepted.append(json.loads(answer)["accepted"])
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=send, args=(number,)) for number in range(connections)]
    with Meter(server) as meter:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    if failures:
        raise failures[0]
    return meter.sample(sum(accepted), cores=min(connections, 2))


def stream(work, kind, item, setting):
    results = []
    for connections in (1, 4):
        body = item * (STREAMED // connections)
        with SyncStreamer(setting, threads=None, cores=ALL_CORES) as server, setting.on_all_cores():
            runs = {"ours": lambda _: send_streams(server, kind, body, connections)}
            said = "1 connection" if connections == 1 else f"{connections} connections"
            results.append(alternate(f"{work}, {said}, an item", runs, setting))
    return results


@row("ndjson", "streams of NDJSON, 200 octets a line, 500,000 lines; server and load share the cores")
def ndjson(setting):
    line = json.dumps({"celsius": 21.5, "humidity": 40, "note": "x" * 150}).encode()
    line += b" " * (199 - len(line)) + b"\n"
    return stream("NDJSON, 200 octets", "application/x-ndjson", line, setting)


@row("records", "streams of records with 200 octets, 500,000 items; server and load share the cores")
def records(setting):
    item = struct.pack(">QQ", 0, 200) + b"y" * 200
    return stream("records of 200 octets", "application/vnd.syncstreamer.items", item, setting)
