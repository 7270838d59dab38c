"""A client of few words: HTTP/1.1 over TLS, for what no load generator does."""

import socket
import ssl

from Benchmarks.setting import SUITE

SECRET = "a-secret-of-the-benchmarks"


def context(*protocols):
    """Trusts any certificate; TLS 1.3."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.check_hostname, made.verify_mode = False, ssl.CERT_NONE
    made.minimum_version = ssl.TLSVersion.TLSv1_3
    if protocols:
        made.set_alpn_protocols(protocols)
    return made


class Client:
    """One connection."""

    def __init__(self, port, context, session=None, timeout=60):
        plain = socket.create_connection(("127.0.0.1", port), timeout=timeout)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            self.socket = context.wrap_socket(plain, session=session)
        except BaseException:
            plain.close()
            raise
        self.received = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, octets):
        """Sends any number of octets, of which none is copied first."""
        view = memoryview(octets)
        for start in range(0, len(view), 1 << 20):
            self.socket.sendall(view[start:start + (1 << 20)])

    def response(self, has_body=True):
        """The next response: its status, its fields as one octet string, its body."""
        while b"\r\n\r\n" not in self.received:
            self._receive()
        head, _, self.received = self.received.partition(b"\r\n\r\n")
        length = next((int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0)
        body = b""
        if has_body:
            while len(self.received) < length:
                self._receive()
            body, self.received = self.received[:length], self.received[length:]
        return int(head.split(b" ", 2)[1]), head, body

    def get(self, path, *fields, method="GET"):
        self.send(request(method, path, *fields))
        return self.response(has_body=method != "HEAD")

    def _receive(self):
        octets = self.socket.recv(262_144)
        if not octets:
            raise ConnectionError("the server ended the connection")
        self.received += octets


def request(method, path, *fields):
    """A request's head."""
    return "\r\n".join([f"{method} {path} HTTP/1.1", "Host: localhost", *fields, "", ""]).encode()


def upload(channel, kind, length):
    """The head of a POST."""
    return request(
        "POST", f"/channel/{channel}", f"Authorization: Bearer {SECRET}", f"Content-Type: {kind}", f"Content-Length: {length}")


def check_suite(port):
    """Fails where a server would agree on another suite than the one that all are compared with."""
    with Client(port, context()) as client:
        agreed = client.socket.cipher()[0]
    if agreed != SUITE:
        raise RuntimeError(f"port {port} agreed on {agreed}, not {SUITE}")
