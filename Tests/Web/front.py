"""The viewer's files before a server that doesn't serve them itself: what else is asked for goes on to that server. It stands
in for the server until that has the files in it."""

import http.client
import http.server
import ssl
import threading
from pathlib import Path

WEB = Path(__file__).resolve().parents[2] / "Web"
FILES = {"/": ("viewer.html", "text/html; charset=utf-8"), "/viewer.mjs": ("viewer.mjs", "text/javascript; charset=utf-8"),
         "/viewer.css": ("viewer.css", "text/css; charset=utf-8"), "/syncstreamer.mjs": ("syncstreamer.mjs", "text/javascript; charset=utf-8")}
POLICY = ("default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src blob: data:; "
          "base-uri 'none'; form-action 'none'; frame-ancestors 'none'")


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        if self.path in FILES:
            name, kind = FILES[self.path]
            self.answer(200, {"Content-Type": kind, "Content-Security-Policy": POLICY, "Cache-Control": "no-store",
                              "Access-Control-Allow-Origin": "*"},
                        (WEB / name).read_bytes())
        else:
            self.pass_on()

    def do_POST(self):
        self.pass_on(self.rfile.read(int(self.headers.get("Content-Length", 0))))

    def pass_on(self, body=None):
        upstream = http.client.HTTPSConnection("localhost", self.server.port, context=self.server.context, timeout=90)
        try:
            fields = {name: value for name, value in self.headers.items() if name.lower() not in ("host", "connection")}
            upstream.request(self.command, self.path, body, fields)
            response = upstream.getresponse()
            kept = {name: value for name, value in response.getheaders()
                    if name.lower() not in ("connection", "content-length", "transfer-encoding", "keep-alive")}
            self.answer(response.status, kept, response.read())
        except OSError:
            self.close_connection = True  # Nobody is there: as if the server itself were asked.
        finally:
            upstream.close()

    def answer(self, status, fields, body):
        self.send_response_only(status)
        for name, value in fields.items():
            self.send_header(name, value)
        if status != 204 and status != 304:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Direct:
    """The server itself, which serves the viewer."""

    def __init__(self, port):
        self.url = f"https://localhost:{port}"

    def close(self):
        pass


def before(server, identity):
    """Where the viewer of a server is."""
    return Direct(server.port) if server.get("/viewer.mjs").status == 200 else Front(server.port, identity)


class Front:
    def __init__(self, port, identity):
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.port = port
        self.server.context = ssl.create_default_context(cafile=str(identity.authority))
        served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        served.load_cert_chain(identity.certificate, identity.key)
        self.server.socket = served.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.url = f"https://localhost:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
