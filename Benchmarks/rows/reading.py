"""GETs over HTTP/1.1: frames beside static files of nginx and h2o; the index; what has not changed."""

from functools import partial

from Benchmarks import frames
from Benchmarks.loads import wrk
from Benchmarks.measuring import alternate
from Benchmarks.peers import H2O, Nginx
from Benchmarks.rows import row
from Benchmarks.servers import SyncStreamer
from Benchmarks.setting import LOAD_CORE

SIZES = {"1k": (1024, "1 KB"), "16k": (16_384, "16 KB"), "64k": (65_536, "64 KB"), "1m": (1 << 20, "1 MB")}
LISTED = 360


def beside_peers(setting, work, size, load):
    """The same load on the server and its peers; `load` takes the setting, a server, a path, seconds, and more."""
    with SyncStreamer(setting, sizes=[size]) as ours, Nginx(setting, [size]) as nginx, H2O(setting, [size]) as h2o:
        runs = {server.name: partial(load, setting, server, server.path(size)) for server in (ours, nginx, h2o)}
        return [alternate(work, runs, setting)]


def get(size, name, setting):
    return beside_peers(setting, f"GET frame, {name}", size, wrk)


for short, (size, name) in SIZES.items():
    row(f"get-{short}", f"GET of a frame of {name}, HTTP/1.1, 64 connections; beside nginx and h2o")(partial(get, size, name))


@row("index", "GET /frame with 360 frames listed, in gzip, beside a frame of as many octets")
def index(setting):
    gzip = "Accept-Encoding: gzip"
    with SyncStreamer(setting, sizes=[100] * LISTED) as server:
        listed = len(server.get("/frame", gzip)[2])
        data = server.data
    # The oldest of the frames gives way to one as large as the index. What compresses badly has no gzip form.
    start = frames.lay(data, [listed], windows_ago=-1)[0]
    with SyncStreamer(setting, data=data) as server:
        status, head, body = server.get("/frame", gzip)
        if status != 200 or b"content-encoding: gzip" not in head.lower():
            raise RuntimeError(f"no index in gzip:\n{head.decode()}")
        runs = {
            f"GET /frame, {len(body):,} octets": lambda seconds: wrk(setting, server, "/frame", seconds, [gzip]),
            f"a frame of {listed:,}": lambda seconds: wrk(setting, server, f"/{start}", seconds),
        }
        return [alternate(f"GET /frame, {LISTED} listed, gzip", runs, setting)]


@row("unchanged", "304 to If-None-Match, 64 connections; beside nginx and h2o")
def unchanged(setting):
    def load(setting, server, path, seconds):
        head, _ = setting.run(
            LOAD_CORE, "curl", "-sk", "-o", "/dev/null", "-D", "-", f"https://127.0.0.1:{server.port}{path}")
        tag = next(line.split(": ", 1)[1] for line in head.splitlines() if line.lower().startswith("etag: "))
        return wrk(setting, server, path, seconds, [f"If-None-Match: {tag}"])
    return beside_peers(setting, "GET frame, 304", 16_384, load)
