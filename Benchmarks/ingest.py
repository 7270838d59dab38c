#!/usr/bin/env python3
"""What taking items costs: durable POSTs beside Redis, streams, latency at low load, and the sealing of a large window.

    python3 Benchmarks/ingest.py [--rounds 5] [--seconds 4]

Needs the release binary (`swift build -c release`), and Debian's wrk, openssl, redis-server and redis-tools. Server and
Redis are pinned to processor 0, the load to processor 1; the same disk; TLS for the server, none for Redis. Streams are
sent with the load beside the server on both processors.
"""
import argparse
import json
import os
import pathlib
import shutil
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import time

from against_nginx import SECRET, SyncStreamer, cpu_seconds, free_port, insecure, load, resident_octets, wait_for_port

ITEMS = 1_000_000


class Redis:
    """The peer: every write synced before it is answered, as its manual says for the greatest safety."""

    def __init__(self, folder):
        self.port = free_port()
        self.process = subprocess.Popen(
            ["taskset", "-c", "0", "redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(folder),
             "--appendonly", "yes", "--appendfsync", "always", "--save", "", "--daemonize", "no"],
            stdout=subprocess.DEVNULL)
        wait_for_port(self.port, self.process)

    def rate(self, count):
        """SETs of 100 octets a second over 64 connections, without pipelining."""
        before = cpu_seconds([self.process.pid])
        run = subprocess.run(
            ["taskset", "-c", "1", "redis-benchmark", "-p", str(self.port), "-c", "64", "-n", str(count), "-d", "100",
             "-r", "100000", "-t", "set", "--csv"], capture_output=True, text=True, check=True)
        rate = float(run.stdout.splitlines()[-1].split(",")[1].strip('"'))
        return rate, (cpu_seconds([self.process.pid]) - before) / count * 1e6

    def stop(self):
        self.process.terminate()
        self.process.wait(20)


def post_script(folder):
    script = folder / "post.lua"
    script.write_text(
        'wrk.method = "POST"\n'
        f'wrk.headers["Authorization"] = "Bearer {SECRET}"\n'
        'wrk.headers["Content-Type"] = "application/octet-stream"\n'
        'wrk.body = string.rep("x", 100)\n')
    return str(script)


def beside_redis(server, redis, folder, rounds, seconds):
    script = post_script(folder)
    ours, theirs = [], []
    for number in range(rounds + 1):
        requests, used, _, elapsed, percentiles = load(server, "/channel/post", seconds, script)
        peer = redis.rate(40_000)
        if number:  # The first warms up.
            ours.append((requests / elapsed, used / requests * 1e6, percentiles))
            theirs.append(peer)
    rate, cost = (statistics.median(run[place] for run in ours) for place in (0, 1))
    peer_rate, peer_cost = (statistics.median(run[place] for run in theirs) for place in (0, 1))
    print(f"durable POST of 100 octets, 64 connections: {rate:.0f}/s, {cost:.1f} µs CPU, p50 {ours[-1][2]['50']}, "
          f"p99 {ours[-1][2]['99']}", flush=True)
    print(f"Redis, appendfsync always, SET of 100 octets, 64 connections: {peer_rate:.0f}/s, {peer_cost:.1f} µs CPU; "
          f"ours is {rate / peer_rate:.1f} times that", flush=True)


def stream(server, kind, body):
    """One upload of many items over one connection; items a second until the answer, and CPU each."""
    connection = insecure().wrap_socket(socket.create_connection(("127.0.0.1", server.port)))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    head = (f"POST /channel/stream HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {SECRET}\r\n"
            f"Content-Type: {kind}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n")
    before, began = cpu_seconds(server.pids), time.monotonic()
    connection.sendall(head.encode())
    view = memoryview(body)
    for start in range(0, len(body), 1 << 20):
        connection.sendall(view[start:start + (1 << 20)])
    answer = b""
    while piece := connection.recv(65536):
        answer += piece
    elapsed, used = time.monotonic() - began, cpu_seconds(server.pids) - before
    accepted = json.loads(answer.partition(b"\r\n\r\n")[2])["accepted"]
    return accepted / elapsed, used / accepted * 1e6, accepted


