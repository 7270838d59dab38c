"""Every message that a request can be smuggled or a parser confused with is refused, by name, and the connection ends; and
what only looks odd is understood as it is meant.

Each is sent as octets over TLS. What follows it on the connection is a whole request, which must never be answered:
an answer to it would mean that the server and whoever stands before it could disagree about where messages end.
"""

import contextlib
import os
import socket

import pytest

from support.corpus import EITHER, FOLLOWING, REFUSED, SMUGGLED, TAKEN, UNFINISHED, chunked, get, numbered


def octets_of(name, cases=REFUSED):
    status, message = cases[name]
    return status, numbered(message, list(cases).index(name))


def test_there_are_enough_of_them():
    assert len(REFUSED) + len(TAKEN) + len(UNFINISHED) >= 200


@pytest.mark.parametrize("name", REFUSED)
def test_is_refused_and_the_connection_ends(server, name):
    status, message = octets_of(name)
    with server.wire() as wire:
        wire.send(message + SMUGGLED)
        response = wire.response()
        assert response.status in EITHER.get(name, {status})
        assert response.get("connection") == "close"
        response.problem()
        assert wire.is_ended(), "something follows the refusal"


@pytest.mark.parametrize("name", TAKEN)
def test_is_understood_and_the_next_request_is_the_next(server, name):
    status, message = octets_of(name, TAKEN)
    with server.wire() as wire:
        wire.send(message + FOLLOWING)
        response = wire.response(to_head=message.startswith(b"HEAD"))
        if response.status == 100:
            response = wire.response()
        assert response.status == status
        if response.get("connection", "").lower() != "close":
            assert wire.response().status == 404
        assert wire.is_ended()


@pytest.mark.parametrize("name", UNFINISHED)
def test_what_follows_an_unfinished_message_is_its_content(server, name):
    with server.wire() as wire:
        wire.send(numbered(UNFINISHED[name] + SMUGGLED, 0))
        socket.socket(fileno=os.dup(wire.socket.fileno())).shutdown(socket.SHUT_WR)
        with contextlib.suppress(OSError):
            while wire.more():
                pass
    # It may be refused before its end, or needs none of its content; the rest is no request.
    assert not wire.received or wire.response().status >= 400
    assert not wire.received


@pytest.mark.parametrize("name", ["both Content-Length and Transfer-Encoding", "bare LF behind a field", "missing Host",
                                  "chunk size not hexadecimal", "folded field", "101 fields"])
def test_is_refused_when_it_comes_octet_by_octet(server, name):
    status, message = octets_of(name)
    with server.wire() as wire:
        wire.socket.settimeout(30)
        for octet in message:
            try:
                wire.send(bytes([octet]))
            except OSError:
                break  # it was refused before its end
        assert wire.response().status == status


def test_is_refused_behind_good_requests_that_are_answered(server):
    with server.wire() as wire:
        wire.send(get() * 2 + REFUSED["bare LF behind a field"][1] + SMUGGLED)
        assert [wire.response().status for _ in range(3)] == [404, 404, 400]
        assert wire.is_ended()


def test_nothing_of_a_refused_upload_is_in_a_frame(server, channel):
    """Chunks that break off after a first good one: the item must not be there, not even in part."""
    with server.wire() as wire:
        wire.send(chunked(b"5\r\n[1,2,\r\nzz\r\n").replace(b"case-NNN", channel.encode()))
        assert wire.response().status == 400
    marker = server.post(channel, b"after").json()
    assert [item.data for item in server.frame(marker["frame"]).items(channel)] == [b"after"]


def test_plain_http_on_the_tls_port_gets_a_readable_400(server):
    with server.wire(plain=True) as wire:
        wire.send(b"GET /frame HTTP/1.1\r\nHost: localhost\r\n\r\n")
        response = wire.response()
        assert response.status == 400
        assert b"https" in response.body.lower()
        assert wire.is_ended()


def test_the_server_is_as_before(server):
    """Last in this file, behind everything above."""
    assert server.get("/healthz").status == 200
