"""Limits on what a request may take, each an option: what is just below is served, what is just above is refused, by either
protocol."""

import pytest

from support.server import OCTETS, run

EITHER_PROTOCOL = True


def status(server, target="/healthz", fields=(), method="GET", body=None):
    with server.client() as client:
        return client.ask(method, target, fields, body).status


def test_the_request_line(start, protocol):
    server = start("--max-request-line", "200")
    # HTTP/1.1 counts `GET  HTTP/1.1` and the line's end, HTTP/2 has the path alone.
    room = 200 - (len("GET  HTTP/1.1\r\n") if protocol == "http1" else 0)
    assert status(server, "/" + "x" * (room - 1)) == 404
    assert status(server, "/" + "x" * room) == 414


def test_the_header_section(start, protocol):
    server = start("--max-header-size", "1KiB")
    # Each field counts with what stands around it: two octets and the line's end, or 32 (RFC 9113 section 6.5.2).
    host = len("Host: localhost\r\n") if protocol == "http1" else 0
    room = 1024 - host - (len("a: \r\n") if protocol == "http1" else len("a") + 32)
    assert status(server, fields={"a": "x" * room}) == 200
    assert status(server, fields={"a": "x" * (room + 1)}) == 431


def test_the_number_of_fields(start, protocol):
    server = start("--max-header-fields", "10")
    room = 9 if protocol == "http1" else 10  # Host is one.
    assert status(server, fields={f"a{number}": "1" for number in range(room)}) == 200
    assert status(server, fields={f"a{number}": "1" for number in range(room + 1)}) == 431


def test_an_item(start):
    server = start("--max-item-size", "1000")
    assert status(server, "/channel/a", OCTETS, "POST", b"x" * 1000) == 200
    assert status(server, "/channel/a", OCTETS, "POST", b"x" * 1001) == 413


@pytest.mark.parametrize("option, value", [
    ("--max-request-line", "63"), ("--max-request-line", "17KiB"), ("--max-header-size", "255"), ("--max-header-size", "65KiB"),
    ("--max-header-fields", "7"), ("--max-header-fields", "1001"), ("--max-streams", "0"), ("--max-streams", "1001"),
    ("--min-rate", "0"), ("--min-rate", "2GiB"), ("--min-rate", "x"), ("--min-rate-window", "0s"),
    ("--max-idle-frames", "0"), ("--max-continuations", "0"), ("--max-continuations", "1001"), ("--rate-address-requests", "0"), ("--rate-secret-octets", "0"),
])
def test_what_is_no_limit(option, value):
    finished = run("serve", option, value, "--port", "0", check=False)
    assert finished.returncode == 64 and option.encode() in finished.stderr
