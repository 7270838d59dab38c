"""Attacks by what requests say, each by its name and over both protocols: nothing of a request becomes a field, a line of a log
or a path of a file; what unfolds to more than it may is refused; and secrets can't be guessed."""

import gzip
import itertools
import json
import re
import zlib
from urllib.parse import quote

import pytest

from support.attacks import MEBIBYTE, others_are_served
from support.server import AUTHORIZED, JSON, OCTETS, SECRET, free_port
from support.waiting import until
from support.wire import Wire

EITHER_PROTOCOL = True

NDJSON = {**AUTHORIZED, "Content-Type": "application/x-ndjson"}

class Asking:
    """One connection after the other, each until an answer ends it."""

    def __init__(self, server):
        self.server, self.client = server, None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.client:
            self.client.close()

    def ask(self, *request):
        self.client = self.client or self.server.client()
        answer = self.client.ask(*request)
        if answer.get("connection", "").lower() == "close":
            self.client.close()
            self.client = None
        return answer


# Header injection

INJECTED = [
    "\r\nX-Injected: yes", "\nX-Injected: yes", "\rX-Injected: yes", "a\r\n\r\n<script>alert(1)</script>", "a\0b", "\x1b[2J", "\x7f", "\x85",
    "\u2028X-Injected: yes", "\u560d\u560aX-Injected: yes", "%0d%0aX-Injected:%20yes", '","injected":"', '"}\n{"injected":1}', "a\\", "a\"b",
    "%s%n", "${injected}", "a b", "'", "<b>", "\xe9", "\U0001f642", "\t",
]
# Where a value can be put into a target, percent-encoded, for a GET or a POST.
TARGETS = {
    "path": ("GET", "/{}"), "path of a frame": ("GET", "/1{}"), "path behind the index": ("GET", "/frame/{}"),
    "query": ("GET", "/frame?{}"), "limit": ("GET", "/frame?limit={}"), "limit that has a next page": ("GET", "/frame?from=0&limit=1{}"),
    "from": ("GET", "/frame?limit=1&from=0{}"), "to": ("GET", "/frame?limit=1&to={}"), "channel": ("POST", "/channel/{}"),
    "type": ("POST", "/channel/type?type={}"), "a type that differs": ("POST", "/channel/type?type=b{}"),
    "timestamp": ("POST", "/channel/a?timestamp={}"), "age": ("POST", "/channel/a?age=1{}"), "parameter": ("POST", "/channel/a?{}=1"),
}
# Fields of a request whose value could find its way into an answer or a log.
FIELDS = ["Idempotency-Key", "Origin", "Range", "If-None-Match", "If-Range", "Accept-Encoding", "Prefer", "Authorization", "Content-Type",
          "Content-Encoding", "User-Agent", "Referer", "Last-Event-ID", "Access-Control-Request-Headers", "Access-Control-Request-Method"]
LINE = re.compile(r'\S+ - - \[[^]]+\] "(?:-|(?:[A-Z]+|-) [!#-~]+ HTTP/[12]\.[01])" \d{3} \d+ \d+')


def is_clean(response):
    """Whether an answer's fields and members are the server's own."""
    names = [name.lower() for name, _ in response.fields]
    assert len(names) == len(set(names)), names
    assert not any("injected" in name for name in names), response.fields
    assert all(re.fullmatch(r"[ -~]*", value) for _, value in response.fields), response.fields
    assert not any("injected" in value.lower() for _, value in response.fields), response.fields
    if response.body and "json" in response.get("content-type"):
        members = json.loads(response.body)
        assert "injected" not in members
    return True


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_header_injection(start, tmp_path, log_format):
    log = tmp_path / "access"
    server = start("--access-log", log, "--log-format", log_format, frame_duration="1h")
    with Asking(server) as client:
        statuses = []
        for (method, target), value in itertools.product(TARGETS.values(), INJECTED):
            body, fields = (b"1", OCTETS) if method == "POST" else (None, {})
            answer = client.ask(method, target.format(quote(value, safe="")), fields, body)
            assert is_clean(answer)
            statuses.append(answer.status)
        # Every kind of answer was among them, and every value that could be reflected in a type's conflict.
        assert {200, 400, 404, 409} <= set(statuses)
        # In fields, what they can carry.
        for name, value in itertools.product(FIELDS, INJECTED):
            value = value.encode().decode("latin-1").translate({0: None, 10: None, 13: None, 27: None, 127: None})
            for method, target, body in [("GET", "/frame", None), ("OPTIONS", "/channel/a", None), ("POST", "/channel/fields", b"1")]:
                assert is_clean(client.ask(method, target, {**(OCTETS if body else {}), name: value}, body))
    # In content, which a problem tells about.
    for value in INJECTED:
        assert is_clean(server.post("a", value.encode(), JSON))
        assert is_clean(server.post("a", value.encode() + b"\n1\n", {**NDJSON, "Idempotency-Key": "a"}))
    assert server.stop() == 0
    lines = log.read_bytes().decode("ascii").splitlines(keepends=True)
    assert len(lines) > len(TARGETS) * len(INJECTED)
    for line in lines:
        assert re.fullmatch(r"[ -~]+\n", line), line
        if log_format == "text":
            assert LINE.fullmatch(line[:-1]), line
        else:
            members = json.loads(line)
            assert set(members) <= {"time", "client", "method", "path", "protocol", "status", "octets", "microseconds"}
    for word in re.findall(r"[ -~]+", server.log_text()):
        assert "njected" not in word


# Path traversal

