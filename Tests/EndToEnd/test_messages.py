"""HTTP/1.1 as it should be: keep-alive, pipelining, bodies in every form, HEAD, OPTIONS, and 100 (Continue)."""

import socket

import pytest

from support.server import AUTHORIZED, JSON, SECRET

GET = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"


def post_head(channel, *fields, secret=SECRET):
    lines = [f"POST /channel/{channel} HTTP/1.1", "Host: localhost", f"Authorization: Bearer {secret}",
             "Content-Type: application/octet-stream", *fields]
    return "\r\n".join(lines).encode() + b"\r\n\r\n"


def test_every_response_says_its_date_and_forbids_sniffing(server):
    for target in ("/healthz", "/frame", "/time", "/", "/nothing/here", "/1"):
        response = server.get(target)
        assert response.get("date").endswith(" GMT")
        assert response.get("x-content-type-options") == "nosniff"


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


@pytest.mark.parametrize("target", ["/healthz", "/frame", "/time", "/", "/nothing/here", "/1", "/channel/a"])
def test_head_gives_what_get_gives_without_the_body(server, target):
    with server.wire() as wire:
        get = wire.ask("GET", target)
        head = wire.ask("HEAD", target)
        assert head.status == get.status
        changing = {"date", "content-length"} if target in ("/time", "/frame") else {"date"}
        assert [(n, v) for n, v in head.fields if n.lower() not in changing] == \
            [(n, v) for n, v in get.fields if n.lower() not in changing]
        assert int(head.get("content-length")) > 0
        # No body came: the next answer is where it belongs.
        assert wire.ask("GET", "/healthz").status == 200


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


def test_options_is_answered_on_every_path(server):
    for target in ("/", "/frame", "/1732310400000", "/channel/a", "/time", "/healthz", "*"):
        response = server.ask("OPTIONS", target)
        assert response.status == 204
        assert "OPTIONS" in response.get("allow")


def test_scripts_of_any_origin_may_read(server):
    for target in ("/frame", "/1", "/healthz"):
        response = server.get(target, Origin="https://viewer.example")
        assert response.get("access-control-allow-origin") == "*"
        exposed = {name.strip().lower() for name in response.get("access-control-expose-headers").split(",")}
        assert {"etag", "content-range", "location", "repr-digest", "retry-after"} <= exposed


def test_a_preflight_for_a_post_is_granted(server):
    response = server.ask("OPTIONS", "/channel/a", {
        "Origin": "https://viewer.example", "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type"})
    assert response.status == 204
    assert "POST" in response.get("access-control-allow-methods")
    allowed = {name.strip().lower() for name in response.get("access-control-allow-headers").split(",")}
    assert {"authorization", "content-type", "prefer"} <= allowed


def test_one_origin_can_be_named(start):
    server = start("--cors-origin", "https://viewer.example")
    assert server.get("/frame").get("access-control-allow-origin") == "https://viewer.example"


def test_time_is_told_at_both_ends(server):
    response = server.get("/time")
    assert response.get("cache-control") == "no-store"
    members = response.json()
    assert set(members) == {"receivedAt", "sentAt"}
    assert members["sentAt"] >= members["receivedAt"] > 1_700_000_000_000


def test_a_large_body_arrives_octet_for_octet(server, channel):
    body = bytes(range(256)) * (16 << 20 >> 8)
    answer = server.post(channel, body)
    assert answer.status == 200
    assert [item.data for item in server.frame(answer.json()["frame"]).items(channel)] == [body]


def test_json_may_have_parameters_in_its_type_and_any_case(server, channel):
    for content_type in ("application/json; charset=utf-8", "Application/JSON"):
        assert server.post(channel, b"{}", {**AUTHORIZED, "Content-Type": content_type}).status == 200
    assert server.post(channel, b"{}", {**JSON, "Authorization": f"bearer {SECRET}"}).status == 200
