"""Attacks on connections and on TLS, each by its name: the server goes on answering others within its limits, keeps nothing
of the attacker's connections, and ends them with the protocol's own word where there is one."""

import contextlib
import itertools
import os
import resource
import select
import socket
import ssl
import struct

import hpack
import pytest

from support.attacks import DATA, END_HEADERS, END_STREAM, HEADERS, MEBIBYTE, SETTINGS, frame, others_are_served
from support.server import AUTHORIZED, OCTETS, Server
from support.waiting import DEADLINE_SECONDS, until
from support.wire import Wire, trusting

GET = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
VERSIONS = [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]
# RFC 8446 section 5.1.
CHANGE_CIPHER_SPEC, ALERT, HANDSHAKE = 20, 21, 22


def raw(server):
    connection = socket.create_connection(("127.0.0.1", server.port), timeout=DEADLINE_SECONDS)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def rest(connection):
    """All that the server still says, until it closes or resets the connection: what it said before comes first."""
    received = b""
    with contextlib.suppress(ConnectionError):
        while octets := connection.recv(65536):
            received += octets
    return received


def alert(octets):
    """The description in a fatal alert that is no more than that (RFC 8446 section 6), as it is sent in a handshake."""
    assert octets[:1] + octets[3:6] == bytes([ALERT, 0, 2, 2]) and len(octets) == 7, octets
    return octets[6]


def request(method, target, fields=(), body=b"", ends=True):
    """A request by the protocol of the test, as octets. One that doesn't end lacks its content's end, whatever was announced."""
    if Server.protocol == "http2":
        head = [(":method", method), (":scheme", "https"), (":path", target), (":authority", "localhost")]
        head += [(name.lower(), value) for name, value in dict(fields).items()]
        octets = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(SETTINGS, 0) + frame(
            HEADERS, 1, hpack.Encoder().encode(head), END_HEADERS | (END_STREAM if ends and not body else 0))
        return octets + (frame(DATA, 1, body, END_STREAM if ends else 0) if body else b"")
    lines = [f"{method} {target} HTTP/1.1", "Host: localhost", *(f"{name}: {value}" for name, value in dict(fields).items())]
    if body and "Content-Length" not in dict(fields):
        lines.append("Transfer-Encoding: chunked")
        body = f"{len(body):x}\r\n".encode() + body + b"\r\n" + (b"0\r\n\r\n" if ends else b"")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def reset(connection):
    """Ends a connection with RST."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


@contextlib.contextmanager
def nothing_is_kept(server):
    """All connections that the block has made are closed by the server too."""
    server.get("/healthz")
    before = until(lambda: server.sockets(), "the server's sockets")
    yield
    until(lambda: server.sockets() <= before, f"the server to have {before} sockets again")


class Hello:
    """A client's TLS without a socket."""

    def __init__(self, server, version=None, protocols=None):
        settings = {"minimum_version": version, "maximum_version": version} if version else {}
        context = trusting(server.identity.authority, **settings)
        if protocols:
            context.set_alpn_protocols(protocols)
        self.received, self.sent = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.session = context.wrap_bio(self.received, self.sent, server_hostname="localhost")

    def step(self, connection, operation, send=None):
        """Does what is asked of TLS, with all that it wants to be sent and received."""
        while True:
            try:
                result, wants = operation(), False
            except ssl.SSLWantReadError:
                result, wants = None, True
            if octets := self.sent.read():
                (send or connection.sendall)(octets)
            if not wants:
                return result
            octets = connection.recv(65536)
            assert octets, "the server has closed the connection"
            self.received.write(octets)

    def first(self):
        """The octets of the ClientHello."""
        with contextlib.suppress(ssl.SSLWantReadError):
            self.session.do_handshake()
        return self.sent.read()

    def record(self, octets):
        """The record that holds them, once the handshake is done."""
        self.session.write(octets)
        return self.sent.read()


def read_to_close_notify(hello):
    """All that the server has said, which ends with close_notify: the end of the octets alone is an error."""
    said = b""
    while octets := hello.session.read(65536):
        said += octets
    return said


def kinds(octets):
    """The kinds of HTTP/2's frames."""
    found = []
    while octets:
        found.append(octets[3])
        octets = octets[9 + int.from_bytes(octets[:3], "big"):]
    return found


def established(server, version=None):
    """A connection by the protocol of the test."""
    hello, connection = Hello(server, version, ["h2"] if Server.protocol == "http2" else None), raw(server)
    hello.step(connection, hello.session.do_handshake)
    return hello, connection


# Those who come and do nothing, or too slowly

def test_slowloris(start):
    """Heads that come a field at a time, on as many connections as an address may have."""
    server = start("--header-timeout", "5s", "--threads", "1")
    with others_are_served(server), nothing_is_kept(server), contextlib.ExitStack() as stack:
        slow = [stack.enter_context(server.wire()) for _ in range(300)]
        for wire in slow:
            wire.send(b"GET /healthz HTTP/1.1\r\n")

        def trickle():
            with contextlib.suppress(OSError):
                for wire in slow:
                    wire.send(b"A: b\r\n")
            return select.select([wire.socket for wire in slow], [], [], 0)[0]

        until(trickle, "the end of their time")
        for wire in slow:
            assert wire.response().status == 408


