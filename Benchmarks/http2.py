#!/usr/bin/env python3
"""Compares the server's CPU time a request over HTTP/2 with nginx's and h2o's, in alternation, in one run.

    python3 Benchmarks/http2.py [--rounds 5] [--seconds 4] [--sizes 1024,65536]

Needs the release binary (`swift build -c release`) and Debian's nginx, h2o, nghttp2-client (h2load) and openssl. The servers
are pinned to processor 0, the load to processor 1; 16 connections with 32 streams each; TLS 1.3 with
TLS_AES_128_GCM_SHA256. The figure is microseconds of server CPU (user and system, from /proc) a request.
"""
import argparse
import os
import pathlib
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile

from against_nginx import Nginx, SyncStreamer, cpu_seconds, free_port, wait_for_port

SUITE = "TLS_AES_128_GCM_SHA256"


class NginxHTTP2(Nginx):
    """The same, with HTTP/2 on its listener."""

    name = "nginx"

    def __init__(self, folder, certificate, key, sizes):
        super().__init__(folder, certificate, key, sizes)
        self.stop()
        configuration = folder / "nginx.conf"
        configuration.write_text(configuration.read_text().replace(" ssl reuseport", " ssl http2 reuseport"))
        self.process = subprocess.Popen(
            ["taskset", "-c", "0", shutil.which("nginx") or "/usr/sbin/nginx", "-c", str(configuration), "-p", str(folder)])
        wait_for_port(self.port, self.process)
        children = subprocess.run(["pgrep", "-P", str(self.process.pid)], capture_output=True, text=True, check=True)
        self.pids = [int(pid) for pid in children.stdout.split()]


class H2O:
    """The peer that is known for HTTP/2: static files, one thread."""

    name = "h2o"

    def __init__(self, folder, certificate, key):
        self.port = free_port()
        configuration = folder / "h2o.conf"
        configuration.write_text(f"""
user: root
num-threads: 1
max-connections: 10000
listen:
  host: 127.0.0.1
  port: {self.port}
  ssl:
    certificate-file: {certificate}
    key-file: {key}
    minimum-version: TLSv1.3
    cipher-preference: client
hosts:
  default:
    paths:
      /:
        file.dir: {folder}/static
        header.set: "Cache-Control: public, max-age=31536000, immutable"
error-log: {folder}/h2o.log
pid-file: {folder}/h2o.pid
""")
        self.process = subprocess.Popen(["taskset", "-c", "0", "h2o", "-m", "worker", "-c", str(configuration)],
                                        stderr=subprocess.DEVNULL)
        wait_for_port(self.port, self.process)
        self.pids = [self.process.pid]

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(20)


def load(server, path, seconds):
    """One run of the load generator: requests, server CPU seconds, the share of its processor that it used, the suite."""
    before, own = cpu_seconds(server.pids), os.times()
    run = subprocess.run(
        ["taskset", "-c", "1", "h2load", "-c", "16", "-m", "32", "-t", "1", "-D", str(seconds), "--warm-up-time", "0",
         "-w", "24", "-W", "26", f"--tls13-ciphers={SUITE}", f"https://127.0.0.1:{server.port}{path}"], capture_output=True, text=True)
    after = os.times()
    used = cpu_seconds(server.pids) - before
    done, failed, elapsed = (re.search(pattern, run.stdout) for pattern in (
        r"(\d+) succeeded", r"(\d+) failed", r"finished in ([\d.]+)s"))
    if run.returncode or not done or int(failed.group(1)) or SUITE not in run.stdout or "h2" not in run.stdout:
        sys.exit(f"{server.name}:\n{run.stdout}{run.stderr}")
    share = (after.children_user + after.children_system - own.children_user - own.children_system) / float(elapsed.group(1))
    return int(done.group(1)), used, share, float(elapsed.group(1))


def compare(row, pairs, rounds, seconds):
    runs = {server.name: [] for server, _ in pairs}
    for number in range(rounds + 1):
        for server, path in pairs:
            requests, used, share, elapsed = load(server, path, seconds)
            if number:  # The first one warms up.
                runs[server.name].append((used / requests * 1e6, requests / elapsed, share))
    medians = {name: statistics.median(run[0] for run in figures) for name, figures in runs.items()}
    for name, figures in runs.items():
        note = "; the load generator was the limit" if max(run[2] for run in figures) > 0.95 else ""
        print(f"{row:6} {name:13} {medians[name]:7.1f} µs CPU a request ({min(run[0] for run in figures):.1f} to "
              f"{max(run[0] for run in figures):.1f}), ours/theirs {medians['syncstreamer'] / medians[name]:4.2f}, "
              f"{statistics.median(run[1] for run in figures):8.0f} requests/s{note}", flush=True)


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
    peers = [SyncStreamer(folder, certificate, key)]
    try:
        peers.append(NginxHTTP2(folder, certificate, key, sizes))
        peers.append(H2O(folder, certificate, key))
        for size in sizes:
            row = f"{size // 1024} KB" if size < 1 << 20 else f"{size >> 20} MB"
            frame = peers[0].make_frame(size)
            compare(row, [(peer, f"/{size}" if number else frame) for number, peer in enumerate(peers)], options.rounds, options.seconds)
    finally:
        for peer in peers:
            peer.stop()
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
