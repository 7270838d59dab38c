"""HTTP/1.1 over TLS as octets: what is sent is exactly what a test says, and what comes back is read by the book."""

import json
import socket
import ssl
from dataclasses import dataclass, field

from support.waiting import DEADLINE_SECONDS


@dataclass
class Response:
    version: str
    status: int
    fields: list
    body: bytes = b""

    def get(self, name, default=None):
        """The value of a field that must not come twice."""
        values = [value for field_name, value in self.fields if field_name.lower() == name.lower()]
        assert len(values) <= 1, f"{name} comes {len(values)} times"
        return values[0] if values else default

    def json(self):
        return json.loads(self.body)

    def problem(self):
        """The members of a problem, whose form is checked (RFC 9457)."""
        assert self.get("content-type") == "application/problem+json"
        assert self.get("cache-control") == "no-store"
        members = json.loads(self.body)
        assert members["status"] == self.status
        assert members["type"].startswith("urn:syncstreamer:problem:")
        assert members["title"] and members["detail"]
        return members

    def problem_name(self):
        return self.problem()["type"].removeprefix("urn:syncstreamer:problem:")


class Wire:
    """One connection. A close without close_notify is an error, so that a truncated answer is not taken for a whole."""

    def __init__(self, address, context, server_name="localhost", plain=False):
        self.socket = socket.create_connection(address, timeout=DEADLINE_SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if not plain:
            try:
                self.socket = context.wrap_socket(
                    self.socket, server_hostname=server_name, suppress_ragged_eofs=False)
            except BaseException:
                self.socket.close()
                raise
        self.received = bytearray()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def send(self, octets):
        self.socket.sendall(octets)
        return self

    def more(self):
        """Receives more; False at the end of the stream."""
        octets = self.socket.recv(65536)
        self.received += octets
        return bool(octets)

    def take(self, count):
        while len(self.received) < count:
            assert self.more(), f"the stream ends {count - len(self.received)} octets short"
        octets = bytes(self.received[:count])
        del self.received[:count]
        return octets

    def take_head(self):
        while b"\r\n\r\n" not in self.received:
            assert self.more(), f"no head, only {self.received!r}"
        head = self.take(self.received.index(b"\r\n\r\n") + 4)[:-4]
        status_line, *lines = head.decode("latin-1").split("\r\n")
        version, status, _ = status_line.split(" ", 2)
        fields = []
        for line in lines:
            name, value = line.split(":", 1)
            fields.append((name, value.strip(" \t")))
        return Response(version, int(status), fields)

    def response(self, to_head=False):
        """The next response, interim ones (1xx) included."""
        response = self.take_head()
        if not to_head and response.status >= 200 and response.status not in (204, 304):
            response.body = self.take(int(response.get("content-length")))
        return response

    def is_ended(self):
        """Whether the server ends the stream, in order, without another octet."""
        return not self.received and not self.more()

    def is_last(self, response):
        """Whether the server says with it that nothing follows, and ends the connection."""
        return response.get("connection") == "close" and self.is_ended()

    def begin(self, method, target, fields=()):
        """Sends the head of a request whose content follows, in chunks unless its length is announced."""
        self.is_chunked = "Content-Length" not in dict(fields)
        listed = {"Host": "localhost", **dict(fields), **({"Transfer-Encoding": "chunked"} if self.is_chunked else {})}
        self.send("".join([f"{method} {target} HTTP/1.1\r\n", *(f"{name}: {value}\r\n" for name, value in listed.items()),
                           "\r\n"]).encode())

    def content(self, octets):
        """Sends a part of a request's content."""
        self.send(f"{len(octets):x}\r\n".encode() + octets + b"\r\n" if self.is_chunked else octets)

    def finish(self):
        """Ends the request's content; its response."""
        if self.is_chunked:
            self.send(b"0\r\n\r\n")
        return self.response()

    def want(self, target):
        """Asks for something, and reads nothing of the answer."""
        self.send(f"GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())

    def follow(self, target, fields=()):
        """Asks for something whose content goes on; its head. `piece` and `has_ended` go on from there."""
        listed = {"Host": "localhost", **dict(fields)}
        self.send("".join([f"GET {target} HTTP/1.1\r\n", *(f"{name}: {value}\r\n" for name, value in listed.items()),
                           "\r\n"]).encode())
        self.followed = bytearray()
        response = self.take_head()
        assert response.status != 200 or response.get("transfer-encoding") == "chunked" and response.get("content-length") is None
        return response

    def piece(self, end):
        """What comes up to the next `end`, and with it; None where the content ends before."""
        while end not in self.followed:
            while b"\r\n" not in self.received:
                assert self.more(), "the stream ends in the middle"
            size = int(self.take(self.received.index(b"\r\n") + 2), 16)
            self.followed += self.take(size)
            assert self.take(2) == b"\r\n"
            if size == 0:
                return None
        piece = bytes(self.followed[:self.followed.index(end) + len(end)])
        del self.followed[:len(piece)]
        return piece

    def interim_status(self):
        """The status of the interim response (1xx) that comes next."""
        response = self.take_head()
        assert response.status < 200, response
        return response.status

    def ask(self, method, target, fields=(), body=None):
        """One request with the fields it needs, and its response."""
        lines = [f"{method} {target} HTTP/1.1", "Host: localhost"]
        lines += [f"{name}: {value}" for name, value in dict(fields).items()]
        if body is not None:
            lines.append(f"Content-Length: {len(body)}")
        self.send("\r\n".join(lines).encode() + b"\r\n\r\n" + (body or b""))
        return self.response(to_head=method == "HEAD")


def with_protocols(context, names):
    """A context like that one, that offers protocols by ALPN."""
    offering = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    offering.check_hostname, offering.verify_mode = context.check_hostname, context.verify_mode
    for certificate in context.get_ca_certs(binary_form=True):
        offering.load_verify_locations(cadata=certificate)
    offering.set_alpn_protocols(names)
    return offering


def trusting(certificate, **settings):
    """A client's TLS context that trusts one certificate."""
    context = ssl.create_default_context(cafile=str(certificate))
    context.check_hostname = settings.pop("check_hostname", True)
    for name, value in settings.items():
        setattr(context, name, value)
    return context
