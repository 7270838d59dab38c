"""The server on two cores, and with its access log."""

from Benchmarks.loads import wrk
from Benchmarks.measuring import alternate
from Benchmarks.rows import row
from Benchmarks.rows.reading import SIZES
from Benchmarks.rows.uploads import post_script
from Benchmarks.servers import SyncStreamer
from Benchmarks.setting import ALL_CORES


@row("two-cores", "the server on two cores with two loops, beside one on one core; the load is on both cores")
def two_cores(setting):
    sizes = [size for size, _ in SIZES.values()]
    with SyncStreamer(setting, sizes=sizes, cores=ALL_CORES, threads=2) as two, SyncStreamer(setting, sizes=sizes) as one:
        def compare(work, path, script=None):
            runs = {
                name: lambda seconds, server=server: wrk(
                    setting, server, path(server), seconds, script=script, cores=ALL_CORES, threads=2)
                for name, server in (("two cores", two), ("one core", one))}
            return alternate(work, runs, setting)

        works = [(f"GET frame, {name}, on both cores", size) for size, name in SIZES.values()]
        results = [compare(work, lambda server, size=size: server.path(size)) for work, size in works]
        results.append(compare("POST of 100 octets, on both cores", lambda _: "/channel/post", post_script(setting)))
        return results


@row("access-log", "GET of 1 KB with the access log to a file, beside none")
def access_log(setting):
    log = setting.folder / "access.log"
    with SyncStreamer(setting, "--access-log", log, sizes=[1024]) as on, SyncStreamer(setting, sizes=[1024]) as off:
        runs = {
            name: lambda seconds, server=server: wrk(setting, server, server.path(1024), seconds)
            for name, server in (("access log on", on), ("off", off))}
        return [alternate("GET frame, 1 KB, with the access log", runs, setting)]
