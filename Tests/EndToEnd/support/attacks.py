"""What attacks are made of: frames of HTTP/2 of one's own making, and a look at how others fare meanwhile."""

import itertools
import struct
import threading
from contextlib import contextmanager

from support.http2 import HTTP2Client
from support.waiting import until

# Errors and frames of HTTP/2 (RFC 9113 sections 7 and 6).
NO_ERROR, PROTOCOL_ERROR, INTERNAL_ERROR, FLOW_CONTROL_ERROR, SETTINGS_TIMEOUT, STREAM_CLOSED, FRAME_SIZE_ERROR = range(7)
REFUSED_STREAM, COMPRESSION_ERROR, ENHANCE_YOUR_CALM = 7, 9, 11
DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)
END_STREAM, END_HEADERS, PADDED = 1, 4, 8
MEBIBYTE = 1 << 20


def frame(kind, stream, payload=b"", flags=0):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


class Attacker(HTTP2Client):
    """A client that sends frames of its own making, and only reads what it is told."""

    def __init__(self, server, streams=128, **settings):
        super().__init__(("127.0.0.1", server.port), server.context, **settings)
        self.until(lambda: self.connection.remote_settings.max_concurrent_streams == streams)
        self.octets = bytearray()

    def flood(self, frames):
        """Sends frames until there are no more, or the server has ended the connection; whether it has."""
        batch = bytearray()
        try:
            for octets in frames:
                batch += octets
                if len(batch) > 16_384:
                    self.socket.sendall(batch)
                    batch.clear()
            self.socket.sendall(batch)
        except OSError:
            return True
        return False

    def next_frame(self):
        """(kind, stream, payload) of the next frame of the server's; None at the end."""
        while len(self.octets) < 9 or len(self.octets) < 9 + int.from_bytes(self.octets[:3], "big"):
            try:
                piece = self.socket.recv(65536)
            except OSError:
                return None  # What was still being sent met a closed socket.
            if not piece:
                return None
            self.octets += piece
        size = 9 + int.from_bytes(self.octets[:3], "big")
        octets = bytes(self.octets[:size])
        del self.octets[:size]
        return octets[3], int.from_bytes(octets[5:9], "big"), octets[9:]

    def until_frame(self, kind, stream):
        """The payload of the next such frame; None where the server says goodbye before."""
        while (found := self.next_frame()) and found[0] != GOAWAY:
            if found[:2] == (kind, stream):
                return found[2]
        if found:
            self.octets[:0] = frame(*found)
        return None

    def ended_with(self):
        """The code of the GOAWAY with which the server ended the connection; None for none."""
        code = None
        while found := self.next_frame():
            if found[0] == GOAWAY:
                code = int.from_bytes(found[2][4:8], "big")
        return code


@contextmanager
def others_are_served(server, memory=16 * MEBIBYTE, host="127.0.0.1"):
    """While the block runs, another client asks all the time and is answered; memory stays bounded."""
    before = server.anonymous_octets()
    ends, failures, answers, most = threading.Event(), [], itertools.count(), [0]

    def ask():
        try:
            while not ends.is_set():
                with server.client(host, server_name=host) as client:
                    assert client.ask("GET", "/healthz").status == 200
                most[0] = max(most[0], server.anonymous_octets())
                next(answers)
        except BaseException as error:
            failures.append(error)

    client = threading.Thread(target=ask)
    client.start()
    try:
        yield
        seen = next(answers)
        until(lambda: failures or next(answers) > seen + 3, "answers after the attack")
    finally:
        ends.set()
        client.join()
    assert not failures, failures
    assert most[0] - before < memory