STEPS = ["../", "..%2f", "%2e%2e/", "%2e%2e%2f", "%252e%252e%252f", "..\\", "..%5c", "..%255c", "%2e%2e%5c", "....//", "..;/", "..%c0%af",
         "%c0%ae%c0%ae/", "..%00/", "./", "/", "%2f", "%5c"]
BASES = ["/", "/frame/", "/channel/", "/event/", "/healthz/", "/1/", "/1/channel/", "/frame/after/", "/frame/at/",
         "/channel/a/"]
FILES = ["secret-of-the-directory", "data-0/secret-of-the-data", "etc/passwd", "data-0/frames/", "secret-of-the-directory%00.frame"]
PRIVATE = b"what no answer may hold"


def everything(directory):
    """The names in the server's directory and around it, but for what its log and its store are made of."""
    return {path.relative_to(directory) for path in directory.rglob("*") if path.parent.name not in ("log", "frames", "keys")}


def test_path_traversal(start, tmp_path):
    server = start()
    (tmp_path / "secret-of-the-directory").write_bytes(PRIVATE)
    (server.directory / "secret-of-the-data").write_bytes(PRIVATE)
    server.frame_octets(server.post("a", b"1").json()["frame"])
    before = everything(tmp_path)
    with Asking(server) as client:
        for base, step, depth, file in itertools.product(BASES, STEPS, (1, 2, 8), FILES):
            target = base + step * depth + file
            # As a channel's name it is one like any other, and no stream of it is wanted.
            answer = client.ask("GET", target, {"Accept": "application/json"})
            assert answer.status in (400, 404, 405, 406), (target, answer)
            assert PRIVATE not in answer.body and b"root:" not in answer.body
        for step, depth, file in itertools.product(STEPS, (1, 8), FILES):
            answer = client.ask("POST", f"/channel/{step * depth}{file}", OCTETS, b"1")
            # As a channel's name it is a name like any other.
            assert answer.status in (200, 400, 404), answer
    frame = server.post("a", b"last").json()["frame"]
    server.frame_octets(frame)
    assert everything(tmp_path) == before
    assert {path.suffix for path in (server.directory / "frames").iterdir()} <= {".frame", ".gz"}


@pytest.mark.parametrize("octets", [b"\0", b"\\", b"\xff", b"\x01", b" "])
def test_path_traversal_with_octets_that_no_path_has(server, protocol, octets):
    """HTTP/1.1 refuses the request, HTTP/2 the stream."""
    target = (b"/.." + octets + b"/../etc/passwd").decode("latin-1")
    with server.client() as client:
        if protocol == "http1":
            client.send(f"GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode("latin-1"))
            assert client.response().status == 400
            return
        try:
            assert client.ask("GET", target).status in (400, 404)
        except AssertionError as error:
            assert "was reset" in str(error)


# gzip bombs

def packed(pieces):
    packer = zlib.compressobj(wbits=31)
    return b"".join([*map(packer.compress, pieces), packer.flush()])


ZEROS = bytes(MEBIBYTE)
BOMBS = {
    "zeros": lambda: packed([ZEROS] * 100),
    "spaces": lambda: packed([b" " * MEBIBYTE] * 100),
    "many bombs in a row": lambda: packed([ZEROS] * 4) * 25,
    "a bomb behind what is none": lambda: packed([b"1\n"] + [ZEROS] * 100),
    "lines": lambda: packed([b"0\n" * (MEBIBYTE // 2)] * 50),
    "a bomb in a bomb": lambda: packed([gzip.compress(gzip.compress(ZEROS * 50))] * 4000),
}


@pytest.fixture(scope="module")
def bombs():
    return {name: make() for name, make in BOMBS.items()}


@pytest.mark.parametrize("bomb", BOMBS)
def test_gzip_bombs(target, bombs, bomb):
    with others_are_served(target):
        for number, kind in enumerate(["application/json", "application/octet-stream", "application/x-ndjson",
                                       "application/vnd.syncstreamer.items"]):
            answer = target.post(f"bomb-{number}", bombs[bomb], {**AUTHORIZED, "Content-Type": kind, "Content-Encoding": "gzip"})
            assert (answer.status, answer.problem_name()) == (413, "too-large")


# Guessing

def test_guessing_of_secrets(start):
    """One address guesses, and is refused from the tenth on before its secrets are looked at; the devices of another go on."""
    port = free_port()
    server = start("--rate-address-guesses", "1", "--admin", f"127.0.0.1:{port}", host=None)
    guesses = [SECRET[:-1], SECRET + "x", SECRET.upper(), "x" * len(SECRET), "x", "x" * 4000]
    statuses, bodies, count = [], set(), 600
    with server.client("::1", server_name="::1") as device, server.client() as attacker:
        for number in range(count):
            answer = attacker.ask("POST", "/channel/a", {**OCTETS, "Authorization": f"Bearer {guesses[number % len(guesses)]}"}, b"1")
            statuses.append(answer.status)
            if answer.status == 401:
                bodies.add(answer.body)
            assert device.ask("POST", "/channel/a", OCTETS, b"1").status == 200
    assert set(statuses) == {401, 429}
    assert statuses[:10] == [401] * 10
    # Nothing in an answer says how near a guess was.
    assert len(bodies) == 1
    with Wire(("127.0.0.1", port), None, plain=True) as operator:
        def counted():
            text = operator.ask("GET", "/metrics").body.decode()
            found = re.findall(r'^syncstreamer_http_requests_total\{code="(401|429)".*\} (\d+)$', text, re.MULTILINE)
            return sum(int(value) for _, value in found) == count
        until(counted, "the guesses to be counted")
