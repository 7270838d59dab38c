"""What viewers and caches get: the index, frames, conditions, ranges, compressed forms, and what is said of frames
that are not there."""

import base64
import email.parser
import email.policy
import gzip
import hashlib
from dataclasses import dataclass

import pytest

from support import timeframe
from support.server import JSON, OCTETS
from support.waiting import until

EITHER_PROTOCOL = True

IMMUTABLE = "public, max-age=31536000, immutable"


@dataclass
class Stocked:
    """A sealed frame, large and compressible, and what was posted into it."""
    id: str
    octets: bytes
    tag: str
    modified: str
    posted: list


@pytest.fixture(scope="module")
def stocked(server):
    """Posts until the items fall into one window, which is likely at the first try."""
    def attempt():
        posted, frames = [], set()
        with server.client() as wire:
            for number in range(8):
                body = (f"item {number} ".encode() * 4000)[:30_000 + number]
                frames.add(wire.ask("POST", "/channel/stock", OCTETS, body).json()["frame"])
                posted.append(body)
        return (posted, frames.pop()) if len(frames) == 1 else None
    # A channel that holds more than one try's items would not do for a comparison.
    for number in range(20):
        result = attempt()
        if result:
            posted, frame_id = result
            octets = server.frame_octets(frame_id)
            if [item.data for item in timeframe.decode(octets).items("stock")] == posted:
                response = server.get(f"/{frame_id}")
                return Stocked(frame_id, octets, response.get("etag"), response.get("last-modified"), posted)
    raise AssertionError("no window took all items")


# The index

def test_the_index_has_exactly_the_members_promised_newest_first(server, stocked):
    response = server.get("/frame")
    assert (response.status, response.get("content-type")) == (200, "application/json")
    assert (response.get("cache-control"), response.get("vary")) == ("no-store", "Accept-Encoding")
    entries = response.json()
    for entry in entries:
        assert set(entry) == {"startAt", "endAt", "id"}
        assert entry["id"] == str(entry["startAt"])
        assert entry["endAt"] == entry["startAt"] + 200
        assert entry["startAt"] % 200 == 0
    starts = [entry["startAt"] for entry in entries]
    assert starts == sorted(set(starts), reverse=True)
    assert stocked.id in [entry["id"] for entry in entries]


def test_windows_follow_each_other_without_a_hole(server, stocked):
    def enough():
        later = [e["startAt"] for e in reversed(server.index()) if e["startAt"] >= int(stocked.id)]
        return later[:10] if len(later) >= 10 else None
    later = until(enough, "ten more frames")
    assert later == [int(stocked.id) + 200 * step for step in range(10)]


def test_an_empty_window_gives_a_frame_of_30_octets(start):
    server = start()
    entry = until(server.index, "a first frame")[0]
    octets = server.frame_octets(entry["id"])
    assert octets == bytes.fromhex("0001") + bytes(12) + entry["startAt"].to_bytes(8, "big") + entry["endAt"].to_bytes(8, "big")


def test_empty_windows_can_be_left_out(start):
    server = start("--skip-empty-frames")
    first = server.post("a", b"1").json()["frame"]
    server.frame_octets(first)
    # Time has passed over other windows: this one is a later one.
    second = until(lambda: (f := server.post("a", b"2").json()["frame"]) != first and f, "another window")
    server.frame_octets(second)
    assert all(frame.channels for frame in server.all_frames())


def test_the_index_is_compressed_for_those_who_accept_it(server, stocked):
    until(lambda: len(server.index()) > 20, "an index worth compressing")
    packed = server.get("/frame", Accept_Encoding="br, gzip;q=0.5")
    assert packed.get("content-encoding") == "gzip"
    entries = __import__("json").loads(gzip.decompress(packed.body))
    assert stocked.id in [entry["id"] for entry in entries]
    for refused in ("identity", "gzip;q=0", "*;q=0", "br", ""):
        assert server.get("/frame", Accept_Encoding=refused).get("content-encoding") is None


def test_a_page_of_the_index_is_compressed_where_it_gains_from_it(start):
    server = start(frame_duration="100ms")
    entries = until(lambda: len(found := server.index()) >= 70 and found, "seventy frames")
    # The end is fixed, so that frames that come meanwhile change nothing but where the page stands in the index. Sixty-five
    # objects hold a block of 32 wherever they begin.
    for limit, gains in [(65, True), (5, False)]:
        target = f"/frame?to={entries[0]['endAt']}&limit={limit}"
        plain, packed = server.get(target), server.get(target, Accept_Encoding="gzip")
        assert plain.json() == entries[:limit]
        assert plain.get("vary") == packed.get("vary") == "Accept-Encoding" and packed.get("link") == plain.get("link")
        assert (packed.get("content-encoding"), plain.get("content-encoding")) == ("gzip" if gains else None, None)
        octets = gzip.decompress(packed.body) if gains else packed.body
        assert octets == plain.body and (not gains or 4 * len(packed.body) < 3 * len(plain.body))


