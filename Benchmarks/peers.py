"""The peers: servers that others measure themselves by, from Debian, tuned as their manuals say. One worker each."""

import os
import shutil
import subprocess

from Benchmarks.client import check_suite
from Benchmarks.servers import Server, free_port, until
from Benchmarks.setting import SERVER_CORE, SUITE


class StaticServer(Server):
    """One that serves files; `path(size)` is that of a file of so many octets."""

    def __init__(self, setting, sizes):
        self.folder = setting.new_folder(self.name)
        (self.folder / "static").mkdir()
        for size in sizes:
            (self.folder / "static" / str(size)).write_bytes(os.urandom(size))
        self.port = free_port()
        configuration = self.folder / "configuration"
        configuration.write_text(self.configuration(setting))
        self.process = setting.start(SERVER_CORE, *self.command(configuration), stderr=subprocess.DEVNULL)
        self.wait_for_port()
        self.pids = self.workers()
        check_suite(self.port)

    def path(self, size):
        return f"/{size}"

    def workers(self):
        return [self.process.pid]


class Nginx(StaticServer):
    name = "nginx"

    def command(self, configuration):
        return shutil.which("nginx") or "/usr/sbin/nginx", "-c", configuration, "-p", self.folder

    def workers(self):
        """The one worker: the master does nothing."""
        # The port answers from when the first process has it, a moment before there are workers.
        children = until(
            lambda: subprocess.run(["pgrep", "-P", str(self.process.pid)], capture_output=True, text=True).stdout, "workers")
        return [int(pid) for pid in children.split()]

    def configuration(self, setting):
        folder = self.folder
        return f"""
user root; daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log stderr crit; worker_rlimit_nofile 20000;
events {{ worker_connections 20000; }}
http {{
  access_log off; sendfile on; tcp_nopush on; tcp_nodelay on; etag on;
  keepalive_requests 1000000000; keepalive_timeout 1h;
  open_file_cache max=1000 inactive=600s; open_file_cache_valid 600s; output_buffers 2 256k;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  server {{
    listen 127.0.0.1:{self.port} ssl http2 reuseport backlog=4096; root {folder}/static;
    ssl_certificate {setting.certificate}; ssl_certificate_key {setting.key}; ssl_protocols TLSv1.3;
    ssl_conf_command Ciphersuites {SUITE}; ssl_buffer_size 16k; ssl_session_timeout 1h;
    add_header Cache-Control "public, max-age=31536000, immutable";
  }}
}}
"""


class H2O(StaticServer):
    name = "h2o"

    def command(self, configuration):
        return "h2o", "-m", "worker", "-c", configuration

    def configuration(self, setting):
        return f"""
user: root
num-threads: 1
max-connections: 20000
http1-request-timeout: 3600
listen:
  host: 127.0.0.1
  port: {self.port}
  ssl:
    certificate-file: {setting.certificate}
    key-file: {setting.key}
    minimum-version: TLSv1.3
    cipher-preference: client
hosts:
  default:
    paths:
      /:
        file.dir: {self.folder}/static
        header.set: "Cache-Control: public, max-age=31536000, immutable"
error-log: {self.folder}/h2o.log
pid-file: {self.folder}/h2o.pid
"""


class Redis(Server):
    """Every write synced before it is answered, as its manual says for the greatest safety."""

    name = "Redis"

    def __init__(self, setting):
        self.port = free_port()
        self.process = setting.start(
            SERVER_CORE, "redis-server", "--port", self.port, "--bind", "127.0.0.1", "--dir", setting.new_folder("redis"),
            "--appendonly", "yes", "--appendfsync", "always", "--save", "", "--daemonize", "no", stdout=subprocess.DEVNULL)
        self.wait_for_port()
        self.pids = [self.process.pid]
