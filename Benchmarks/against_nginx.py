#!/usr/bin/env python3
"""Compares the server's CPU time a request with nginx's, in alternation, on one machine in one run.

    python3 Benchmarks/against_nginx.py [--rounds 5] [--seconds 4] [--sizes 1024,65536,1048576]

Needs the release binary (`swift build -c release`) and Debian's nginx, wrk and openssl. Server and peer are pinned to
processor 0, the load to processor 1; 64 keep-alive connections; TLS 1.3 with TLS_AES_128_GCM_SHA256 on both. The
figure that holds on a noisy machine is microseconds of server CPU (user and system, from /proc) a request. Where the
load generator used up its processor, the row says so: then requests a second are its limit, not the server's.

Also prints durable POSTs a second (single 100-octet items, 64 connections), and resident memory an idle connection.
"""
import argparse
import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import ssl
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
BINARY = ROOT / ".build" / "release" / "syncstreamer"
TICKS = os.sysconf("SC_CLK_TCK")
SECRET = "benchmark-secret-0123456789"
CONNECTIONS = 64


def cpu_seconds(pids):
    """User and system time of processes so far, at the clock tick's resolution or better."""
    total = 0.0
    for pid in pids:
        with open(f"/proc/{pid}/stat") as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        total += (int(fields[11]) + int(fields[12])) / TICKS
    return total


def resident_octets(pids):
    """Anonymous resident memory: what the process costs besides files it shares with the page cache."""
    total = 0
    for pid in pids:
        with open(f"/proc/{pid}/status") as status:
            total += int(re.search(r"RssAnon:\s+(\d+)", status.read()).group(1)) * 1024
    return total


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for_port(port, process):
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if process.poll() is not None:
            sys.exit(f"a server ended with status {process.returncode} before it listened")
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    sys.exit(f"nothing listens on port {port}")


class SyncStreamer:
    """The server under test, on a data directory of its own."""

    name = "syncstreamer"

    def __init__(self, folder, certificate, key, *options, processors="0"):
        environment = dict(os.environ, SYNCSTREAMER_SECRET=SECRET)
        options = options or ("--frame-duration", "1s")
        self.process = subprocess.Popen(
            ["taskset", "-c", processors, str(BINARY), "serve", "--host", "127.0.0.1", "--port", "0", "--threads", "1",
             "--data-dir", str(folder / "data"), "--cert", certificate, "--key", key, "--admin", "off",
             "--max-connections-per-address", "9000", "--log-level", "warning", *options],
            stdout=subprocess.PIPE, env=environment, text=True)
        line = self.process.stdout.readline()
        if not line.startswith("listening on"):
            sys.exit("the server did not start")
        self.port = int(line.rsplit(":", 1)[1])
        self.pids = [self.process.pid]

    def request(self, method, path, body=None, fields=None):
        connection = http.client.HTTPSConnection("127.0.0.1", self.port, context=insecure())
        connection.request(method, path, body, {"Authorization": f"Bearer {SECRET}", **(fields or {})})
        response = connection.getresponse()
        payload = response.read()
        connection.close()
        return response.status, payload

    def make_frame(self, byte_count):
        """Posts one item so large that its frame has `byte_count` octets, and waits for the frame."""
        channel, kind = "bench", "application/octet-stream"
        overhead = 30 + 16 + len(channel) + len(kind) + 16
        octets = os.urandom(byte_count - overhead)
        while True:
            status, payload = self.request("POST", f"/channel/{channel}", octets, {"Content-Type": kind})
            if status != 200:
                sys.exit(f"POST gave {status}: {payload}")
            frame = json.loads(payload)["frame"]
            deadline = time.monotonic() + 10
            while time.monotonic() < deadline:
                status, content = self.request("GET", f"/{frame}")
                if status == 200:
                    break
                time.sleep(0.05)
            if len(content) == byte_count:
                return f"/{frame}"

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(20)


class Nginx:
    """The peer: static files, tuned as its manual says, one worker."""

    name = "nginx"

    def __init__(self, folder, certificate, key, sizes):
        root = folder / "static"
        root.mkdir()
        for size in sizes:
            (root / str(size)).write_bytes(os.urandom(size))
        self.port = free_port()
        configuration = folder / "nginx.conf"
        configuration.write_text(f"""
user root; daemon off; worker_processes 1; worker_cpu_affinity 01; pid {folder}/nginx.pid; error_log stderr crit;
worker_rlimit_nofile 20000;
events {{ worker_connections 10000; }}
http {{
  access_log off; sendfile on; tcp_nopush on; tcp_nodelay on; etag on; keepalive_requests 1000000000;
  open_file_cache max=1000 inactive=600s; open_file_cache_valid 600s; output_buffers 2 256k;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  server {{
    listen 127.0.0.1:{self.port} ssl reuseport backlog=4096; root {root};
    ssl_certificate {certificate}; ssl_certificate_key {key}; ssl_protocols TLSv1.3;
    ssl_conf_command Ciphersuites TLS_AES_128_GCM_SHA256; ssl_buffer_size 16k;
    add_header Cache-Control "public, max-age=31536000, immutable";
  }}
}}
""")
        nginx = shutil.which("nginx") or "/usr/sbin/nginx"
        self.process = subprocess.Popen(["taskset", "-c", "0", nginx, "-c", str(configuration), "-p", str(folder)])
        wait_for_port(self.port, self.process)
        children = subprocess.run(["pgrep", "-P", str(self.process.pid)], capture_output=True, text=True, check=True)
        self.pids = [int(pid) for pid in children.stdout.split()]

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(20)


