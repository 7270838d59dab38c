"""Real proxies before a server, each on a port of its own with nothing but a directory of the test's."""

import socket
import subprocess

from support.server import free_port
from support.waiting import until

# Where nginx puts what is too large for its memory, of all kinds.
NGINX_PATHS = """
    client_body_temp_path {directory}/body;
    proxy_temp_path {directory}/proxy;
    fastcgi_temp_path {directory}/fastcgi;
    uwsgi_temp_path {directory}/uwsgi;
    scgi_temp_path {directory}/scgi;
"""

# All that they let through, they are to let through: what one of them repairs can't be misunderstood behind it.
NGINX = """
daemon off;
master_process off;
pid {directory}/pid;
error_log {directory}/errors;
events {{ worker_connections 64; }}
http {{
    access_log off;
    {paths}
    ignore_invalid_headers off;
    underscores_in_headers on;
    merge_slashes off;
    lingering_timeout 200ms;
    large_client_header_buffers 4 64k;
    upstream server {{ server 127.0.0.1:{upstream}; keepalive 4; }}
    server {{
        listen 127.0.0.1:{port};
        location / {{
            proxy_pass https://server;
            proxy_http_version 1.1;
            proxy_set_header Host $http_host;
            proxy_set_header Connection "";
            proxy_request_buffering {buffering};
            proxy_ignore_client_abort on;
            proxy_next_upstream off;
        }}
    }}
}}
"""

HAPROXY = """
global
    tune.bufsize 65536
defaults
    mode http
    timeout connect 10s
    timeout client 10s
    timeout server 10s
    http-reuse always
    retries 0
frontend front
    bind 127.0.0.1:{port}
    {leniency}
    default_backend back
backend back
    server server 127.0.0.1:{upstream} ssl verify none alpn http/1.1
"""

VARNISH = """
vcl 4.1;
backend default {{ .host = "127.0.0.1"; .port = "{upstream}"; }}
"""


def nginx(directory, upstream, port, buffering="off"):
    configuration = directory / "nginx.conf"
    configuration.write_text(NGINX.format(
        directory=directory, upstream=upstream, port=port, buffering=buffering, paths=NGINX_PATHS.format(directory=directory)))
    return ["nginx", "-p", directory, "-e", directory / "errors", "-c", configuration]


def haproxy(directory, upstream, port, leniency=""):
    configuration = directory / "haproxy.cfg"
    configuration.write_text(HAPROXY.format(upstream=upstream, port=port, leniency=leniency))
    return ["haproxy", "-db", "-f", configuration]


def varnish(directory, upstream, port):
    configuration = directory / "default.vcl"
    configuration.write_text(VARNISH.format(upstream=upstream))
    return ["varnishd", "-F", "-j", "none", "-n", directory / "varnish", "-a", f"127.0.0.1:{port}", "-f", configuration,
            "-s", "malloc,16m", "-T", "none", "-p", "vsl_space=2m", "-p", "http_max_hdr=255"]


class Proxy:
    def __init__(self, arguments, directory, port):
        self.log_file, self.port = directory / "proxy.log", port
        with open(self.log_file, "wb") as log:
            self.process = subprocess.Popen([str(argument) for argument in arguments], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        until(lambda: self.is_listening() or self.process.poll() is not None, "the proxy")
        assert self.process.poll() is None, self.log_file.read_text()

    def is_listening(self):
        try:
            self.connect().close()
            return True
        except OSError:
            return False

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.port), timeout=20)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(20)


def before(upstream, directory, kind, **settings):
    """A proxy of that kind before that port."""
    port = free_port()
    return Proxy(kind(directory, upstream, port, **settings), directory, port)
