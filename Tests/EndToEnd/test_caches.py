"""Caches before the server: however many viewers follow through one, the server is asked once."""

import re
import resource
from pathlib import Path

import pytest

from support import proxies, viewers
from support.metrics import Metrics
from support.server import JSON
from support.waiting import until

CACHES = Path(__file__).resolve().parents[2] / "caches"
COUNTS = [1, 10, 100, 1000, 5000]
FRAMES = 5

NGINX = """
daemon off;
user root;
worker_processes 1;
pid {directory}/pid;
error_log {directory}/errors;
worker_rlimit_nofile 20000;
events {{ worker_connections 15000; }}
http {{
    access_log off;
    {paths}
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
    (directory / "nginx.conf").write_text(NGINX.format(directory=directory, paths=proxies.NGINX_PATHS.format(directory=directory)))
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
    return Origin(start, "--plain-listen", "127.0.0.1:0", "--threads", "1", frame_duration="1s")


class Origin(Metrics):
    def requests(self, route):
        named = re.compile(rf'syncstreamer_http_requests_total{{.*route="{route}"}}')
        return sum(value for name, value in self.all().items() if named.match(name))

    def asked(self):
        """How often the server was asked for frames, and for what follows them: all that its one loop has answered."""
        before = self.requests("health")
        self.server.get("/healthz")
        until(lambda: self.requests("health") > before, "the loop's counts")
        return {route: self.requests(route) for route in ("frame", "frame_after")}


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("kind", KINDS)
def test_the_server_is_asked_once_a_frame(origin, tmp_path, kind, count):
    """Once for what follows a frame, and once for that frame; and nobody misses one, or sees one twice."""
    _, upstream = origin.server.plain_address()
    with proxies.before(upstream, tmp_path, KINDS[kind]) as cache:
        before = origin.asked()
        last = until(origin.server.index, "a frame")[0]["id"]
        seen = viewers.follow(cache.port, count, last, FRAMES)
        after = origin.asked()
    ids = [entry["id"] for entry in reversed(origin.server.index())]
    expected = ids[ids.index(last) + 1:][:FRAMES]
    assert all([frame_id for frame_id, _ in of_one] == expected for of_one in seen)
    assert len({tuple(of_one) for of_one in seen}) == 1
    for route in ("frame", "frame_after"):
        assert FRAMES <= after[route] - before[route] <= 2 * FRAMES, (route, after[route] - before[route])


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_kept_that_may_change(origin, tmp_path, kind):
    """Neither an answer of 404 for a frame that is to come, nor the index; and "nothing yet" not for long."""
    server = origin.server
    _, upstream = server.plain_address()
    with proxies.before(upstream, tmp_path, KINDS[kind]) as cache:
        frame_id = server.post("a", b"1", JSON).json()["frame"]
        until(lambda: viewers.ask(cache.port, f"/{frame_id}")[0] == 200, "the frame, through the cache")
        newest = server.index()[0]["id"]
        until(lambda: viewers.ask(cache.port, f"/frame/after/{newest}")[0] == 200, "what follows, through the cache")
        _, follows = viewers.ask(cache.port, f"/frame/after/{newest}")
        until(lambda: follows in viewers.ask(cache.port, "/frame")[1], "what follows, in the index through the cache")
