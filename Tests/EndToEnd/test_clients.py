"""Clients that people have: curl, Python's http.client and requests, Node's fetch."""

import concurrent.futures
import gzip
import http.client
import json
import subprocess

import pytest
import requests

from support import timeframe
from support.server import AUTHORIZED, JSON, OCTETS, SECRET, environment
from support.waiting import DEADLINE_SECONDS

BEARER = f"Authorization: Bearer {SECRET}"


EITHER_PROTOCOL = True


def curl(server, target, *options, stdin=None, host="localhost", check=True):
    finished = subprocess.run(
        ["curl", {"http1": "--http1.1", "http2": "--http2"}[server.protocol], "--silent", "--show-error", "--noproxy", "*", "--cacert", server.identity.authority, *map(str, options),
         f"https://{host}:{server.port}{target}"], input=stdin, stdin=subprocess.DEVNULL if stdin is None else None,
        capture_output=True, timeout=DEADLINE_SECONDS, env=environment())
    assert not check or finished.returncode == 0, finished.stderr.decode()
    return finished


@pytest.fixture(scope="module")
def frame(server):
    """(id, octets) of a sealed frame that is worth compressing."""
    frame_id = server.post("clients", b"the same again and again " * 4000).json()["frame"]
    return frame_id, server.frame_octets(frame_id)


# curl

def test_curl_lists_and_fetches(server, frame):
    frame_id, octets = frame
    assert frame_id in [entry["id"] for entry in json.loads(curl(server, "/frame").stdout)]
    assert curl(server, f"/{frame_id}").stdout == octets
    for host in ("127.0.0.1",):
        assert curl(server, "/healthz", host=host).stdout == b"ok\n"


def test_curl_asks_for_compression(server, frame):
    frame_id, octets = frame
    assert curl(server, f"/{frame_id}", "--compressed").stdout == octets
    packed = curl(server, f"/{frame_id}", "--header", "Accept-Encoding: gzip").stdout
    assert len(packed) < len(octets) / 10 and gzip.decompress(packed) == octets
    assert frame_id in curl(server, "/frame", "--compressed").stdout.decode()


def test_curl_asks_for_ranges(server, frame):
    frame_id, octets = frame
    assert curl(server, f"/{frame_id}", "--range", "10-19").stdout == octets[10:20]
    assert curl(server, f"/{frame_id}", "--range", "-7").stdout == octets[-7:]
    several = curl(server, f"/{frame_id}", "--range", "0-9,100-109", "--include").stdout
    assert b" 206 " in several.split(b"\r\n")[0] and b"multipart/byteranges" in several
    assert octets[:10] in several and octets[100:110] in several


def test_curl_resumes_a_download(server, frame, tmp_path):
    frame_id, octets = frame
    part = tmp_path / "part"
    part.write_bytes(octets[:12345])
    curl(server, f"/{frame_id}", "--continue-at", "-", "--output", part)
    assert part.read_bytes() == octets


def test_curl_makes_conditions(server, frame, tmp_path):
    frame_id, octets = frame
    tag, copy = tmp_path / "tag", tmp_path / "copy"

    def fetch():
        return curl(server, f"/{frame_id}", "--etag-save", tag, "--etag-compare", tag, "--output", copy,
                    "--write-out", "%{http_code}").stdout

    tag.write_text("")
    assert fetch() == b"200" and copy.read_bytes() == octets
    assert fetch() == b"304" and copy.read_bytes() == octets
    assert curl(server, f"/{frame_id}", "--time-cond", "1 Jan 2090", "--write-out", "%{http_code}").stdout == b"304"
    assert curl(server, f"/{frame_id}", "--time-cond", "1 Jan 2020", "--write-out", "%{http_code}").stdout.endswith(b"200")


def test_curl_asks_for_the_head(server, frame):
    frame_id, octets = frame
    head = curl(server, f"/{frame_id}", "--head").stdout.decode()
    assert f"content-length: {len(octets)}\r\n" in head.lower() and head.endswith("\r\n\r\n")


