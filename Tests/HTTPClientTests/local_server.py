"""A server for the tests of HTTPClient: it prints its port, then answers by path until its standard input ends.

    /hello          200, a few fields, "hello"
    /echo           200, what was sent: method, selected fields, and the content's length and sum
    /octets/N       200, N octets (the low octet of each position)
    /short/N        says N octets and ends the connection after half of them
    /status/S       that status, with a problem document
    /connections    200, how many connections were accepted so far
    /never          reads the request and never answers
"""

import json
import socketserver
import sys
import threading
from http.server import BaseHTTPRequestHandler

connections = 0


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def setup(self):
        global connections
        connections += 1
        super().setup()

    def log_message(self, *arguments):
        pass

    def answer(self, status, body, **fields):
        self.send_response(status)
        for name, value in fields.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def do_GET(self):
        word, _, rest = self.path[1:].partition("/")
        if word == "hello":
            self.answer(200, b"hello", X_Kind="greeting", X_Twice="one", x_twice="two")
        elif word == "octets":
            self.answer(200, bytes(index & 255 for index in range(int(rest))))
        elif word == "short":
            self.send_response(200)
            self.send_header("Content-Length", rest)
            self.end_headers()
            self.wfile.write(b"x" * (int(rest) // 2))
            self.close_connection = True
        elif word == "status":
            body = json.dumps({"title": "as asked", "status": int(rest)}).encode()
            self.answer(int(rest), body, Content_Type="application/problem+json")
        elif word == "connections":
            self.answer(200, str(connections).encode())
        elif word == "never":
            threading.Event().wait()

    do_HEAD = do_GET

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        names = ("Content-Type", "Authorization", "User-Agent")
        seen = {name: self.headers.get(name) for name in names}
        self.answer(200, json.dumps({"fields": seen, "count": len(body), "sum": sum(body)}).encode())


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True


with Server(("127.0.0.1", 0), Handler) as server:
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_address[1], flush=True)
    sys.stdin.read()