def streams(server, rounds):
    line = json.dumps({"celsius": 21.5, "humidity": 40, "note": "x" * 150}).encode()
    line += b" " * (199 - len(line)) + b"\n"
    for name, kind, body in [
        ("NDJSON, 200 octets a line", "application/x-ndjson", line * 500_000),
        ("records of 200 octets", "application/vnd.syncstreamer.items", (struct.pack(">QQ", 0, 200) + b"y" * 200) * 500_000),
    ]:
        runs = [stream(server, kind, body) for _ in range(rounds)]
        assert all(run[2] == 500_000 for run in runs)
        print(f"{name}, one connection: {statistics.median(run[0] for run in runs):.0f} items/s, "
              f"{statistics.median(run[1] for run in runs):.2f} µs CPU each", flush=True)


def low_load(server, count=2000):
    """One item at a time on one connection, 5 ms apart."""
    connection = insecure().wrap_socket(socket.create_connection(("127.0.0.1", server.port)))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    request = (f"POST /channel/low HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {SECRET}\r\n"
               f"Content-Type: application/octet-stream\r\nContent-Length: 100\r\n\r\n").encode() + b"x" * 100
    taken = []
    for _ in range(count):
        began = time.perf_counter()
        connection.sendall(request)
        answer = connection.recv(65536)
        taken.append(time.perf_counter() - began)
        assert answer.startswith(b"HTTP/1.1 200"), answer
        time.sleep(0.005)
    connection.close()
    taken.sort()
    print(f"durable POST at low load: p50 {taken[count // 2] * 1000:.2f} ms, p99 {taken[count * 99 // 100] * 1000:.2f} ms",
          flush=True)


def sealing(folder, certificate, key):
    """A window of a million items of 100 octets: from its end to a frame that can be read, and memory an item."""
    server = SyncStreamer(folder, certificate, key, "--frame-duration", "10s")
    try:
        body = (struct.pack(">QQ", 0, 100) + b"z" * 100) * ITEMS
        time.sleep(10 - time.time() % 10 + 0.2)
        before = resident_octets(server.pids)
        _, _, accepted = stream(server, "application/vnd.syncstreamer.items", body)
        held = resident_octets(server.pids) - before
        assert accepted == ITEMS
        start = int(time.time() // 10 * 10 * 1000)
        end = start / 1000 + 10
        if time.time() > end:
            sys.exit("the million items did not fit into one window")
        time.sleep(end - time.time())
        connection = insecure().wrap_socket(socket.create_connection(("127.0.0.1", server.port)))
        while True:
            connection.sendall(f"HEAD /{start} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            if connection.recv(65536).startswith(b"HTTP/1.1 200"):
                break
            time.sleep(0.005)
        print(f"a window of {ITEMS} items of 100 octets: its frame is there {time.time() - end:.2f} s after its end; "
              f"{held / ITEMS:.0f} octets of memory an item before that", flush=True)
        connection.close()
    finally:
        server.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=4)
    options = parser.parse_args()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="syncstreamer-bench-"))
    certificate, key = str(folder / "certificate.pem"), str(folder / "key.pem")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1",
         "-subj", "/CN=localhost", "-keyout", key, "-out", certificate], check=True, capture_output=True)
    places = {name: folder / name for name in ("ours", "redis", "free", "million")}
    for place in places.values():
        place.mkdir()
    try:
        ours, redis = SyncStreamer(places["ours"], certificate, key), Redis(places["redis"])
        try:
            beside_redis(ours, redis, folder, options.rounds, options.seconds)
            low_load(ours)
        finally:
            ours.stop()
            redis.stop()
        free = SyncStreamer(places["free"], certificate, key, processors=f"0-{os.cpu_count() - 1}")
        try:
            streams(free, options.rounds)
        finally:
            free.stop()
        sealing(places["million"], certificate, key)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
