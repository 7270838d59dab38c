"""GETs over HTTP/2, 16 connections with 32 streams each, beside nginx and h2o."""

from functools import partial

from Benchmarks.loads import h2load
from Benchmarks.rows import row
from Benchmarks.rows.reading import SIZES, beside_peers


def get(size, name, setting):
    log = setting.folder / "h2load.log"
    result, = beside_peers(setting, f"HTTP/2 GET frame, {name}", size, h2load)
    # What an answer took is asked for in rounds of its own, since writing it down takes the load's time.
    timed, = beside_peers(setting.once(), "", size, partial(h2load, log=log))
    for server, samples in result.samples.items():
        for sample in samples:
            sample.p50, sample.p99 = timed.samples[server][0].p50, timed.samples[server][0].p99
    return [result]


for short, (size, name) in SIZES.items():
    row(f"h2-{short}", f"GET of a frame of {name}, HTTP/2, 16 connections x 32 streams; beside nginx and h2o")(
        partial(get, size, name))
