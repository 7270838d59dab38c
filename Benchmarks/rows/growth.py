"""Whether what there is much of makes a GET dearer: frames, connections; and a start with many frames."""

from Benchmarks import frames
from Benchmarks.loads import asking_all, wrk
from Benchmarks.measuring import Figure, alternate
from Benchmarks.rows import row
from Benchmarks.rows.connections import Held
from Benchmarks.servers import SyncStreamer

FEW, MANY = 10, 100_000
SIZE = 1024
CONNECTIONS = 64


def keeping(setting, count, data=None, sizes=()):
    """A server that keeps all of so many frames, and those that come."""
    return SyncStreamer(setting, "--retain-frames", count + 10_000, data=data, sizes=sizes)


@row("growth-frames", "GET of 1 KB with 10 and with 100,000 frames retained; a start with 100,000", is_long=True)
def growth_frames(setting):
    data = {count: setting.new_folder("frames") / "data" for count in (FEW, MANY)}
    starts = {count: frames.lay(data[count], [SIZE] * count) for count in (FEW, MANY)}
    seconds, used = [], []
    for _ in range(setting.rounds):
        with keeping(setting, MANY, data[MANY]) as server:
            seconds.append(server.start_seconds)
            used.append(server.start_cpu_seconds)
    with keeping(setting, FEW, data[FEW]) as few, keeping(setting, MANY, data[MANY]) as many:
        many.wait_for_checks()
        servers = {f"with {count:,}": (server, starts[count]) for count, server in ((MANY, many), (FEW, few))}
        same = {
            name: lambda seconds, server=server, listed=listed: wrk(setting, server, f"/{listed[-1]}", seconds)
            for name, (server, listed) in servers.items()}
        every = {
            name: lambda seconds, server=server, listed=listed: wrk(
                setting, server, "/", seconds, script=asking_all(setting, listed))
            for name, (server, listed) in servers.items()}
        return [
            Figure(f"start with {MANY:,} frames, until it listens", "s", {"ours": seconds}),
            Figure(f"start with {MANY:,} frames", "s of CPU", {"ours": used}),
            alternate("GET of one of the retained frames, 1 KB", same, setting),
            alternate("GET of all the retained frames in turn, 1 KB", every, setting),
        ]


@row("growth-connections", "GET of 1 KB over 1 and over 64 connections, alone and beside 10,000 idle ones", is_long=True)
def growth_connections(setting):
    results = []
    with SyncStreamer(setting, sizes=[SIZE]) as alone, SyncStreamer(setting, sizes=[SIZE]) as crowded, \
            Held(crowded, crowded.path(SIZE), 10_000):
        for connections in (1, CONNECTIONS):
            runs = {
                name: lambda seconds, server=server: wrk(
                    setting, server, server.path(SIZE), seconds, connections=connections)
                for name, server in (("beside 10,000 idle", crowded), ("alone", alone))}
            results.append(alternate(f"GET frame, 1 KB, {connections} active connections", runs, setting))
    return results
