"""The load generators: wrk, h2load and redis-benchmark, each a run of some seconds and what it showed."""

import csv
import re
import statistics

from Benchmarks.frames import DURATION_MILLISECONDS
from Benchmarks.measuring import Sample, anonymous_octets, cpu_seconds
from Benchmarks.setting import LOAD_CORE, SUITE

CONNECTIONS = 64
SCALES = {"us": 0.001, "ms": 1, "s": 1000, "m": 60_000}


def milliseconds(text):
    """Reads what wrk prints, such as 1.23ms."""
    number, unit = re.fullmatch(r"([\d.]+)(\w+)", text).groups()
    return float(number) * SCALES[unit]


def wrk(setting, server, path, seconds, fields=(), script=None, connections=CONNECTIONS, cores=LOAD_CORE, threads=1):
    """HTTP/1.1 over TLS, each connection with one request at a time."""
    command = ["wrk", "-t", threads, "-c", connections, "-d", f"{seconds}s", "--latency"]
    for line in fields:
        command += ["-H", line]
    if script:
        command += ["-s", script]
    before = cpu_seconds(server.pids)
    output, own = setting.run(cores, *command, f"https://127.0.0.1:{server.port}{path}")
    used = cpu_seconds(server.pids) - before
    if re.search(r"Non-2xx or 3xx|Socket errors: (?!connect 0, read 0, write 0, timeout \d+$)", output, re.MULTILINE):
        raise RuntimeError(f"{server.name} answered with errors:\n{output}")
    requests, elapsed = re.search(r"(\d+) requests in ([\d.]+\w+),", output).groups()
    elapsed = milliseconds(elapsed) / 1000
    shares = dict(re.findall(r"(50|99)%\s+(\S+)", output))
    return Sample(
        int(requests), used, elapsed, milliseconds(shares["50"]), milliseconds(shares["99"]), anonymous_octets(server.pids),
        own / elapsed / threads)


def asking_all(setting, starts):
    """For wrk: GETs of all the frames, far from each other one after the other."""
    script = setting.folder / f"all-{len(starts)}.lua"
    step = 7919 % len(starts) or 1
    script.write_text(f"""
local place = 0
request = function()
  place = (place + {step}) % {len(starts)}
  return wrk.format("GET", string.format("/%.0f", {starts[0]} + place * {DURATION_MILLISECONDS}))
end
""")
    return script


def h2load(setting, server, path, seconds, log=None):
    """HTTP/2: 16 connections with 32 streams each. Percentiles only with a log, whose writing costs the load time."""
    command = ["h2load", "-c", 16, "-m", 32, "-t", 1, "-D", seconds, "--warm-up-time", 0, "-w", 24, "-W", 26,
               f"--tls13-ciphers={SUITE}"]
    if log:
        command += ["--log-file", log]
    before = cpu_seconds(server.pids)
    output, own = setting.run(LOAD_CORE, *command, f"https://127.0.0.1:{server.port}{path}")
    used = cpu_seconds(server.pids) - before
    done, failed, elapsed = (re.search(pattern, output)[1] for pattern in (
        r"(\d+) succeeded", r"(\d+) failed", r"finished in ([\d.]+)s"))
    if int(failed) or int(done) == 0 or SUITE not in output or "Application protocol: h2" not in output:
        raise RuntimeError(f"{server.name}:\n{output}")
    sample = Sample(
        int(done), used, float(elapsed), memory_octets=anonymous_octets(server.pids), load_share=own / float(elapsed))
    if log:
        with open(log) as lines:
            taken = [int(line.rsplit("\t", 1)[1]) / 1000 for line in lines]
        cuts = statistics.quantiles(taken, n=100)
        sample.p50, sample.p99 = cuts[49], cuts[98]
    return sample


def redis_benchmark(setting, server, seconds, rate):
    """XADDs of 100 octets, 64 clients, without pipelining; as many as `rate` says fit into `seconds`."""
    count = int(rate * seconds)
    before = cpu_seconds(server.pids)
    output, own = setting.run(
        LOAD_CORE, "redis-benchmark", "-p", server.port, "-c", CONNECTIONS, "-n", count, "--csv",
        "XADD", "items", "*", "d", "x" * 100)
    used = cpu_seconds(server.pids) - before
    figures = list(csv.DictReader(line for line in output.splitlines() if line.startswith('"')))[-1]
    elapsed = count / float(figures["rps"])
    return Sample(
        count, used, elapsed, float(figures["p50_latency_ms"]), float(figures["p99_latency_ms"]),
        anonymous_octets(server.pids), own / elapsed)
