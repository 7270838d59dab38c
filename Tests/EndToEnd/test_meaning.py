"""What requests mean, by either protocol: HEAD, OPTIONS, CORS, 100 (Continue), and refusals that come before the content."""

import pytest

from support.server import AUTHORIZED, JSON, OCTETS, SECRET

EITHER_PROTOCOL = True

STRANGER = {"Authorization": "Bearer wrong", "Content-Type": "application/octet-stream"}


def test_every_response_says_its_date_and_forbids_sniffing(server):
    for target in ("/healthz", "/frame", "/time", "/", "/nothing/here", "/1"):
        response = server.get(target)
        assert response.get("date").endswith(" GMT")
        assert response.get("x-content-type-options") == "nosniff"


def test_a_connection_serves_many_requests(server, channel):
    with server.client() as client:
        for number in range(100):
            assert client.ask("GET", "/healthz").status == 200
            assert client.ask("POST", f"/channel/{channel}", OCTETS, b"%d" % number).status == 200
            assert client.ask("GET", "/nothing").status == 404
    # The answers were in order, and so are the items.
    server.frame_octets(server.post(channel, b"last").json()["frame"])
    posted = [item.data for frame in server.all_frames() for item in frame.items(channel)]
    assert posted == [b"%d" % number for number in range(100)] + [b"last"]


@pytest.mark.parametrize("target", ["/healthz", "/frame", "/time", "/", "/nothing/here", "/1", "/1/channel/a", "/frame/at/0"])
def test_head_gives_what_get_gives_without_the_body(server, target):
    with server.client() as client:
        get = client.ask("GET", target)
        head = client.ask("HEAD", target)
        assert head.status == get.status
        changing = {"date", "content-length"} if target in ("/time", "/frame") else {"date"}
        assert [(n, v) for n, v in head.fields if n.lower() not in changing] == \
            [(n, v) for n, v in get.fields if n.lower() not in changing]
        assert int(head.get("content-length")) > 0
        # No body came: the next answer is where it belongs.
        assert client.ask("GET", "/healthz").status == 200


def test_a_client_that_waits_for_100_is_told_to_go_on(server, channel):
    with server.client() as client:
        for fields in ({}, {"Content-Length": "5"}):
            client.begin("POST", f"/channel/{channel}", {**OCTETS, **fields, "Expect": "100-continue"})
            assert client.interim_status() == 100
            client.content(b"hello")
            assert client.finish().status == 200
        # The connection goes on.
        assert client.ask("GET", "/healthz").status == 200


@pytest.mark.parametrize("fields, status, problem", [
    (STRANGER, 401, "unauthorized"),
    ({**STRANGER, "Content-Length": "5"}, 401, "unauthorized"),
    ({**OCTETS, "Content-Length": str((16 << 20) + 1)}, 413, "too-large"),
    ({**AUTHORIZED, "Content-Type": "text/plain"}, 415, "unsupported-type"),
    ({**OCTETS, "Content-Encoding": "br"}, 415, "unsupported-coding"),
])
def test_a_refusal_comes_before_the_content(server, channel, fields, status, problem):
    """A client that waits for 100 (Continue) never sends it, and no interim response comes."""
    with server.client() as client:
        client.begin("POST", f"/channel/{channel}", {**fields, "Expect": "100-continue"})
        answer = client.response()
        assert (answer.status, answer.problem_name()) == (status, problem)
        assert (answer.get("www-authenticate") or "").startswith("Bearer") == (status == 401)
        if status == 413:
            assert answer.json()["limit"] == 16 << 20


def test_a_refusal_reaches_a_client_that_is_still_sending(server, channel):
    """The answer must not be lost to a reset: the server reads on for a while after it has answered."""
    assert server.post(channel, b"x" * 200_000, STRANGER).status == 401


def test_a_body_that_was_not_needed_leaves_the_connection_usable(server, channel):
    with server.client() as client:
        assert client.ask("POST", f"/channel/{channel}", STRANGER, b"hello").status == 401
        assert client.ask("GET", "/frame", {}, b"hello").status == 200
        assert client.ask("GET", "/healthz").status == 200


def test_methods_that_are_wrong_or_unknown(server):
    for target, method, allowed in (
        ("/frame", "POST", "GET, HEAD, OPTIONS"), ("/frame", "DELETE", "GET, HEAD, OPTIONS"),
        ("/1732310400000", "PUT", "GET, HEAD, OPTIONS"), ("/frame/latest", "POST", "GET, HEAD, OPTIONS"),
        ("/channel/a", "PATCH", "GET, HEAD, POST, OPTIONS"), ("/time", "TRACE", "GET, HEAD, OPTIONS"), ("/frame", "QUERY", "GET, HEAD, OPTIONS"),
    ):
        answer = server.ask(method, target)
        assert (answer.status, answer.problem_name()) == (405, "method-not-allowed")
        assert set(answer.get("allow").split(", ")) == set(allowed.split(", "))
    for method in ("BREW", "get", "PROPFIND"):
        answer = server.ask(method, "/frame")
        assert (answer.status, answer.problem_name()) == (501, "unknown-method")


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
