"""HTTP/2 over TLS, by a library that shares nothing with the server: the same questions as `wire.Wire` asks."""

import socket

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.settings

from support.waiting import DEADLINE_SECONDS
from support.wire import Response, with_protocols

# Fields that say how a message is framed in HTTP/1.1, and mean nothing here.
FRAMING = {"connection", "host", "transfer-encoding"}


class Reset(AssertionError):
    """The server broke a stream off."""

    def __init__(self, stream, code):
        super().__init__(f"stream {stream} was reset with {code!r}")
        self.code = code


class Ended(AssertionError):
    """The server ended the connection."""

    def __init__(self, goaway):
        super().__init__(f"the connection has ended: {goaway}")
        self.goaway = goaway


class Connection(h2.connection.H2Connection):
    """The library takes any GOAWAY for the end; after one without error the streams that are open go on (RFC 9113
    section 6.8)."""

    def _receive_goaway_frame(self, frame):
        if frame.error_code != 0:
            return super()._receive_goaway_frame(frame)
        event = h2.events.ConnectionTerminated()
        event.error_code, event.last_stream_id = h2.errors.ErrorCodes(frame.error_code), frame.last_stream_id
        return [], [event]


class HTTP2Client:
    """One connection. Requests may be asked one after the other (`ask`) or side by side (`begin`, `response`)."""

    def __init__(self, address, context, server_name="localhost", settings=None, window=1 << 24, reads_content=True):
        self.socket = socket.create_connection(address, timeout=DEADLINE_SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            self.socket = with_protocols(context, ["h2"]).wrap_socket(
                self.socket, server_hostname=server_name, suppress_ragged_eofs=False)
        except BaseException:
            self.socket.close()
            raise
        assert self.socket.selected_alpn_protocol() == "h2"
        self.connection = Connection(h2.config.H2Configuration(
            header_encoding="latin-1", validate_outbound_headers=False, normalize_outbound_headers=False))
        self.reads_content = reads_content
        self.responses, self.interim, self.resets, self.whole = {}, {}, {}, set()
        self.goaway = None
        self.connection.initiate_connection()
        self.connection.update_settings({h2.settings.SettingCodes.INITIAL_WINDOW_SIZE: window, **(settings or {})})
        if window > 65_535:
            self.connection.increment_flow_control_window(window - 65_535)
        self.flush()
        self.stream = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def flush(self):
        octets = self.connection.data_to_send()
        if octets:
            self.socket.sendall(octets)

    def send(self, octets):
        """Sends octets that are no frame of the library's."""
        self.socket.sendall(octets)
        return self

    def more(self):
        """Receives more, and notes what it says; False at the end of the stream."""
        octets = self.socket.recv(65536)
        if not octets:
            return False
        for event in self.connection.receive_data(octets):
            self.note(event)
        try:
            self.flush()
        except OSError:
            pass  # The server has ended the connection, and what it said before is still to be read.
        return True

    def note(self, event):
        match event:
            case h2.events.InformationalResponseReceived():
                self.interim.setdefault(event.stream_id, []).append(self.read_head(event))
            case h2.events.ResponseReceived():
                self.responses[event.stream_id] = self.read_head(event)
            case h2.events.DataReceived():
                self.responses[event.stream_id].body += event.data
                if self.reads_content:
                    self.connection.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            case h2.events.StreamEnded():
                self.whole.add(event.stream_id)
            case h2.events.StreamReset():
                self.resets[event.stream_id] = event.error_code
            case h2.events.ConnectionTerminated():
                self.goaway = event

    def read_head(self, event):
        (name, status), *fields = event.headers
        assert name == ":status"
        assert all(name == name.lower() for name, _ in fields), fields
        return Response("HTTP/2", int(status), fields, bytearray())

    def until(self, condition):
        while not condition():
            if not self.more():
                raise Ended(self.goaway)

    # Requests

    def begin(self, method, target, fields=(), ends=False):
        """Sends a request's head, and returns its stream."""
        fields = dict(fields)
        authority = fields.get("Host", "localhost")
        self.stream = self.connection.get_next_available_stream_id()
        head = [(":method", method), (":scheme", "https"), (":path", target), (":authority", authority)]
        head += [(name.lower(), value.strip(" \t"))
                 for name, value in fields.items() if name.lower() not in FRAMING]
        self.connection.send_headers(self.stream, head, end_stream=ends)
        self.flush()
        return self.stream

    def content(self, octets, stream=None, ends=False):
        """Sends a part of a request's content, at the pace the server sets; stops once that has answered."""
        stream = stream or self.stream
        while octets and stream not in self.whole and stream not in self.resets:
            room = min(self.connection.local_flow_control_window(stream), self.connection.max_outbound_frame_size, len(octets))
            if room == 0:
                self.until(lambda: stream in self.resets or stream in self.whole
                           or self.connection.local_flow_control_window(stream) > 0)
                continue
            self.connection.send_data(stream, octets[:room])
            octets = octets[room:]
            self.flush()
        if ends and stream not in self.whole and stream not in self.resets:
            self.connection.end_stream(stream)
            self.flush()

    def finish(self):
        """Ends the request's content; its response."""
        self.content(b"", ends=True)
        return self.response()

    def want(self, target):
        """Asks for something, and reads nothing of the answer."""
        self.begin("GET", target, ends=True)

    def follow(self, target, fields=()):
        """Asks for something whose content goes on; its head. `piece` goes on from there."""
        stream = self.begin("GET", target, fields, ends=True)
        self.until(lambda: stream in self.responses)
        return self.responses[stream]

    def piece(self, end):
        """What comes up to the next `end`, and with it; None where the content ends before."""
        body, stream = self.responses[self.stream].body, self.stream
        self.until(lambda: end in body or stream in self.whole or stream in self.resets)
        if end not in body:
            assert stream in self.whole, "the stream ends in the middle"
            return None
        piece = bytes(body[:body.index(end) + len(end)])
        del body[:len(piece)]
        return piece

    def interim_status(self):
        """The status of the interim response (1xx) that comes next."""
        self.until(lambda: self.interim.get(self.stream))
        return self.interim[self.stream].pop(0).status

    def is_last(self, _):
        """Whether the server says that it answers nothing more, and ends the connection."""
        return self.is_ended() and self.goaway is not None and self.goaway.error_code == 0

    def response(self, stream=None):
        stream = stream or self.stream
        self.until(lambda: stream in self.whole or stream in self.resets)
        if stream not in self.whole:
            raise Reset(stream, self.resets[stream])
        response = self.responses.pop(stream)
        response.body = bytes(response.body)
        length = response.get("content-length")
        if length is not None and response.status not in (204, 304) and response.body:
            assert int(length) == len(response.body)
        return response

    def ask(self, method, target, fields=(), body=None):
        """One request, and its response."""
        fields = dict(fields)
        if body is not None:
            fields["content-length"] = str(len(body))
        self.begin(method, target, fields, ends=not body)
        if body:
            self.content(body, ends=True)
        return self.response()

    def is_ended(self):
        """Whether the server ends the stream, in order."""
        while self.more():
            pass
        return True
