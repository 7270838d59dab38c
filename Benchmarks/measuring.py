"""What is measured, and how: processor time, memory, and runs in alternation."""

import re
import statistics
import threading
import time
from dataclasses import dataclass, field


def cpu_seconds(pids):
    """User and system time of processes so far, threads that ended included, to the nanosecond."""
    # A process's CPU-time clock, as clock_getcpuclockid(3) makes it: the process's number, and 2 for CPUCLOCK_SCHED.
    return sum(time.clock_gettime(~pid << 3 | 2) for pid in pids)


def anonymous_octets(pids):
    """Anonymous resident memory: what a process costs besides the files that it shares with the page cache."""
    total = 0
    for pid in pids:
        with open(f"/proc/{pid}/status") as status:
            total += int(re.search(r"RssAnon:\s+(\d+)", status.read()).group(1)) * 1024
    return total


class Peak:
    """The most anonymous memory that a server has while the block runs."""

    def __init__(self, server):
        self.server, self.octets = server, 0
        self.ends = threading.Event()
        self.watcher = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self):
        self.watcher.start()
        return self

    def __exit__(self, *_):
        self.ends.set()
        self.watcher.join()

    def _watch(self):
        while not self.ends.is_set():
            self.octets = max(self.octets, anonymous_octets(self.server.pids))
            self.ends.wait(0.01)


@dataclass
class Sample:
    """One round of one server. Times are in seconds, but for the percentiles, which are in milliseconds."""

    requests: int
    cpu_seconds: float
    seconds: float
    p50: float | None = None
    p99: float | None = None
    memory_octets: int | None = None
    # Of the processor time that the load generator could have had, the part that it used.
    load_share: float = 0.0

    @property
    def cost(self):
        """Microseconds of processor time a request."""
        return self.cpu_seconds / self.requests * 1e6

    @property
    def rate(self):
        """Requests a second."""
        return self.requests / self.seconds

    @property
    def is_load_bound(self):
        return self.load_share > 0.95


@dataclass
class Comparison:
    """One kind of work done by several, round by round; the first is compared with each of the others."""

    work: str
    samples: dict = field(default_factory=dict)


@dataclass
class Figure:
    """A number a round, of one or several."""

    work: str
    unit: str
    values: dict


def alternate(work, runs, setting):
    """Lets each of `runs` (by name, each a function of seconds) have its turn, round after round, after a short first
    round that warms up and does not count."""
    samples = {name: [] for name in runs}
    for number in range(setting.rounds + 1):
        for name, run in runs.items():
            sample = run(setting.seconds if number else min(1, setting.seconds))
            if number:
                samples[name].append(sample)
    return Comparison(work, samples)


def ratio(firsts, seconds, of):
    """The median of the rounds' own ratios: what slows the machine for a while slows both."""
    return statistics.median(of(first) / of(second) for first, second in zip(firsts, seconds))


class Meter:
    """What a server and this process use of the processor while the block runs."""

    def __init__(self, server):
        self.server = server

    def __enter__(self):
        self.cpu, self.own = cpu_seconds(self.server.pids), time.process_time()
        self.began = time.monotonic()
        return self

    def __exit__(self, *_):
        self.seconds = time.monotonic() - self.began
        self.own_seconds = time.process_time() - self.own
        self.cpu_seconds = cpu_seconds(self.server.pids) - self.cpu

    def sample(self, requests, cores=1, **more):
        return Sample(
            requests, self.cpu_seconds, self.seconds, memory_octets=anonymous_octets(self.server.pids),
            load_share=self.own_seconds / self.seconds / cores, **more)
