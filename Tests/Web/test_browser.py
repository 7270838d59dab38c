"""syncstreamer.mjs in Chromium: every golden frame, and following and posting to the real server over TLS."""

import base64
import json
from pathlib import Path

import pytest

from browser import Browser
from support.server import SECRET
from support.waiting import until

ROOT = Path(__file__).resolve().parents[2]
VECTORS = ROOT / "Tests/Vectors"
# The module by its text, so that the page may be any.
IMPORT = """
const [text, ...rest] = args
const url = URL.createObjectURL(new Blob([text], { type: 'text/javascript' }))
const { connect, decode, Player, FrameError } = await import(url)
const octetsOf = (text) => Uint8Array.from(atob(text), (octet) => octet.charCodeAt(0))
"""
MODULE = (ROOT / "Web/syncstreamer.mjs").read_text()


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    browser = Browser(tmp_path_factory.mktemp("browser") / "chromedriver.log")
    yield browser
    browser.close()


@pytest.fixture
def page(browser, server):
    """Runs scripts with the module in a page of the server."""
    browser.open(f"https://localhost:{server.port}/healthz")
    yield lambda script, *arguments: browser.run(IMPORT + script, MODULE, *arguments)
    # A browser asks for an icon by itself, and complains of every 4xx.
    expected = ("/favicon.ico", "status of 401")
    assert [line for line in browser.complaints() if not any(part in line for part in expected)] == []


def encoded(path):
    return base64.b64encode(path.read_bytes()).decode()


@pytest.mark.parametrize("folder", ["valid", "valid-id-first"])
def test_golden_frames_decode_to_their_content(page, folder):
    files = sorted((VECTORS / folder).glob("*.frame"))
    order = "typeFirst" if folder == "valid" else "idFirst"
    decoded = page("""
        const [files, order] = rest
        return files.map((file) => {
          const { startAt, endAt, channels } = decode(octetsOf(file), { order })
          const text = (data) => btoa(String.fromCharCode(...data))
          return { startAt, endAt, channels: channels.map(({ id, type, items }) =>
            ({ id, type, items: items.map(({ timestamp, data }) => ({ timestamp, data: text(data) })) })) }
        })""", [encoded(file) for file in files], order)
    for file, frame in zip(files, decoded, strict=True):
        content = json.loads((VECTORS / "valid" / file.with_suffix(".json").name).read_text())
        content.pop("version")
        # JavaScript's numbers round what is past 2^53.
        assert frame == json.loads(json.dumps(content), parse_int=lambda text: int(float(text))), file.name


def test_broken_frames_are_refused_for_their_reasons(page):
    reasons = json.loads((VECTORS / "invalid/reasons.json").read_text())
    reasons["data-size-too-small"] = "octets after the data section"
    said = page("""
        return Object.fromEntries(Object.entries(rest[0]).map(([name, file]) => {
          try {
            decode(octetsOf(file))
            return [name, 'it is decoded']
          } catch (error) {
            return [name, error instanceof FrameError ? error.reason : String(error)]
          }
        }))""", {name: encoded(VECTORS / f"invalid/{name}.frame") for name in reasons})
    assert said == reasons


def test_what_is_posted_is_followed(page, channel):
    """Each item once and in order, of values, octets and batches, by a page that follows from before on."""
    seen = page("""
        const [secret, channel] = rest
        const server = connect(location.origin, { secret })
        const items = []
        const abort = new AbortController()
        const following = (async () => {
          for await (const frame of server.follow({ signal: abort.signal })) {
            items.push(...(frame.channel(channel)?.items ?? []).map((item) => item.text()))
            if (items.length >= 8) abort.abort()
          }
        })().catch((error) => {
          if (!abort.signal.aborted) throw error
        })
        const receipts = [
          await server.post(channel, { n: 1 }),
          await server.postAll(channel, [{ n: 2 }, { n: 3 }, 'four']),
          await server.post(channel, 5, { idempotencyKey: 'once' }),
          await server.post(channel, 5, { idempotencyKey: 'once' }),
          await server.postAll(channel, [6, 7, 8]),
        ]
        await following
        return { items, accepted: receipts.map(({ accepted }) => accepted) }""", SECRET, channel)
    assert seen["items"] == ['{"n":1}', '{"n":2}', '{"n":3}', '"four"', "5", "6", "7", "8"]
    assert seen["accepted"] == [1, 3, 1, 1, 3]


