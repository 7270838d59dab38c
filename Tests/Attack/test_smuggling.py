"""Request smuggling, through real proxies: no message is understood differently by one of them and by the server.

Every message of the corpus goes through each proxy with a request behind it. The server's access log must show the
requests that the proxy has handed on, in their order, and one answer of each must have come back; a request that is
content to the proxy must not be one to the server. A request on a connection of its own stands between two messages: it
gets the next of the proxy's connections to the server, and so an answer that is not its own, if there is one too many.
"""

import contextlib
import json
import re
import socket
from dataclasses import dataclass

import pytest

from support import proxies
from support.corpus import FOLLOWING, REFUSED, SMUGGLED, TAKEN, UNFINISHED, numbered
from support.waiting import until

CORPUS = {**{name: message for name, (_, message) in REFUSED.items()}, **{name: message for name, (_, message) in TAKEN.items()},
          **UNFINISHED}

PROXIES = {
    "nginx": (proxies.nginx, {}),
    "nginx that keeps contents back": (proxies.nginx, {"buffering": "on"}),
    "haproxy": (proxies.haproxy, {}),
    "haproxy that takes what is invalid": (proxies.haproxy, {"leniency": "option accept-invalid-http-request"}),
    "varnish": (proxies.varnish, {}),
}

FENCE = b"GET /time HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


@dataclass
class Answer:
    status: int
    is_the_servers: bool
    body: bytes


def exchange(proxy, octets):
    """All that comes back on one connection for these octets, behind which nothing follows."""
    received = bytearray()
    with proxy.connect() as connection:
        # Where it is refused early, the rest meets a closed socket.
        with contextlib.suppress(OSError):
            connection.sendall(octets)
            connection.shutdown(socket.SHUT_WR)
        with contextlib.suppress(ConnectionError):
            while piece := connection.recv(65536):
                received += piece
    return bytes(received)


def answers(octets, to_head):
    """The final answers in a connection's octets."""
    found = []
    if octets and not octets.startswith(b"HTTP/"):
        # An answer of HTTP/0.9 is a body alone.
        is_the_servers = b"urn:syncstreamer:" in octets
        return [Answer(json.loads(octets)["status"] if is_the_servers else None, is_the_servers, octets)]
    while octets:
        head, _, octets = octets.partition(b"\r\n\r\n")
        status = int(re.match(rb"HTTP/1\.[01] (\d{3})", head)[1])
        fields = {line.partition(b":")[0].strip().lower(): line.partition(b":")[2].strip() for line in head.split(b"\r\n")[1:]}
        if status < 200:
            continue
        body = b""
        if status in (204, 304) or to_head and not found:
            pass
        elif b"chunked" in fields.get(b"transfer-encoding", b""):
            while size := int(octets.partition(b"\r\n")[0], 16):
                octets = octets.partition(b"\r\n")[2]
                body, octets = body + octets[:size], octets[size + 2:]
            octets = octets.partition(b"\r\n\r\n")[2]
        else:
            size = int(fields.get(b"content-length", len(octets)))
            body, octets = octets[:size], octets[size:]
        # Every answer of the server's, and none of the proxies' own, forbids sniffing.
        found.append(Answer(status, b"x-content-type-options" in fields, body))
    return found


def logged(file, count):
    """What the server has answered, by the log, to each message: lines without a number are between two fences."""
    def attempt():
        found, fences = [[] for _ in range(count)], 0
        for line in map(json.loads, file.read_text().splitlines() if file.exists() else []):
            path = line.get("path", "-")
            number = re.search(r"-(\d{3})", path)
            if path == "/time":
                fences += 1
            else:
                found[int(number[1]) if number else fences].append((path, line["status"]))
        return found if fences == count else None
    return until(attempt, f"{count} fences in the log")


def disagreement(number, lines, heard):
    """What is wrong with a message's lines in the log, by the answers that were heard; None if nothing is."""
    answered = [answer.status for answer in heard if answer.is_the_servers]
    if [status for _, status in lines] == answered:
        return None
    # A message that broke off was answered by the proxy, or by nobody. (Varnish ends the chunks that it hands on all the same.)
    if lines and lines[0][0].startswith((f"/case-{number:03}", f"/channel/case-{number:03}", "-")):
        if [status for _, status in lines[1:]] == answered and (not heard or not heard[0].is_the_servers):
            return None
    return "the answers are not those of the log"


def may_be_two(name):
    """Whether what is refused here ends with a request for a reader that is lenient, who then gets an answer to it."""
    return name in REFUSED and SMUGGLED in CORPUS[name][-len(SMUGGLED) - 2:]


@pytest.mark.parametrize("kind", PROXIES)
def test_no_request_is_understood_differently(start, tmp_path, kind):
    log = tmp_path / "access"
    server = start("--threads", "1", "--plain-listen", "127.0.0.1:0", "--access-log", log, "--log-format", "json")
    make, settings = PROXIES[kind]
    upstream = server.plain_address()[1] if make is proxies.varnish else server.port
    heard, wrong = [], []
    with proxies.before(upstream, tmp_path, make, **settings) as proxy:
        for number, message in enumerate(CORPUS.values()):
            octets = exchange(proxy, numbered(message + FOLLOWING, number))
            heard.append(answers(octets, message.startswith(b"HEAD")))
            [fence] = answers(exchange(proxy, FENCE), False)
            if fence.status != 200 or b"receivedAt" not in fence.body:
                wrong.append((list(CORPUS)[number], "another's answer", fence))
    lines = logged(log, len(CORPUS))
    for number, name in enumerate(CORPUS):
        problem = disagreement(number, lines[number], heard[number])
        if not may_be_two(name) and any(path.startswith("/smuggled") for path, _ in lines[number]):
            problem = "a smuggled request"
        if problem:
            wrong.append((name, problem, lines[number], heard[number]))
    assert not wrong, "\n".join(map(str, wrong))
    # The proxy did hand on what is sound.
    handed_on = sum(len(lines[number]) for number, name in enumerate(CORPUS) if name in TAKEN)
    assert handed_on > len(TAKEN)
