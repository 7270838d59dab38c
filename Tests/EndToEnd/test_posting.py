"""What devices get: items taken and found again octet for octet, and every refusal with what to do about it."""

import json
import socket

import pytest

from support.server import AUTHORIZED, JSON, OCTETS, SECRET
from support.waiting import DEADLINE_SECONDS, until

EITHER_PROTOCOL = True


def items(server, answer, channel):
    return server.frame(answer.json()["frame"]).items(channel)


def test_an_answer_says_where_the_item_will_be(server, channel):
    answer = server.post(channel, b'{"a": 1}', JSON)
    assert answer.status == 200
    assert answer.get("content-type") == "application/json" and answer.get("cache-control") == "no-store"
    members = answer.json()
    assert set(members) == {"accepted", "frame", "receivedAt"}
    assert members["accepted"] == 1
    assert answer.get("location") == f"/{members['frame']}"
    assert int(members["frame"]) <= members["receivedAt"] < int(members["frame"]) + 200
    [item] = items(server, answer, channel)
    assert (item.data, item.timestamp) == (b'{"a": 1}', members["receivedAt"])


@pytest.mark.parametrize("body", [b"0", b" \r\n\t[1, 2.50, 1e400] ", b'"\\ud83d\\ude00"', '{"ä": "🙂"}'.encode(), b"null",
                                  b"[" * 128 + b"]" * 128, b'{"a":1,"a":2}', b"123456789012345678901234567890"])
def test_json_is_kept_as_it_was_posted(server, channel, body):
    answer = server.post(channel, body, JSON)
    assert answer.status == 200
    frame = server.frame(answer.json()["frame"])
    assert frame.channel(channel).type == "application/json"
    assert [item.data for item in frame.items(channel)] == [body]


@pytest.mark.parametrize("body", [b"", b" ", b"{", b"[1,]", b"01", b"+1", b"1 2", b"'a'", b"nul", b"NaN", b'"\x00"', b'"\xff"',
                                  b'"\xed\xa0\x80"', b'{"a"}', b"\xef\xbb\xbf1", b"[" * 200 + b"]" * 200, b'"\\x"', b'"'])
def test_what_is_not_json_is_400_and_says_where(server, channel, body):
    answer = server.post(channel, body, JSON)
    problem = answer.problem()
    assert (answer.status, answer.problem_name()) == (400, "invalid-json")
    assert problem["accepted"] == 0 and problem["rejectedCount"] == 1 and problem["rejected"][0]["index"] == 0


@pytest.mark.parametrize("body", [b"", b"\0", bytes(range(256)), b"\xff" * 1000, b"x" * 65_536, b"y" * 200_001])
def test_any_octets_are_kept(server, channel, body):
    answer = server.post(channel, body)
    assert answer.status == 200
    assert [item.data for item in items(server, answer, channel)] == [body]


@pytest.mark.parametrize("segment, name", [
    ("room-1", "room-1"), ("a%20b", "a b"), ("%C3%A4%F0%9F%99%82", "ä🙂"), ("a%2Fb", "a/b"), ("x" * 255, "x" * 255),
    ("a+b", "a+b"), ("%25", "%"), ("frame", "frame"), ("e%CC%81", "e\u0301"), ("%C3%A9", "\u00e9"), ("..", ".."),
])
def test_channel_ids(server, segment, name):
    answer = server.post(segment, b"1")
    assert answer.status == 200
    assert [item.data for item in items(server, answer, name)] == [b"1"]


def test_channel_ids_are_compared_by_octets(server):
    """Two spellings that look the same are two channels."""
    for attempt in range(20):
        with server.client() as wire:
            frames = {wire.ask("POST", f"/channel/{segment}", OCTETS, b"x").json()["frame"]
                      for segment in ("twin-e%CC%81", "twin-%C3%A9")}
        if len(frames) == 1:
            break
    frame = server.frame(frames.pop())
    assert {"twin-e\u0301", "twin-\u00e9"} <= {channel.id for channel in frame.channels}


@pytest.mark.parametrize("segment", ["%00", "a%0Ab", "%7F", "%C2%80", "%FF", "%ED%A0%80", "x" * 256, "%", "%4", "%zz",
                                     "%C3%A4" * 128])