def test_the_index_is_narrowed_by_time_and_number(server, stocked):
    start = int(stocked.id)
    until(lambda: server.index()[0]["startAt"] >= start + 1000, "later frames")

    def starts(query):
        response = server.get("/frame?" + query)
        assert response.status == 200
        return [entry["startAt"] for entry in response.json()]

    # Frames that overlap [from, to).
    assert starts(f"from={start}&to={start + 200}") == [start]
    assert starts(f"from={start + 1}&to={start + 201}") == [start + 200, start]
    assert starts(f"from={start + 199}&to={start + 200}") == [start]
    assert starts(f"from={start}&to={start + 600}") == [start + 400, start + 200, start]
    assert starts("from=1&to=2") == []
    assert starts("limit=2") == [entry["startAt"] for entry in server.index()][:2] or len(starts("limit=2")) == 2

    first = server.get(f"/frame?from={start}&to={start + 600}&limit=2")
    assert [entry["startAt"] for entry in first.json()] == [start + 400, start + 200]
    link = first.get("link")
    assert link.startswith("<") and link.endswith('>; rel="next"')
    following = server.get(link[1:link.index(">")])
    assert [entry["startAt"] for entry in following.json()] == [start]
    assert following.get("link") is None


@pytest.mark.parametrize("query", ["from=x", "from=-1", "to=", "limit=0", "limit=1.5", "limit=x", "from=2&to=1",
                                   "from=1&from=2", "from=99999999999999999999"])
def test_a_broken_parameter_is_named(server, query):
    response = server.get("/frame?" + query)
    assert (response.status, response.problem_name()) == (400, "bad-parameter")


# A frame

def test_a_frame_holds_what_was_posted_octet_for_octet(stocked):
    frame = timeframe.decode(stocked.octets)
    assert (frame.start, frame.end) == (int(stocked.id), int(stocked.id) + 200)
    channel = frame.channel("stock")
    assert channel.type == "application/octet-stream"
    assert [item.data for item in channel.items] == stocked.posted
    stamps = [item.timestamp for item in channel.items]
    assert stamps == sorted(stamps)
    assert all(frame.start <= stamp < frame.end for stamp in stamps)


def test_a_frame_says_all_that_a_cache_wants_to_know(server, stocked):
    response = server.get(f"/{stocked.id}")
    digest = hashlib.sha256(stocked.octets)
    assert response.status == 200
    assert response.get("content-type") == "application/octet-stream"
    assert response.get("cache-control") == IMMUTABLE
    assert response.get("etag") == f'"{digest.hexdigest()[:32]}"'
    assert response.get("repr-digest") == f"sha-256=:{base64.b64encode(digest.digest()).decode()}:"
    assert response.get("accept-ranges") == "bytes"
    assert response.get("vary") == "Accept-Encoding"
    assert response.get("last-modified").endswith(" GMT")
    assert response.get("cross-origin-resource-policy") == "cross-origin"
    assert int(response.get("content-length")) == len(stocked.octets)


def test_a_frame_is_compressed_for_those_who_accept_it(server, stocked):
    packed = server.get(f"/{stocked.id}", Accept_Encoding="gzip")
    assert packed.status == 200 and packed.get("content-encoding") == "gzip"
    assert packed.get("etag") == stocked.tag[:-1] + '-gzip"'
    assert len(packed.body) < len(stocked.octets) * 0.9
    assert gzip.decompress(packed.body) == stocked.octets
    # RFC 9530: of the representation, and so of the compressed octets.
    expected = base64.b64encode(hashlib.sha256(packed.body).digest()).decode()
    assert packed.get("repr-digest") in (None, f"sha-256=:{expected}:")
    for refused in ("gzip;q=0", "identity", "deflate"):
        assert server.get(f"/{stocked.id}", Accept_Encoding=refused).get("content-encoding") is None


