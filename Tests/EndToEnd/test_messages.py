"""HTTP/1.1's framing as it should be: keep-alive, pipelining, bodies in every form, and 100 (Continue). What requests mean by
either protocol is in test_meaning.py."""

import socket

import pytest

from support.server import SECRET

GET = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"


def post_head(channel, *fields, secret=SECRET):
    lines = [f"POST /channel/{channel} HTTP/1.1", "Host: localhost", f"Authorization: Bearer {secret}",
             "Content-Type: application/octet-stream", *fields]
    return "\r\n".join(lines).encode() + b"\r\n\r\n"


def test_a_connection_serves_many_requests(server):
    with server.wire() as wire:
        for _ in range(200):
            assert wire.send(GET).response().status == 200


def test_pipelined_requests_are_answered_in_order(server, channel):
    with server.wire() as wire:
        requests = b""
        for number in range(50):
            body = str(number).encode()
            requests += post_head(channel, f"Content-Length: {len(body)}") + body
            requests += f"GET /missing-{number} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode() + GET
        wire.send(requests)
        statuses = [wire.response().status for _ in range(150)]
    assert statuses == [200, 404, 200] * 50
    # The answers were in order, and so are the items.
    marker = server.post(channel, b"last").json()["frame"]
    server.frame_octets(marker)
    posted = [item.data for frame in server.all_frames() for item in frame.items(channel)]
    assert posted == [str(number).encode() for number in range(50)] + [b"last"]


def test_requests_may_come_octet_by_octet(server, channel):
    with server.wire() as wire:
        for octet in GET + post_head(channel, "Content-Length: 3") + b"abc" + GET:
            wire.send(bytes([octet]))
        assert [wire.response().status for _ in range(3)] == [200, 200, 200]


def test_connection_close_and_http_1_0_end_the_connection(server):
    for request in (b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
                    b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: keep-alive, Close\r\n\r\n",
                    b"GET /healthz HTTP/1.0\r\n\r\n"):
        with server.wire() as wire:
            response = wire.send(request).response()
            assert response.status == 200 and response.version == "HTTP/1.1"
            assert response.get("connection") == "close"
            assert wire.is_ended()


def test_http_1_0_keeps_a_connection_if_it_asks_to(server):
    with server.wire() as wire:
        for _ in range(2):
            response = wire.send(b"GET /healthz HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").response()
            assert (response.status, response.get("connection").lower()) == (200, "keep-alive")


def test_absolute_targets_and_empty_lines_before_a_request_are_understood(server):
    with server.wire() as wire:
        wire.send(b"\r\nGET https://localhost/healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert wire.response().status == 200
        wire.send(b"GET https://localhost?limit=1 HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert wire.response().status == 200


def test_chunked_bodies_with_extensions_and_trailers_are_taken(server, channel):
    with server.wire() as wire:
        wire.send(post_head(channel, "Transfer-Encoding: Chunked"))
        wire.send(b'5;name="value"\r\nhello\r\n0a\r\n, in parts\r\n000\r\nX-Trailer: skipped\r\nAnother: one\r\n\r\n')
        answer = wire.response()
        assert answer.status == 200
        assert wire.send(GET).response().status == 200
    assert [item.data for item in server.frame(answer.json()["frame"]).items(channel)] == [b"hello, in parts"]


def test_the_smallest_chunks_make_the_whole_body(server, channel):
    body = bytes(range(256)) * 4
    with server.wire() as wire:
        wire.send(post_head(channel, "Transfer-Encoding: chunked"))
        wire.send(b"".join(b"1\r\n" + bytes([octet]) + b"\r\n" for octet in body) + b"0\r\n\r\n")
        answer = wire.response()
    assert [item.data for item in server.frame(answer.json()["frame"]).items(channel)] == [body]


def test_a_client_that_waits_for_100_is_told_to_go_on(server, channel):
    with server.wire() as wire:
        wire.send(post_head(channel, "Content-Length: 5", "Expect: 100-continue"))
        assert wire.response().status == 100
        assert wire.send(b"hello").response().status == 200
        # The connection goes on.
        assert wire.send(GET).response().status == 200


def test_a_client_that_sends_the_body_unasked_gets_one_answer(server, channel):
    with server.wire() as wire:
        wire.send(post_head(channel, "Content-Length: 5", "Expect: 100-continue") + b"hello")
        response = wire.response()
        if response.status == 100:
            response = wire.response()
        assert response.status == 200


@pytest.mark.parametrize("status, fields", [
    (401, ["Expect: 100-continue", "Content-Length: 5"]),
    (401, ["Expect: 100-continue", "Transfer-Encoding: chunked"]),
])
def test_a_stranger_is_refused_before_the_body(server, channel, status, fields):
    with server.wire() as wire:
        wire.send(post_head(channel, *fields, secret="wrong"))
        response = wire.response()
        assert response.status == status
        assert response.get("www-authenticate").startswith("Bearer")
        assert response.get("connection") == "close"
        assert wire.is_ended()


def test_a_body_over_the_limit_is_refused_before_it_is_sent(server, channel):
    with server.wire() as wire:
        wire.send(post_head(channel, "Content-Length: 16777217", "Expect: 100-continue"))
        response = wire.response()
        assert (response.status, response.problem_name()) == (413, "too-large")
        assert response.json()["limit"] == 16 << 20


def test_a_refusal_reaches_a_client_that_is_still_sending(server, channel):
    """The answer must not be lost to a reset: the server reads on for a while after it has answered."""
    with server.wire() as wire:
        wire.send(post_head(channel, "Content-Length: 200000", secret="wrong"))
        wire.send(b"x" * 200_000)
        assert wire.response().status == 401


def test_a_short_body_that_was_not_needed_leaves_the_connection_usable(server, channel):
    with server.wire() as wire:
        wire.send(post_head(channel, "Content-Length: 5", secret="wrong") + b"hello" + GET)
        assert [wire.response().status for _ in range(2)] == [401, 200]


def test_a_client_that_has_said_all_and_half_closes_is_answered(server):
    """RFC 9112 section 9.6: the request is whole, so it is answered, whatever the client does with its own side."""
    with server.wire() as wire:
        wire.send(GET)
        assert wire.response().status == 200
        wire.send(GET)
        raw = socket.socket(fileno=socket.dup(wire.socket.fileno()))
        raw.shutdown(socket.SHUT_WR)
        assert wire.response().status == 200
        raw.close()
