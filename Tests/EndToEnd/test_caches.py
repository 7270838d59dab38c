"""Caches before the server: however many viewers follow through one, the server is asked once."""

import os
import re
import resource
from pathlib import Path

import pytest

from support import proxies, viewers
from support.metrics import Metrics
from support.server import JSON, free_port
from support.waiting import until

CACHES = Path(__file__).resolve().parents[2] / "caches"
# The rest of docs/CDN.md's table takes longer than a test should.
COUNTS = [1, 10, 100, 1000] + ([5000] if os.environ.get("ALL_VIEWERS") else [])
FRAMES = 5

NGINX = """
daemon off;
worker_processes 1;
pid {directory}/pid;
error_log {directory}/errors;
worker_rlimit_nofile 20000;
events {{ worker_connections 15000; }}
http {{
    access_log off;
    client_body_temp_path {directory}/body;
    proxy_temp_path {directory}/proxy;
    fastcgi_temp_path {directory}/fastcgi;
    uwsgi_temp_path {directory}/uwsgi;
    scgi_temp_path {directory}/scgi;
    include {directory}/cache.conf;
}}
"""


def nginx(directory, upstream, port):
    """With the file as it is but for its addresses."""
    text = (CACHES / "nginx.conf").read_text()
    text, count = re.subn(r"server syncstreamer:8082;", f"server 127.0.0.1:{upstream};", text)
    text, listens = re.subn(r"listen 6081;", f"listen 127.0.0.1:{port} backlog=8192;", text)
    text, paths = re.subn(r"/var/cache/nginx/frames", f"{directory}/cache", text)
    assert count == listens == paths == 1
    (directory / "cache.conf").write_text(text)
    (directory / "nginx.conf").write_text(NGINX.format(directory=directory))
    return ["nginx", "-p", directory, "-e", directory / "errors", "-c", directory / "nginx.conf"]


def varnish(directory, upstream, port):
    text = (CACHES / "varnish.vcl").read_text()
    text, hosts = re.subn(r'\.host = "syncstreamer"', '.host = "127.0.0.1"', text)
    text, ports = re.subn(r'\.port = "8082"', f'.port = "{upstream}"', text)
    assert hosts == ports == 1
    (directory / "varnish.vcl").write_text(text)
    return ["varnishd", "-F", "-j", "none", "-n", directory / "varnish", "-a", f"127.0.0.1:{port}", "-f",
            directory / "varnish.vcl", "-s", "malloc,64m", "-T", "none", "-p", "vsl_space=2m", "-p", "listen_depth=8192"]


KINDS = {"nginx": nginx, "varnish": varnish}


@pytest.fixture(autouse=True)
def descriptors():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.fixture
def origin(start):
    """A server whose listener without TLS a cache asks, and whose requests are counted."""
    server = start("--plain-listen", "127.0.0.1:0", "--admin", f"127.0.0.1:{free_port()}", frame_duration="1s")
    return server


def asked(server):
    """How often the server was asked for frames, and for what follows them."""
    return Metrics(server).requests(routes=("frame", "frame_after"))


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("kind", KINDS)
def test_the_server_is_asked_once_a_frame(origin, tmp_path, kind, count):
    """Once for what follows a frame, and once for that frame; and nobody misses one, or sees one twice."""
    _, upstream = origin.plain_address()
    with proxies.before(upstream, tmp_path, KINDS[kind]) as cache:
        last = until(lambda: origin.index(), "a frame")[0]["id"]
        before = asked(origin)
        seen = viewers.follow(cache.port, count, last, FRAMES)
        after = asked(origin)
    ids = [entry["id"] for entry in reversed(origin.index())]
    expected = ids[ids.index(last) + 1:][:FRAMES]
    assert all([frame_id for frame_id, _ in of_one] == expected for of_one in seen)
    assert len({tuple(of_one) for of_one in seen}) == 1
    for route in ("frame", "frame_after"):
        assert FRAMES <= after[route] - before[route] <= 2 * FRAMES, (route, after[route] - before[route])


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_kept_that_may_change(origin, tmp_path, kind):
    """Neither an answer of 404 for a frame that is to come, nor the index."""
    _, upstream = origin.plain_address()
    with proxies.before(upstream, tmp_path, KINDS[kind]) as cache:
        def get(target):
            return viewers.ask(cache.port, target)
        frame_id = origin.post("a", b"1", JSON).json()["frame"]
        assert get(f"/{frame_id}")[0] in (200, 404)
        until(lambda: get(f"/{frame_id}")[0] == 200, "the frame through the cache")
        newest = origin.index()[0]["id"]
        until(lambda: get("/frame")[1] and f'"id":"{int(newest) + 1000}"'.encode() in get("/frame")[1], "the next frame in the index")
        # Whoever asks without waiting is told soon that there is one.
        last = origin.index()[0]["id"]
        until(lambda: get(f"/frame/after/{last}")[0] == 200, "what follows, through the cache")