@pytest.mark.parametrize("conditions, status", [
    (lambda s: {"If-None-Match": s.tag}, 304),
    (lambda s: {"If-None-Match": "W/" + s.tag}, 304),
    (lambda s: {"If-None-Match": f'"other", {s.tag}'}, 304),
    (lambda s: {"If-None-Match": "*"}, 304),
    # The other form counts where the client accepts it, and a cache must not send it where not.
    (lambda s: {"If-None-Match": s.tag[:-1] + '-gzip"'}, 200),
    (lambda s: {"If-None-Match": s.tag[:-1] + '-gzip"', "Accept-Encoding": "gzip;q=0"}, 200),
    (lambda s: {"If-None-Match": s.tag[:-1] + '-gzip"', "Accept-Encoding": "gzip"}, 304),
    (lambda s: {"If-None-Match": s.tag[:-1] + '-gzip"', "Accept-Encoding": "gzip", "Range": "bytes=0-0"}, 304),
    (lambda s: {"If-None-Match": s.tag, "Accept-Encoding": "gzip"}, 304),
    (lambda s: {"If-None-Match": '"other"'}, 200),
    (lambda s: {"If-None-Match": s.tag.strip('"')}, 200),
    (lambda s: {"If-Modified-Since": s.modified}, 304),
    (lambda s: {"If-Modified-Since": "Thu, 01 Jan 1970 00:00:00 GMT"}, 200),
    (lambda s: {"If-Modified-Since": "not a date"}, 200),
    # RFC 9110 section 13.1.3: ignored beside If-None-Match.
    (lambda s: {"If-None-Match": '"other"', "If-Modified-Since": s.modified}, 200),
    (lambda s: {"If-Match": s.tag}, 200),
    (lambda s: {"If-Match": "*"}, 200),
    (lambda s: {"If-Match": '"other"'}, 412),
    (lambda s: {"If-Match": "W/" + s.tag}, 412),
    (lambda s: {"If-Unmodified-Since": s.modified}, 200),
    (lambda s: {"If-Unmodified-Since": "Thu, 01 Jan 1970 00:00:00 GMT"}, 412),
    (lambda s: {"If-Match": '"other"', "If-None-Match": s.tag}, 412),
    (lambda s: {"If-Match": s.tag, "If-None-Match": s.tag}, 304),
])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_conditions(server, stocked, conditions, status, method):
    with server.client() as wire:
        response = wire.ask(method, f"/{stocked.id}", conditions(stocked))
        assert response.status == status
        if status == 304:
            assert response.get("etag") and response.get("cache-control") == IMMUTABLE
            assert response.get("vary") == "Accept-Encoding"
        # And nothing follows where nothing belongs.
        assert wire.ask("GET", "/healthz").status == 200


@pytest.mark.parametrize("asked, first, last", [
    ("bytes=0-0", 0, 0), ("bytes=0-99", 0, 99), ("bytes=1000-", 1000, None), ("bytes=-1", -1, None),
    ("bytes=-1000", -1000, None), ("bytes=5-999999999", 5, None), ("bytes=-999999999", 0, None), ("BYTES=2-3", 2, 3),
])
def test_one_range(server, stocked, asked, first, last):
    size = len(stocked.octets)
    begin = first if first >= 0 else size + first
    end = size - 1 if last is None else last
    response = server.get(f"/{stocked.id}", Range=asked, Accept_Encoding="gzip")
    assert response.status == 206
    assert response.get("content-range") == f"bytes {begin}-{end}/{size}"
    assert response.body == stocked.octets[begin:end + 1]
    # A range is of the identity form, whatever the client accepts.
    assert response.get("content-encoding") is None and response.get("etag") == stocked.tag


def test_several_ranges_come_as_parts(server, stocked):
    asked = [(0, 29), (1000, 1999), (len(stocked.octets) - 5, len(stocked.octets) - 1)]
    response = server.get(f"/{stocked.id}", Range="bytes=0-29, 1000-1999,-5")
    assert response.status == 206 and response.get("content-range") is None
    message = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(
        b"Content-Type: " + response.get("content-type").encode() + b"\r\n\r\n" + response.body)
    assert message.get_content_type() == "multipart/byteranges"
    boundary = b"--" + message.get_boundary().encode()
    parts = response.body.split(boundary)
    assert parts[-1].strip() == b"--" and len(parts) == 5
    for part, (first, last) in zip(parts[1:], asked):
        head, body = part.removeprefix(b"\r\n").split(b"\r\n\r\n", 1)
        assert f"content-range: bytes {first}-{last}/{len(stocked.octets)}".encode() in head.lower()
        assert b"content-type: application/octet-stream" in head.lower()
        assert body.removesuffix(b"\r\n") == stocked.octets[first:last + 1] or body == stocked.octets[first:last + 1] + b"\r\n"


@pytest.mark.parametrize("asked", ["bytes=", "bytes=x-y", "bytes=5-4", "lines=1-2", "bytes=1-2,x", "0-5",
                                   "bytes=" + ",".join(f"{n}-{n}" for n in range(0, 200, 2))])
def test_a_range_that_is_none_or_abusive_gives_the_whole(server, stocked, asked):
    response = server.get(f"/{stocked.id}", Range=asked)
    assert response.status == 200 and response.body == stocked.octets


@pytest.mark.parametrize("asked", ["bytes=999999999-", "bytes=999999999-999999999999", "bytes=-0"])
def test_a_range_behind_the_end_is_416(server, stocked, asked):
    response = server.get(f"/{stocked.id}", Range=asked)
    assert (response.status, response.problem_name()) == (416, "range-not-satisfiable")
    assert response.get("content-range") == f"bytes */{len(stocked.octets)}"