def test_curl_posts_a_file_and_waits_for_100(server, channel, tmp_path):
    """curl sends Expect: 100-continue by itself for a body of over 1 MB, over HTTP/1.1."""
    body = bytes(range(256)) * 8192
    file = tmp_path / "body"
    file.write_bytes(body)
    finished = curl(server, f"/channel/{channel}", "--header", BEARER, "--header", "Content-Type: application/octet-stream",
                    "--data-binary", f"@{file}", "--verbose")
    if server.protocol == "http1":
        assert b"> Expect: 100-continue" in finished.stderr and b"< HTTP/1.1 100" in finished.stderr
    assert [i.data for i in server.frame(json.loads(finished.stdout)["frame"]).items(channel)] == [body]


def test_curl_that_is_refused_sends_no_more_than_a_window(server, channel, tmp_path):
    """Over HTTP/2 it waits for nothing: until the refusal has come it may have sent what the stream's window lets through, as
    much as the server's SETTINGS say where they came first (RFC 9113 section 6.9.2)."""
    file = tmp_path / "body"
    file.write_bytes(bytes(8 << 20))
    finished = curl(server, f"/channel/{channel}", "--header", "Authorization: Bearer wrong",
                    "--header", "Content-Type: application/octet-stream", "--data-binary", f"@{file}", "--verbose",
                    "--write-out", "\n%{http_code} %{size_upload}")
    status, sent = finished.stdout.splitlines()[-1].split()
    assert status == b"401" and int(sent) <= (0 if server.protocol == "http1" else 512 << 10)
    assert b"< HTTP/1.1 100" not in finished.stderr and b"< HTTP/2 100" not in finished.stderr


def test_curl_uploads_from_a_pipe_in_chunks(server, channel):
    """The length is not known beforehand, so curl sends chunks, as they come out of the pipe."""
    body = b"".join(b"line %d\n" % number for number in range(50_000))
    finished = curl(server, f"/channel/{channel}", "--header", BEARER, "--header", "Content-Type: application/octet-stream",
                    "--request", "POST", "--upload-file", "-", "--verbose", stdin=body)
    assert server.protocol == "http2" or b"> Transfer-Encoding: chunked" in finished.stderr
    assert [i.data for i in server.frame(json.loads(finished.stdout)["frame"]).items(channel)] == [body]


def test_curl_reuses_one_connection(server, frame):
    frame_id, octets = frame
    finished = curl(server, f"/{frame_id}", "--next", "--silent", "--noproxy", "*", "--cacert", server.identity.authority,
                    f"https://localhost:{server.port}/frame", "--next", "--silent", "--noproxy", "*",
                    "--cacert", server.identity.authority, "--verbose")
    assert b"Re-using existing connection" in finished.stderr
    assert finished.stdout.startswith(b"[") or finished.stdout.startswith(octets[:30])


def test_curl_checks_the_certificate(server):
    finished = subprocess.run(["curl", "--silent", f"https://localhost:{server.port}/healthz"], capture_output=True,
                              timeout=DEADLINE_SECONDS, env=environment())
    assert finished.returncode == 60


# Python

def test_http_client(server, channel):
    connection = http.client.HTTPSConnection("localhost", server.port, context=server.context, timeout=DEADLINE_SECONDS)
    frames = set()
    for number in range(5):
        connection.request("POST", f"/channel/{channel}", str(number), JSON)
        answer = connection.getresponse()
        assert answer.status == 200
        frames.add(json.load(answer)["frame"])
    connection.request("POST", f"/channel/{channel}", iter([b"in ", b"chunks"]), OCTETS | {"Transfer-Encoding": "chunked"},
                       encode_chunked=True)
    answer = connection.getresponse()
    assert answer.status in (200, 409)
    answer.read()
    connection.close()
    for frame_id in frames:
        server.frame_octets(frame_id)
    found = [item.data for f in server.all_frames() for item in f.items(channel)]
    assert found[:5] == [b"0", b"1", b"2", b"3", b"4"]