def test_half_open_handshakes(start):
    """A half of a ClientHello, and nothing more."""
    server = start("--handshake-timeout", "2s", "--threads", "1")
    hello = Hello(server).first()
    with others_are_served(server, memory=64 * MEBIBYTE), nothing_is_kept(server), contextlib.ExitStack() as stack:
        half = [stack.enter_context(raw(server)) for _ in range(900)]
        for connection in half:
            connection.sendall(hello[:len(hello) // 2])
        for connection in half:
            rest(connection)


def test_handshakes_that_stop_before_the_end(start):
    """The server has signed, and waits for the client's Finished."""
    server = start("--handshake-timeout", "2s", "--threads", "1")
    with others_are_served(server), nothing_is_kept(server), contextlib.ExitStack() as stack:
        half = [stack.enter_context(raw(server)) for _ in range(200)]
        for connection in half:
            connection.sendall(Hello(server).first())
        for connection in half:
            assert connection.recv(1) == bytes([HANDSHAKE])
            rest(connection)


def test_a_flood_of_connections_from_one_address(start):
    """What is over an address's limit is refused; another address finds its place."""
    server = start("--max-connections", "400", "--max-connections-per-address", "200", "--threads", "1", host=None)
    with others_are_served(server, host="::1"), nothing_is_kept(server), contextlib.ExitStack() as stack:
        for _ in range(200):
            stack.enter_context(raw(server))
        refused = 0
        for _ in range(5_000):
            with raw(server) as connection:
                refused += not rest(connection)
        assert refused == 5_000


def test_connections_that_come_and_go(start):
    """None of them says a word."""
    server = start("--threads", "1")
    with others_are_served(server), nothing_is_kept(server):
        for number in range(10_000):
            connection = raw(server)
            if number % 2:
                reset(connection)
            connection.close()


# With TLS 1.2 OpenSSL's session stays, which has another size in each of its versions.
@pytest.mark.parametrize("version, octets_each", [("TLSv1_2", 24_000), ("TLSv1_3", 6_000)])
def test_10_000_idle_connections(start, version, octets_each):
    """All are open at once, with their handshakes done; each costs some KiB, and others are served beside them."""
    count = 10_000
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    # Root may raise the second as well, and where it is too low only root can help.
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(most, count + 500), max(most, count + 500)))
    server = start("--max-connections", str(count + 100), "--max-connections-per-address", str(count + 100), "--idle-timeout", "10m",
                   "--header-timeout", "10m", "--handshake-timeout", "2m")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    # Resumed sessions, which spare both sides signatures.
    context.minimum_version = context.maximum_version = getattr(ssl.TLSVersion, version)
    with server.wire(context=context) as wire:
        wire.ask("GET", "/healthz")
        session = wire.socket.session
    before = server.anonymous_octets()
    idle = []
    try:
        with others_are_served(server, memory=(count * 32) << 10):
            for _ in range(count):
                connection = raw(server)
                idle.append(context.wrap_socket(connection, session=session))
            for wire in itertools.islice(idle, 0, None, 100):
                wire.sendall(GET)
                assert wire.recv(12) == b"HTTP/1.1 200"
            octets = server.anonymous_octets() - before
            assert octets < count * octets_each, f"{octets // count} octets a connection"
        sockets = server.sockets()
        assert sockets >= count
    finally:
        for connection in idle:
            connection.close()
    until(lambda: server.sockets() <= sockets - count, "their end")


# Records

@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("protocol_name", ["http/1.1", "h2"])
def test_records_of_single_octets(target, version, protocol_name):
    """Every octet has a record of its own: those of handshake messages as long as they are plain, and those of a request."""
    hello = Hello(target, version, [protocol_name])
    is_ciphered = False

    def send_apart(octets):
        nonlocal is_ciphered
        while octets:
            kind, size = octets[0], int.from_bytes(octets[3:5], "big")
            payload, head, octets = octets[5:5 + size], octets[:3], octets[5 + size:]
            # What is ciphered can't be taken apart any more.
            is_ciphered = is_ciphered or kind == CHANGE_CIPHER_SPEC
            step = 1 if kind == HANDSHAKE and not is_ciphered else size
            for index in range(0, size, step):
                piece = payload[index:index + step]
                connection.sendall(head + len(piece).to_bytes(2, "big") + piece)

    with others_are_served(target), raw(target) as connection:
        hello.step(connection, hello.session.do_handshake, send_apart)
        assert hello.session.selected_alpn_protocol() == protocol_name
        request = GET
        if protocol_name == "h2":
            head = bytes([0x82, 0x87, 0x04, 8]) + b"/healthz" + bytes([0x01, 9]) + b"localhost"
            request = (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\4\0\0\0\0\0"
                       + len(head).to_bytes(3, "big") + b"\1\5\0\0\0\1" + head)
        for octet in request:
            connection.sendall(hello.record(bytes([octet])))
        if protocol_name == "h2":
            answer = b""
            # HEADERS of stream 1, whose first octet is `:status: 200` (RFC 7541 appendix A).
            while b"\1\4\0\0\0\1\x88" not in answer:
                answer += hello.step(connection, lambda: hello.session.read(65536))
        else:
            assert hello.step(connection, lambda: hello.session.read(65536)).startswith(b"HTTP/1.1 200")