def insecure():
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def load(server, path, seconds, script=None):
    """One run of the load generator: requests, server CPU seconds, and the share of its processor it used itself."""
    before = cpu_seconds(server.pids)
    command = ["taskset", "-c", "1", "wrk", "-t", "1", "-c", str(CONNECTIONS), "-d", f"{seconds}s", "--latency"]
    if script:
        command += ["-s", script]
    children_before = os.times()
    run = subprocess.run([*command, f"https://127.0.0.1:{server.port}{path}"], capture_output=True, text=True, check=True)
    children = os.times()
    used = cpu_seconds(server.pids) - before
    if "Non-2xx" in run.stdout or "Socket errors" in run.stdout:
        sys.exit(f"{server.name} answered with errors:\n{run.stdout}")
    requests, elapsed = re.search(r"(\d+) requests in ([\d.]+)s", run.stdout).groups()
    own = children.children_user + children.children_system
    own -= children_before.children_user + children_before.children_system
    percentiles = dict(re.findall(r"(50|99)%\s+(\S+)", run.stdout))
    return int(requests), used, own / float(elapsed), float(elapsed), percentiles


def compare(row, pairs, rounds, seconds):
    """Loads the servers in turn and prints the medians."""
    figures = {server.name: [] for server, _ in pairs}
    for round_number in range(rounds + 1):
        for server, path in pairs:
            requests, used, own, elapsed, percentiles = load(server, path, seconds)
            if round_number > 0:  # The first one warms up.
                figures[server.name].append((used / requests * 1e6, requests / elapsed, own, percentiles))
    medians = {name: statistics.median(run[0] for run in runs) for name, runs in figures.items()}
    for name, runs in figures.items():
        ratio = medians["syncstreamer"] / medians[name]
        rate = statistics.median(run[1] for run in runs)
        own = max(run[2] for run in runs)
        note = "; the load generator was the limit" if own > 0.95 else ""
        latency = runs[-1][3]
        spread = f"{min(run[0] for run in runs):.1f} to {max(run[0] for run in runs):.1f}"
        print(f"{row:8} {name:13} {medians[name]:8.1f} µs CPU a request ({spread}), ours/theirs {ratio:4.2f}, "
              f"{rate:8.0f} requests/s, p50 {latency.get('50')}, p99 {latency.get('99')}{note}", flush=True)


def post_rate(server, folder, rounds, seconds):
    script = folder / "post.lua"
    script.write_text(
        'wrk.method = "POST"\n'
        f'wrk.headers["Authorization"] = "Bearer {SECRET}"\n'
        'wrk.headers["Content-Type"] = "application/octet-stream"\n'
        f'wrk.body = string.rep("x", 100)\n')
    runs = [load(server, "/channel/post", seconds, str(script)) for _ in range(rounds)]
    rate = statistics.median(run[0] / run[3] for run in runs)
    cost = statistics.median(run[1] / run[0] * 1e6 for run in runs)
    print(f"POST 100 octets, durable: {rate:.0f}/s, {cost:.1f} µs CPU each, {CONNECTIONS} connections, "
          f"p50 {runs[-1][4].get('50')}, p99 {runs[-1][4].get('99')}", flush=True)


def idle_memory(server, path, count=2000):
    before = resident_octets(server.pids)
    context = insecure()
    held = []
    for _ in range(count):
        connection = context.wrap_socket(socket.create_connection(("127.0.0.1", server.port)))
        connection.sendall(f"HEAD {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        connection.recv(4096)
        held.append(connection)
    print(f"idle keep-alive connection, {server.name}: {(resident_octets(server.pids) - before) / count / 1024:.1f} KB "
          f"of anonymous memory ({count} connections)", flush=True)
    for connection in held:
        connection.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--sizes", default="1024,16384,65536,1048576")
    options = parser.parse_args()
    sizes = [int(size) for size in options.sizes.split(",")]
    folder = pathlib.Path(tempfile.mkdtemp(prefix="syncstreamer-bench-"))
    certificate, key = str(folder / "certificate.pem"), str(folder / "key.pem")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1",
         "-subj", "/CN=localhost", "-keyout", key, "-out", certificate], check=True, capture_output=True)
    ours, peer = SyncStreamer(folder, certificate, key), None
    try:
        peer = Nginx(folder, certificate, key, sizes)
        for size in sizes:
            row = f"{size // 1024} KB" if size < 1 << 20 else f"{size >> 20} MB"
            compare(row, [(ours, ours.make_frame(size)), (peer, f"/{size}")], options.rounds, options.seconds)
        post_rate(ours, folder, options.rounds, options.seconds)
        idle_memory(ours, "/frame")
        idle_memory(peer, f"/{sizes[0]}")
    finally:
        ours.stop()
        if peer:
            peer.stop()
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
