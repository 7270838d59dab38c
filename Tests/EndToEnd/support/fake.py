"""A server of the tests' own, without TLS, for what a real one doesn't do on request: answers that are wrong, late or cut off."""

import base64
import contextlib
import hashlib
import json
import struct
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def frame(start, end, items=()):
    """A frame, with one channel that has these items where there are any."""
    data = b"".join(struct.pack(">QQ", start, len(item)) + item for item in items)
    metadata = struct.pack(">QII", 0, 1, 1) + b"tc" if items else b""
    return struct.pack(">HIQQQ", 1, len(metadata), len(data), start, end) + metadata + data


def digest_field(octets):
    return {"Repr-Digest": f"sha-256=:{base64.b64encode(hashlib.sha256(octets).digest()).decode()}:"}


def index(*starts, duration=1000):
    """The answer to `GET /frame` for frames that start then."""
    entries = [{"startAt": start, "endAt": start + duration, "id": str(start)} for start in sorted(starts, reverse=True)]
    return 200, {"Content-Type": "application/json"}, json.dumps(entries).encode()


def sound(start, duration=1000):
    octets = frame(start, start + duration)
    return 200, digest_field(octets), octets


@contextlib.contextmanager
def server(answer):
    """Serves what `answer(path, query, fields)` gives: a status, fields, and octets, or a function that writes them. What is asked
    for is listed in `asked`."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            path, _, query = self.path.partition("?")
            http.asked.append(self.path)
            status, fields, body = answer(path, query, self.headers)
            self.send_response(status)
            for name, value in fields.items():
                self.send_header(name, value)
            if callable(body):
                self.close_connection = True
                self.send_header("Connection", "close")
                self.end_headers()
                body(self.wfile)
            else:
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        def log_message(self, *arguments):
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    http.daemon_threads = True
    http.asked = []
    http.url = f"http://127.0.0.1:{http.server_port}"
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield http
    finally:
        http.shutdown()
        http.server_close()
        thread.join()
