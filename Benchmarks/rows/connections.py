"""What a connection costs: to make, and to keep."""

import time
from contextlib import contextmanager

from Benchmarks.client import Client, context
from Benchmarks.measuring import Figure, Meter, alternate, anonymous_octets, cpu_seconds
from Benchmarks.peers import H2O, Nginx
from Benchmarks.rows import row
from Benchmarks.servers import SyncStreamer

SIZE = 1024
IDLE_SECONDS = 10


class Held:
    """Connections that have each made one request, and then do nothing."""

    def __init__(self, server, path, count):
        self.server, self.path, self.count = server, path, count

    def __enter__(self):
        trusting = context()
        self.clients = []
        for _ in range(self.count):
            client = Client(self.server.port, trusting)
            client.get(self.path, method="HEAD")
            self.clients.append(client)
        return self

    def __exit__(self, *_):
        for client in self.clients:
            client.socket.close()


@contextmanager
def all_servers(setting):
    with SyncStreamer(setting, sizes=[SIZE]) as ours, Nginx(setting, [SIZE]) as nginx, H2O(setting, [SIZE]) as h2o:
        yield ours, nginx, h2o


def keep(count, setting):
    """Of each server: KB a connection, and milliseconds of processor time a second for all."""
    kilobytes, milliseconds = {}, {}
    with all_servers(setting) as servers:
        for server in servers:
            # What is made once, for the first connection, is not what a connection costs.
            with Held(server, server.path(SIZE), 10):
                before = anonymous_octets(server.pids)
                with Held(server, server.path(SIZE), count):
                    kilobytes[server.name] = [(anonymous_octets(server.pids) - before) / count / 1024]
                    used = cpu_seconds(server.pids)
                    time.sleep(IDLE_SECONDS)
                    milliseconds[server.name] = [(cpu_seconds(server.pids) - used) / IDLE_SECONDS * 1000]
    return [
        Figure(f"idle connection, of {count:,}", "KB", kilobytes),
        Figure(f"{count:,} idle connections", "ms of CPU a second", milliseconds),
    ]


@row("idle", "anonymous memory of an idle keep-alive TLS connection, over 2,000; beside nginx and h2o")
def idle(setting):
    return keep(2_000, setting)


@row("idle-10k", "memory and processor time of 10,000 idle connections; beside nginx and h2o", is_long=True)
def idle_many(setting):
    return keep(10_000, setting)


def handshakes(server, path, is_resumed, seconds):
    """Connections one after the other, each with a GET of 1 KB."""
    trusting = context()
    with Client(server.port, trusting) as client:
        client.get(path)
        session = client.socket.session if is_resumed else None
    count, ends = 0, time.monotonic() + seconds
    with Meter(server) as meter:
        while time.monotonic() < ends:
            with Client(server.port, trusting, session) as client:
                client.get(path)
                if client.socket.session_reused != is_resumed:
                    raise RuntimeError(f"{server.name}: resumed is {client.socket.session_reused}")
            count += 1
    return meter.sample(count)


@row("handshakes", "full and resumed handshakes, each with a GET of 1 KB; beside nginx and h2o")
def handshake(setting):
    results = []
    with all_servers(setting) as servers:
        for work, is_resumed in (("a full handshake and a GET", False), ("a resumed handshake and a GET", True)):
            runs = {
                server.name: lambda seconds, server=server: handshakes(server, server.path(SIZE), is_resumed, seconds)
                for server in servers}
            results.append(alternate(work, runs, setting))
    return results