def test_channel_ids_that_are_not_allowed(server, segment):
    answer = server.post(segment, b"1")
    assert (answer.status, answer.problem_name()) == (400, "bad-channel")


def test_the_channel_type_is_the_clients_or_the_content_type(server, channel):
    answer = server.post(channel, b"\0\1", query="?type=video%2Fmp4")
    assert server.frame(answer.json()["frame"]).channel(channel).type == "video/mp4"


def test_a_channel_has_one_type_in_a_window(start):
    server = start(frame_duration="1h")
    assert server.post("a", b"1", query="?type=audio").status == 200
    answer = server.post("a", b"2", query="?type=video")
    assert (answer.status, answer.problem_name()) == (409, "type-conflict")
    assert "audio" in answer.problem()["detail"]
    assert server.post("a", b"3", JSON).status == 409
    assert server.post("a", b"4", query="?type=audio").status == 200
    assert server.post("b", b"5", query="?type=video").status == 200


def test_a_device_may_give_the_time(start):
    server = start("--lateness", "3s", "--skip-empty-frames", frame_duration="500ms")
    now = int(server.get("/time").json()["receivedAt"])
    late = server.post("a", b"by timestamp", query=f"?timestamp={now - 500}")
    assert late.status == 200 and late.json()["frame"] == str((now - 500) // 500 * 500)
    aged = server.post("a", b"by age", query="?age=300")
    assert aged.status == 200
    stamp = aged.json()["receivedAt"] - 300
    assert int(aged.json()["frame"]) == stamp // 500 * 500
    assert (now - 500, b"by timestamp") in [(i.timestamp, i.data) for i in server.frame(late.json()["frame"]).items("a")]
    assert (stamp, b"by age") in [(i.timestamp, i.data) for i in server.frame(aged.json()["frame"]).items("a")]


def test_items_of_another_time_are_refused(start):
    server = start(frame_duration="1h")
    now = int(server.get("/time").json()["receivedAt"])
    for query, name in ((f"?timestamp={now - 7_200_000}", "late"), ("?age=7200000", "late"), ("?timestamp=0", "late"),
                        (f"?timestamp={now + 10_800_000}", "too-far-ahead"),
                        ("?timestamp=18446744073709551615", "too-far-ahead"), ("?age=18446744073709551615", "late")):
        answer = server.post("a", b"1", query=query)
        problem = answer.problem()
        assert (answer.status, answer.problem_name()) == (422, name)
        assert problem["accepted"] == 0 and problem["rejectedCount"] == 1
        assert problem["rejected"] == [{"index": 0, "type": problem["type"], "detail": problem["detail"]}]
    assert server.post("a", b"1", query=f"?timestamp={now}").status == 200


@pytest.mark.parametrize("query", ["?timestamp=x", "?timestamp=-1", "?age=1.5", "?timestamp=1&age=1", "?age=1&age=1", "?type=",
                                   "?type=a&type=b", "?type=%00", "?type=" + "x" * 256, "?timestamp=",
                                   "?timestamp=18446744073709551616"])
def test_broken_parameters_are_400(server, channel, query):
    answer = server.post(channel, b"1", query=query)
    assert (answer.status, answer.problem_name()) == (400, "bad-parameter")


def test_a_client_may_ask_for_less(server, channel):
    answer = server.post(channel, b"1", {**OCTETS, "Prefer": "return=minimal"})
    assert answer.status == 204 and answer.get("location") and answer.get("preference-applied") == "return=minimal"


# Refusals

@pytest.mark.parametrize("authorization", [None, "", "Bearer", "Bearer ", f"Basic {SECRET}", SECRET, f"Bearer {SECRET}x",
                                           f"Bearer {SECRET[:-1]}", "Bearer wrong", f"Bearer {SECRET} x"])
def test_without_the_secret_it_is_401(server, channel, authorization):
    fields = {"Content-Type": "application/json"} | ({} if authorization is None else {"Authorization": authorization})
    answer = server.post(channel, b"1", fields)
    assert (answer.status, answer.problem_name()) == (401, "unauthorized")
    assert answer.get("www-authenticate").startswith("Bearer")


@pytest.mark.parametrize("content_type", [None, "", "text/plain", "application/jsonx", "application/x-www-form-urlencoded",
                                          "multipart/form-data; boundary=x"])
def test_other_content_types_are_415(server, channel, content_type):
    fields = AUTHORIZED | ({} if content_type is None else {"Content-Type": content_type})
    answer = server.post(channel, b"1", fields)
    assert (answer.status, answer.problem_name()) == (415, "unsupported-type")
    assert {"application/json", "application/octet-stream"} <= {t.strip() for t in answer.get("accept-post").split(",")}


def test_an_item_over_the_limit_is_413_in_either_framing(start):
    server = start("--max-item-size", "1KiB")
    assert server.post("a", b"x" * 1024).status == 200
    answer = server.post("a", b"x" * 1025)
    assert (answer.status, answer.problem_name()) == (413, "too-large")
    assert answer.problem()["limit"] == 1024
    with server.client() as wire:
        wire.begin("POST", "/channel/a", OCTETS)
        wire.content(b"x" * 1024)
        wire.content(b"x")
        assert wire.finish().status == 413


def test_secrets_have_scopes_and_ends(start, tmp_path):
    secrets = tmp_path / "secrets"

    def line(name, secret, *more):
        import hashlib
        return " ".join([name, hashlib.sha256(secret.encode()).hexdigest(), *more]) + "\n"

    secrets.write_text(line("all", "for-all", "*") + "# a comment\n\n" + line("rooms", "for-rooms", "room1-*,hall")
                       + line("old", "for-nothing", "*", "2020-01-01"))
    server = start("--secret-file", secrets, secret=None)

    def status(secret, channel):
        return server.post(channel, b"1", {"Authorization": f"Bearer {secret}", "Content-Type": "application/json"}).status

    assert status("for-all", "anything") == 200
    assert status("for-rooms", "room1-a") == 200
    assert status("for-rooms", "hall") == 200
    assert status("for-rooms", "room2-a") == 403
    assert status("for-rooms", "hallway") == 403
    assert status("for-nothing", "anything") == 401
    assert status(SECRET, "anything") == 401


def test_a_refused_item_is_in_no_frame(server, channel):
    with server.client() as wire:
        refused = [wire.ask("POST", f"/channel/{channel}", JSON, b"{"),
                   wire.ask("POST", f"/channel/{channel}?age=99999999", JSON, b'"late"'),
                   wire.ask("POST", f"/channel/{channel}?timestamp=9999999999999999", JSON, b'"ahead"')]
        assert [answer.status for answer in refused] == [400, 422, 422]
        last = wire.ask("POST", f"/channel/{channel}", JSON, b'"taken"').json()["frame"]
    server.frame_octets(last)
    found = [item.data for frame in server.all_frames() for item in frame.items(channel)]
    assert found == [b'"taken"']


def test_items_of_one_connection_keep_their_order_over_windows(server, channel):
    frames = []
    with server.client() as wire:
        def enough():
            answer = wire.ask("POST", f"/channel/{channel}", JSON, json.dumps(len(frames)).encode())
            frames.append(answer.json()["frame"])
            return len(set(frames)) >= 3
        until(enough, "posts in three windows")
    server.frame_octets(frames[-1])
    found = [(str(frame.start), item.data) for frame in server.all_frames() for item in frame.items(channel)]
    assert found == [(frame, json.dumps(number).encode()) for number, frame in enumerate(frames)]


def test_a_refusal_is_not_destroyed_by_the_body_it_did_not_wait_for(server):
    """The client asks for the connection's end, is refused from its head, and sends the body all the same: a reset for
    that could reach it before it has read why (RFC 9112 section 9.6)."""
    with server.wire() as wire:
        wire.send(b"POST /channel/a HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                  b"Content-Type: application/octet-stream\r\nContent-Length: 30000\r\n\r\n")
        answer = wire.response()
        assert (answer.status, answer.get("connection")) == (401, "close")
        assert wire.is_ended()
        with socket.socket(fileno=wire.socket.detach()) as bare:
            bare.settimeout(DEADLINE_SECONDS)
            assert bare.recv(1) == b""
            for _ in range(100):
                # To a socket that was closed, the first part draws a reset and a later one fails.
                bare.sendall(b"x" * 300)