def test_empty_records_without_end(target):
    """They carry nothing; OpenSSL takes a few in a row, and then says unexpected_message."""
    with raw(target) as connection, others_are_served(target):
        with contextlib.suppress(ConnectionError):
            for _ in range(100_000):
                connection.sendall(b"\x16\x03\x01\0\0")
        assert alert(rest(connection)) == 10


def test_an_oversized_client_hello(target):
    """A message of 16 MiB, by its head: it is refused by that, and not gathered."""
    with others_are_served(target, memory=4 * MEBIBYTE), raw(target) as connection:
        message = b"\x01\xff\xff\xff\x03\x03" + bytes(16_000)
        sent = 0
        with contextlib.suppress(ConnectionError):
            # What is on its way meanwhile is the system's.
            while sent < 16 * MEBIBYTE and not select.select([connection], [], [], 0)[0]:
                connection.sendall(b"\x16\x03\x01" + len(message).to_bytes(2, "big") + message)
                sent += len(message)
        assert sent < 16 * MEBIBYTE
        # illegal_parameter
        assert alert(rest(connection)) == 47
    # One that is as large as they come is served.
    protocols = [b"x" * 200 + str(number).encode() for number in range(40)]
    hello = Hello(target, protocols=[*map(bytes.decode, protocols), "http/1.1"])
    with raw(target) as connection:
        hello.step(connection, hello.session.do_handshake)
        assert hello.session.selected_alpn_protocol() == "http/1.1"


# Ends

ENDS = {
    "FIN": lambda connection: connection.close(),
    "RST": reset,
}


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("count", [1, 5, 6, 100, 300])
def test_a_handshake_that_is_cut_off(target, end, count):
    """In the middle of a ClientHello's record, or right behind it."""
    octets = Hello(target).first()
    with others_are_served(target), nothing_is_kept(target):
        for _ in range(100):
            connection = raw(target)
            connection.sendall(octets[:count])
            ENDS[end](connection)


@pytest.mark.either_protocol
@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("version", VERSIONS)
def test_a_truncated_record(target, channel, end, version):
    """A request whose record never comes to its end is none; nothing of it is answered or stored. The server says close_notify."""
    octets = request("POST", f"/channel/{channel}", {**OCTETS, "Content-Length": "4"}, b"torn")
    with others_are_served(target), nothing_is_kept(target):
        for count in (3, 5, 20, -1):
            hello, connection = established(target, version)
            connection.sendall(hello.record(octets)[:count])
            if end == "FIN":
                connection.shutdown(socket.SHUT_WR)
                hello.received.write(rest(connection))
                hello.received.write_eof()
                said = read_to_close_notify(hello)
                # HTTP/2's server has settings of its own to tell, whatever comes.
                assert not said if Server.protocol == "http1" else HEADERS not in kinds(said)
            ENDS[end](connection)
    posted = target.post(channel, b"whole").json()["frame"]
    assert [item.data for item in target.frame(posted).items(channel)] == [b"whole"]


@pytest.mark.either_protocol
@pytest.mark.parametrize("end", ENDS)
def test_an_end_without_close_notify(target, channel, end):
    """A body that TCP ends is not taken for a whole, also where chunks or lines would allow it; what was taken stays taken."""
    with others_are_served(target), nothing_is_kept(target):
        for fields, body in [
            ({**OCTETS, "Content-Length": "5"}, b"torn"),
            (OCTETS, b"torn"),
            ({**AUTHORIZED, "Content-Type": "application/x-ndjson"}, b'"torn"'),
        ]:
            hello, connection = established(target)
            connection.sendall(hello.record(request("POST", f"/channel/{channel}", fields, body, ends=False)))
            ENDS[end](connection)
    posted = target.post(channel, b"whole").json()["frame"]
    assert [item.data for item in target.frame(posted).items(channel)] == [b"whole"]


@pytest.mark.either_protocol
@pytest.mark.parametrize("end", ENDS)
def test_an_early_end_in_a_request(target, end):
    octets = request("GET", "/healthz")
    with others_are_served(target), nothing_is_kept(target):
        for count in range(len(octets)):
            hello, connection = established(target)
            connection.sendall(hello.record(octets[:count]) if count else b"")
            ENDS[end](connection)


@pytest.mark.either_protocol
@pytest.mark.parametrize("end", ENDS)
def test_an_early_end_in_a_response(target, end):
    """A large frame is asked for, and the connection ended when its first octets come."""
    frame_id = target.post("early", os.urandom(4 * MEBIBYTE)).json()["frame"]
    target.frame_octets(frame_id)
    with others_are_served(target), nothing_is_kept(target):
        for _ in range(50):
            hello, connection = established(target)
            connection.sendall(hello.record(request("GET", f"/{frame_id}")))
            assert connection.recv(1000)
            ENDS[end](connection)