def test_octets_keep_their_times(page, channel):
    seen = page("""
        const [secret, channel] = rest
        const server = connect(location.origin, { secret })
        await server.clock.estimate()
        const now = Math.floor(server.clock.now())
        const blobs = [new Blob(['one'], { type: 'image/png' }), new Blob(['two'])]
        const { frame, accepted } = await server.postAll(channel, blobs, { timestamps: [now, now + 1] })
        for await (const sealed of server.follow({ from: now })) {
          const found = sealed.channel(channel)
          if (!found) continue
          return { accepted, type: found.type, isThere: sealed.id === frame || found.items.length < 2,
            items: found.items.map((item) => [item.timestamp - now, item.text()]) }
        }""", SECRET, channel)
    assert seen["accepted"] == 2 and seen["type"] == "image/png" and seen["isThere"]
    assert seen["items"] in ([[0, "one"], [1, "two"]], [[0, "one"]])


def test_a_wrong_secret_is_said(page, channel):
    said = page("""
        try {
          await connect(location.origin, { secret: 'wrong' }).post(rest[0], 1)
        } catch (error) {
          return [error.name, error.status, error.problem.type]
        }""", channel)
    assert said == ["ServerError", 401, "urn:syncstreamer:problem:unauthorized"]


def test_the_player_plays_by_the_servers_clock(page, channel):
    """Items come in order, none before its time and the delay."""
    heard = page("""
        const [secret, channel] = rest
        const server = connect(location.origin, { secret })
        const player = new Player(server)
        const heard = []
        const full = new Promise((resolve) => player.on('item', (item, { id }) => {
          if (id !== channel) return
          heard.push([item.json(), item.timestamp, server.clock.now() - item.timestamp - player.delay])
          if (heard.length === 10) resolve()
        }))
        for (let n = 0; n < 10; n++) await server.post(channel, n)
        await full
        player.close()
        return heard""", SECRET, channel)
    assert [value for value, *_ in heard] == list(range(10))
    assert [at for _, at, _ in heard] == sorted(at for _, at, _ in heard)
    assert min(lateness for *_, lateness in heard) >= 0


# Hides from the module what a server without the live edge doesn't have.
HIDING = """
const hiding = (ways) => async (url, init) => {
  asked.push(new URL(url).pathname.replace(/\\d+/, 'ID') + (init.headers?.Accept === 'text/event-stream' ? ' events' : ''))
  if (!ways.includes('waiting') && url.includes('/frame/after/')) return new Response(null, { status: 404 })
  if (!ways.includes('events') && init.headers?.Accept) return fetch(url, { ...init, headers: {} })
  return fetch(url, init)
}
const asked = []
"""


@pytest.mark.parametrize(("ways", "path"), [
    (["waiting", "events"], "/frame/after/ID"), (["events"], "/frame events"), ([], "/frame")])
def test_each_way_to_follow(page, channel, ways, path):
    seen = page(HIDING + """
        const [secret, channel, ways] = rest
        const server = connect(location.origin, { secret, fetch: hiding(ways) })
        const ids = []
        const items = []
        for await (const frame of server.follow()) {
          ids.push(frame.id)
          items.push(...(frame.channel(channel)?.items ?? []).map((item) => item.json()))
          if (items.length >= 5) break
          await connect(location.origin, { secret }).post(channel, ids.length)
        }
        const listed = (await server.index()).map(({ id }) => id).reverse()
        const from = listed.indexOf(ids[0])
        return { ids, items, asked, listed: listed.slice(from, from + ids.length) }""", SECRET, channel, ways)
    assert seen["ids"] == seen["listed"], "each frame once, and in order"
    assert seen["items"] == list(range(1, len(seen["items"]) + 1))
    assert path in seen["asked"]


def test_frames_that_retention_removed_are_a_gap(browser, start):
    server = start("--retain-frames", "3")
    first = server.post("a", b"1").json()["frame"]
    browser.open(f"https://localhost:{server.port}/healthz")
    until(lambda: server.get(f"/frame/after/{first}").status == 410, "that it is removed, and the one after it")
    seen = browser.run(IMPORT + HIDING + """
        const gaps = []
        const server = connect(location.origin, { fetch: hiding(['waiting']) })
        for await (const frame of server.follow({ after: rest[0], onGap: (gap) => gaps.push(gap) })) {
          return { gaps, id: frame.id, asked }
        }""", MODULE, first)
    assert seen["asked"][:2] == ["/frame/after/ID", "/frame"]
    assert [(gap["from"], gap["reason"]) for gap in seen["gaps"]][0] == (int(first), "removed")
    assert int(seen["id"]) >= seen["gaps"][-1]["to"]