@pytest.mark.parametrize("condition, status", [
    (lambda s: s.tag, 206), (lambda s: s.modified, 206), (lambda s: '"other"', 200), (lambda s: "W/" + s.tag, 200),
    (lambda s: "Thu, 01 Jan 1970 00:00:00 GMT", 200), (lambda s: s.tag[:-1] + '-gzip"', 200),
])
def test_a_range_only_if_nothing_changed(server, stocked, condition, status):
    response = server.get(f"/{stocked.id}", Range="bytes=0-9", If_Range=condition(stocked))
    assert response.status == status
    assert response.body == (stocked.octets[:10] if status == 206 else stocked.octets)


def test_head_of_a_frame_ignores_ranges_and_has_no_body(server, stocked):
    with server.client() as wire:
        response = wire.ask("HEAD", f"/{stocked.id}", {"Range": "bytes=0-9"})
        assert response.status == 200 and int(response.get("content-length")) == len(stocked.octets)
        assert wire.ask("GET", "/healthz").status == 200


# Frames that are not there

def test_ids_that_never_were_are_404(server):
    for frame_id in ("1", "0", "1732310400001", "18446744073709551615"):
        response = server.get(f"/{frame_id}")
        assert (response.status, response.problem_name()) == (404, "unknown-frame")
        assert response.get("retry-after") is None


@pytest.mark.parametrize("target", ["/x", "/frame/x/y", "/channel", "/channel/", "/channel/a/b", "//", "/18446744073709551616",
                                    "/-1", "/+1", "/1.0", "/%31", "/frame/", "/01732310400000"])
def test_paths_that_are_nothing_are_404(server, target):
    response = server.get(target)
    assert response.status in (404, 405), response
    response.problem()


def test_a_window_that_is_open_or_next_says_when_to_come_back(start):
    server = start(frame_duration="1h")
    now = server.get("/time").json()["receivedAt"]
    current = int(now) // 3_600_000 * 3_600_000
    for frame_id in (current, current + 3_600_000):
        response = server.get(f"/{frame_id}")
        assert response.status == 404
        assert 0 < int(response.get("retry-after")) <= 7200
    assert server.get(f"/{current + 7_200_000}").get("retry-after") is None


def test_removed_frames_are_410_and_the_index_forgets_them(start):
    server = start("--retain-frames", "3", frame_duration="100ms")
    frame_id = server.post("a", b"kept for a while").json()["frame"]
    gone = until(lambda: (r := server.get(f"/{frame_id}")).status == 410 and r, "the frame's removal")
    problem = gone.problem()
    assert gone.problem_name() == "removed-frame"
    assert int(problem["earliest"]) > int(frame_id) and int(problem["latest"]) >= int(problem["earliest"])
    # A new frame is listed a moment before the oldest is removed.
    until(lambda: len(server.index()) <= 3, "the index to be as short as was asked for")
    assert server.get(f"/{int(frame_id) + 1}").status == 404

    # A restart knows it still.
    assert server.stop() == 0
    again = start("--retain-frames", "3", directory=server.directory, frame_duration="100ms")
    assert again.get(f"/{frame_id}").status == 410
    assert again.get(f"/{int(frame_id) + 1}").status == 404


def test_a_frame_is_whole_or_410_in_the_moment_of_its_removal(start):
    """The oldest frame is asked for again and again while it goes, fifty times."""
    server = start("--retain-frames", "3", "--threads", "1", frame_duration="100ms")
    until(lambda: len(server.index()) == 3, "the first frames")
    with server.client() as wire:
        for _ in range(50):
            oldest = wire.ask("GET", "/frame").json()[-1]["id"]
            while (status := wire.ask("GET", f"/{oldest}").status) == 200:
                pass
            assert status == 410


def test_frames_can_be_kept_by_size_and_by_age(start):
    by_size = start("--retain-bytes", "64KiB", frame_duration="100ms")
    for number in range(4):
        body = hashlib.shake_256(bytes([number])).digest(40_000)
        frame_id = by_size.post("a", body).json()["frame"]
        by_size.frame_octets(frame_id)
    until(lambda: sum(by_size.get(f"/{e['id']}").get("content-length") is not None and
                      int(by_size.get(f"/{e['id']}").get("content-length")) > 1000 for e in by_size.index()) <= 1,
          "the older ones' removal")
    by_age = start("--retain-age", "3s", frame_duration="100ms")
    frame_id = by_age.post("a", b"1").json()["frame"]
    by_age.frame_octets(frame_id)
    until(lambda: by_age.get(f"/{frame_id}").status == 410, "its removal")