def test_requests(server, channel, frame):
    frame_id, octets = frame
    with requests.Session() as session:
        session.trust_env = False
        session.verify = str(server.identity.authority)
        url = f"https://localhost:{server.port}"
        answer = session.post(f"{url}/channel/{channel}", json={"a": [1, 2]}, headers=AUTHORIZED, timeout=DEADLINE_SECONDS)
        assert answer.status_code == 200
        taken = server.frame(answer.json()["frame"])
        assert [json.loads(item.data) for item in taken.items(channel)] == [{"a": [1, 2]}]
        fetched = session.get(f"{url}/{frame_id}", timeout=DEADLINE_SECONDS)
        assert fetched.headers["Content-Encoding"] == "gzip" and fetched.content == octets
        again = session.get(f"{url}/{frame_id}", headers={"If-None-Match": fetched.headers["ETag"]}, timeout=DEADLINE_SECONDS)
        assert again.status_code == 304
        with session.get(f"{url}/{frame_id}", stream=True, timeout=DEADLINE_SECONDS) as streamed:
            assert b"".join(streamed.iter_content(1000)) == octets


def test_many_clients_at_once(server, channel):
    """Each item of each of them is in a frame, once."""
    def work(client):
        with server.wire() as wire:
            answers = [wire.ask("POST", f"/channel/{channel}", JSON, json.dumps([client, n]).encode()) for n in range(50)]
            return [answer.json()["frame"] for answer in answers]

    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        frames = {frame_id for result in pool.map(work, range(16)) for frame_id in result}
    found = sorted(json.loads(item.data) for frame_id in frames for item in server.frame(frame_id).items(channel))
    assert found == [[client, n] for client in range(16) for n in range(50)]


# Node

FETCH = """
const [url, secret, channel, frame] = process.argv.slice(1)
const headers = {Authorization: `Bearer ${secret}`, 'Content-Type': 'application/json'}
const posted = await fetch(`${url}/channel/${channel}`, {method: 'POST', headers, body: JSON.stringify({from: 'node'})})
const index = await (await fetch(`${url}/frame`)).json()
const whole = new Uint8Array(await (await fetch(`${url}/${frame}`)).arrayBuffer())
const part = await fetch(`${url}/${frame}`, {headers: {Range: 'bytes=0-29'}})
const missing = await fetch(`${url}/1`)
const stream = new ReadableStream({start(c) { c.enqueue(new TextEncoder().encode('[1,')); c.enqueue(new TextEncoder().encode('2]')); c.close() }})
const streamed = await fetch(`${url}/channel/${channel}`, {method: 'POST', headers, body: stream, duplex: 'half'})
console.log(JSON.stringify({posted: posted.status, answer: await posted.json(), listed: index.some(e => e.id === frame),
    whole: whole.length, part: [part.status, (await part.arrayBuffer()).byteLength],
    missing: [missing.status, (await missing.json()).title], streamed: streamed.status}))
"""


def test_node_fetch(server, channel, frame):
    frame_id, octets = frame
    finished = subprocess.run(
        ["node", "--input-type=module", "--eval", FETCH, "--", f"https://localhost:{server.port}", SECRET, channel, frame_id],
        capture_output=True, timeout=DEADLINE_SECONDS, env=environment(NODE_EXTRA_CA_CERTS=str(server.identity.authority)))
    assert finished.returncode == 0, finished.stderr.decode()
    seen = json.loads(finished.stdout)
    assert seen["posted"] == 200 and seen["streamed"] == 200 and seen["listed"] is True
    assert seen["whole"] == len(octets) and seen["part"] == [206, 30]
    assert seen["missing"] == [404, "There is no such frame"]
    items = [item.data for item in timeframe.decode(server.frame_octets(seen["answer"]["frame"])).items(channel)]
    assert b'{"from":"node"}' in items
