"""The viewer in Chromium: what it shows of each kind of item, what its controls do, and what it says of a server that is empty
or away."""

import re
from pathlib import Path

import pytest

from browser import Browser
from posters import Posters
from support.waiting import until

# What a canvas shows, as a number.
PICTURE_OF = """
const canvas = document.querySelector(args[0])
const octets = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data
let sum = 0
for (const octet of octets) sum = (sum * 31 + octet) % 1000000007
return sum
"""


def card(channel):
    return f"document.querySelector('[data-channel=\"{channel}\"]')"


def url(server):
    """The viewer's address, by the name in the server's certificate."""
    return f"https://localhost:{server.port}/"


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    browser = Browser(tmp_path_factory.mktemp("viewer") / "chromedriver.log")
    yield browser
    browser.close()


@pytest.fixture
def source(start):
    return start("--frame-duration", "500ms", frame_duration=None)


@pytest.fixture
def posters(source):
    posters = Posters(source)
    yield posters
    posters.close()


@pytest.fixture
def page(browser, source):
    """The viewer of a server, which nothing may complain of, such as its own policy."""
    browser.complaints()
    browser.open(url(source))
    yield browser
    browser.open("about:blank")
    assert [line for line in browser.complaints() if "net::ERR_" not in line] == []


@pytest.fixture
def playing(page, posters):
    """The viewer, once it plays what is posted."""
    page.wait(f"{card('count')} && {card('telegram')} && document.body.dataset.state === 'live'", "channels that play")
    until(lambda: reading(page) >= 0, "a value")
    return page


def reading(page, name="n"):
    """The number that the channel `count` shows; NaN where it shows none."""
    shown = f"{card('count')}?.hidden === false && {card('count')}.querySelector('output[aria-label={name}]')?.textContent"
    return float(page.run(f"return {shown} || 'NaN'"))


def frames_drawn(page, count):
    """Waits until the page was drawn so many times more."""
    before = page.run("return viewer.drawn.frames")
    page.wait(f"viewer.drawn.frames > {before + count}", "frames that are drawn")


def picture(page, selector="[data-channel=count] canvas"):
    return page.run(PICTURE_OF, selector)


def test_plots_move(playing):
    before, value = picture(playing), reading(playing)
    until(lambda: picture(playing) != before, "a plot that moves")
    until(lambda: reading(playing) > value, "a value that changes")
    assert playing.run(f"return {card('count')}.querySelectorAll('.readings li').length") == 2
    playing.wait(f"/^\\d+(\\.\\d)?\\/s$/.test({card('count')}.querySelector('.item-rate').textContent)", "its rate")


def test_every_kind_of_item_is_shown(playing):
    playing.wait(f"{card('camera')}.querySelector('img').naturalWidth === 32", "a picture")
    first = playing.run("return viewer.cards.get('camera').picture.shown")
    playing.wait(f"viewer.cards.get('camera').picture.shown > {first}", "the next picture")
    tree = playing.wait(f"{card('status')}.querySelector('.tree').innerText", "a tree")
    assert re.search(r'state: "running"', tree) and re.search(r"open: (true|false)", tree) and "note: null" in tree
    playing.wait(f"/^line \\d+$/.test({card('log')}.querySelector('pre').textContent)", "text")
    playing.wait(f"{card('telegram')}.querySelector('pre').textContent.startsWith('0000  00 01 02 03 04 05 06 07  ········')", "octets")
    assert "36 B more" in playing.run(f"return {card('telegram')}.querySelector('pre').textContent")
    assert "100 B" in playing.run(f"return {card('telegram')}.querySelector('.last').textContent")


def test_sound_is_heard_when_it_is_asked_for(playing):
    playing.wait(f"{card('microphone')}.querySelector('output')", "how loud it is")
    assert playing.run("return viewer.sound.played") == 0
    playing.click("#sound")
    playing.wait("viewer.sound.played > 3", "sound")
    playing.click("#sound")
    assert playing.run("return viewer.sound.isOn") is False


SAMPLES = Path(__file__).resolve().parent / "samples"
# A tone of 440 Hz, half a second, at -13.5 dB.
SOUNDS = {"opus in ogg": ("audio/ogg", "tone.ogg"), "opus in webm": ("audio/webm", "tone.webm"), "aac": ("audio/aac", "tone.aac"),
          "aac in mp4": ("audio/mp4", "tone.m4a"), "none": ("audio/none", "")}


def test_compressed_sound_is_decoded_where_the_browser_can(page, source):
    """And its octets are shown where it can't; which of both it is, the browser says."""
    octets = {name: (SAMPLES / file).read_bytes() if file else bytes(100) for name, (_, file) in SOUNDS.items()}
    decodes = "return new OfflineAudioContext(1, 1, 48000).decodeAudioData(new Uint8Array(args[0]).buffer).then(() => true, () => false)"
    can = {name: page.run(decodes, list(octets[name])) for name in SOUNDS}
    assert can["opus in ogg"] and can["opus in webm"] and not can["none"]
    posters = Posters(source, lambda _: [(name.replace(" ", "-"), kind, octets[name], False) for name, (kind, _) in SOUNDS.items()])
    try:
        for name in SOUNDS:
            channel = name.replace(" ", "-")
            if can[name]:
                loudest = f"Math.max(...viewer.cards.get('{channel}')?.lanes.traces.get('loudness_dB')?.values.subarray(0, 1) ?? [])"
                page.wait(f"{loudest} < 0 && {loudest} > -60", f"how loud {name} is")
                traced = page.run(f"const {{ values, count }} = viewer.cards.get('{channel}').lanes.traces.get('loudness_dB')\n"
                                  "return Math.max(...values.subarray(0, count))")
                assert -15 < traced < -12
            else:
                page.wait(f"{card(channel)}?.querySelector('details').open && {card(channel)}.querySelector('pre').textContent",
                          f"the octets of {name}")
                dump = page.run(f"return {card(channel)}.querySelector('pre').textContent")
                assert dump.startswith("0000  " + " ".join(f"{octet:02x}" for octet in octets[name][:8]))
                assert f"Last item, {octets_in_words(len(octets[name]))}" in page.run(f"return {card(channel)}.querySelector('summary').textContent")
    finally:
        posters.close()


def octets_in_words(count):
    return f"{count} B" if count < 1000 else f"{count / 1000:.3g} kB"


def test_pause_stops_and_play_goes_on(playing):
    playing.click("#play")
    playing.wait("document.body.dataset.state === 'paused'", "that it says so")
    position = playing.run("return viewer.player.position")
    frames_drawn(playing, 30)
    before = picture(playing)
    clock = playing.text("#clock")
    frames_drawn(playing, 60)
    assert (picture(playing), playing.text("#clock")) == (before, clock)
    assert playing.run("return viewer.player.position") == position
    assert playing.run("return document.querySelector('#play').getAttribute('aria-label')") == "Play"
    playing.click("#play")
    playing.wait(f"viewer.player.position > {position} && document.body.dataset.state === 'behind'", "that it goes on")
    until(lambda: picture(playing) != before, "a plot that moves")
    playing.click("#live")
    playing.wait("document.body.dataset.state === 'live'", "the live edge")


def test_seek_shows_the_past(playing, posters):
    until(lambda: reading(playing) > 40, "some past")
    playing.click("#timeline")
    playing.press("Home")
    playing.wait("viewer.player.position < viewer.line.first.endAt + 5000 && document.body.dataset.state === 'behind'", "the first frame")
    until(lambda: reading(playing) < 30, "what was posted first")
    playing.press("End")
    playing.wait("document.body.dataset.state === 'live'", "the live edge")
    until(lambda: reading(playing) > 40, "what is posted now")


def test_a_click_on_the_time_line_is_a_place_in_the_past_also_where_it_is_paused(playing):
    until(lambda: reading(playing) > 40, "some past")
    playing.press(" ")
    playing.wait("viewer.player.isPaused", "a pause by the space bar")
    seconds = playing.run("return viewer.player.position")
    playing.click("#timeline")  # In its middle, which is long before the first frame of so young a server.
    playing.wait(f"viewer.player.position < {seconds} - 1000", "the past")
    assert playing.run("return viewer.player.isPaused")
    before = playing.run("return viewer.player.position")
    playing.press("Right", "Right")
    playing.wait(f"viewer.player.position > {before}", "a frame later, by the keyboard")

    def on_to_the_first_item():
        playing.press("Right")
        playing.wait("viewer.player.bufferedTo !== undefined", "the frame")
        frames_drawn(playing, 30)
        return reading(playing) >= 0

    until(on_to_the_first_item, "the first item")
    assert reading(playing) < 40
    slider = playing.run("return document.querySelector('#timeline').getAttribute('aria-valuetext')")
    assert re.match(r"\d\d:\d\d:\d\d", slider)


def test_a_server_that_dies_is_said_and_recovered_from(playing, posters, source, start):
    source.kill()
    playing.wait("document.body.dataset.state === 'trouble'", "that it says so")
    assert "No answer from the server" in playing.text("#state")
    again = start("--port", source.port, "--frame-duration", "500ms", directory=source.directory, frame_duration=None)
    posters.server = again
    before = posters.rounds
    playing.wait("document.body.dataset.state === 'live'", "that it recovers")
    until(lambda: reading(playing) > before, "what was posted since")


def test_an_empty_server_says_how_to_post_a_first_item(page, source):
    page.wait("!document.querySelector('#empty').hidden", "how to post an item")
    command = page.text("#command")
    assert command.startswith("curl ") and f"{url(source)}channel/" in command
    source.post("first", b'{"celsius": 21.5}', {"Authorization": "Bearer a-secret-of-the-tests", "Content-Type": "application/json"})
    page.wait(f"{card('first')} && document.querySelector('#empty').hidden", "the first item")
    page.wait(f"{card('first')}.querySelector('output').textContent === '21.5'", "its value")


def test_the_time_line_shows_frames_their_sizes_and_the_gaps_between_them(browser, start, identity):
    """Frames without items are left out, so there are gaps."""
    source = start("--frame-duration", "200ms", "--skip-empty-frames", frame_duration=None)
    ids = [source.post("seldom", bytes(5000 * (count + 1))).json()["frame"] for count in range(1)]
    source.frame_octets(ids[0])
    ids.append(source.post("seldom", bytes(10_000)).json()["frame"])
    source.frame_octets(ids[1])
    assert ids[0] != ids[1]
    browser.open(url(source))
    browser.wait("viewer.line.frames.length === 2 && viewer.line.frames.every(({ size }) => size > 0)", "both frames and their sizes")
    sizes = browser.run("return viewer.line.frames.map(({ id, size }) => [id, size])")
    assert sizes == [[frame_id, len(source.frame_octets(frame_id))] for frame_id in ids]
    browser.open("about:blank")


def test_of_many_frames_few_sizes_are_asked_for(page):
    """Each may cost a cache a whole frame. That of the one that is pointed at comes first."""
    page.wait("viewer.line.frames.length > 0", "the time line")
    asked, apart, pointed, first = page.run("""
        const { line } = viewer
        const entries = Array.from({ length: 1000 }, (_, at) => ({ id: String(1000 * at), startAt: 1000 * at, endAt: 1000 * (at + 1) }))
        line.set(entries.reverse())
        let asked = 0
        for (let frame; (frame = line.unmeasured); asked++) frame.size = 100
        let apart = 0
        line.frames.reduce((unknown, { size }) => {
            apart = Math.max(apart, unknown)
            return size === undefined ? unknown + 1 : 0
        }, 0)
        line.draw(1_000_000, 1_000_000, true)
        const { left, top, width } = line.element.getBoundingClientRect()
        const pointed = line.frames.findIndex(({ size }, at) => at > 500 && size === undefined)
        const x = left + (pointed + 0.5) / 1000 * width
        line.element.dispatchEvent(new PointerEvent('pointermove', { clientX: x, clientY: top + 5 }))
        const first = line.unmeasured.id
        line.element.dispatchEvent(new PointerEvent('pointerleave'))
        line.set([])
        return [asked, apart, String(1000 * pointed), first]""")
    assert 40 <= asked <= 48 and apart < 21 and pointed == first


def test_channels_can_be_filtered(playing):
    playing.run("const box = document.querySelector('#filter'); box.value = 'COU'; box.dispatchEvent(new Event('input'))")
    assert playing.run("return [...document.querySelectorAll('.channel')].map(({ dataset }) => dataset.channel)") == ["count"]


def test_every_control_has_a_name(playing):
    nodes = playing.tool("Accessibility.getFullAXTree")["nodes"]
    named = {"button", "slider", "searchbox", "combobox", "image", "heading", "main", "article", "status", "contentinfo", "DisclosureTriangle"}
    seen = [(node["role"]["value"], node.get("name", {}).get("value")) for node in nodes
            if not node["ignored"] and node["role"]["value"] in named - {"status", "contentinfo"}]
    assert {role for role, _ in seen} >= {"button", "slider", "searchbox", "combobox", "image", "heading", "main", "article"}
    assert [role for role, name in seen if not name] == []


@pytest.mark.parametrize(("width", "height", "is_dark"), [(360, 740, False), (1280, 800, True), (3840, 2160, True)])
def test_it_fits_any_screen_and_theme(playing, width, height, is_dark):
    scheme = "dark" if is_dark else "light"
    playing.tool("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 500)
    playing.tool("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
    try:
        playing.wait(f"innerWidth === {width}", "the size")
        assert playing.run("return document.documentElement.scrollWidth") <= width
        outside = """
            const boxes = [...document.querySelectorAll('button, select, input, .measures div, .channel')]
                .filter((element) => !element.hidden).map((element) => [element.className || element.id, element.getBoundingClientRect()])
            return boxes.filter(([, { left, right }]) => left < 0 || right > innerWidth).map(([name]) => name)"""
        assert playing.run(outside) == []
        ground = playing.run("return getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)")
        assert (max(ground) < 60) == is_dark
        columns = playing.run("return document.querySelectorAll('.column').length")
        assert (columns == 1) == (width < 500)
    finally:
        playing.tool("Emulation.clearDeviceMetricsOverride")
        playing.tool("Emulation.setEmulatedMedia", features=[])


def test_fifty_channels_at_sixty_frames_a_second(browser, source):
    """How much of the time of a frame its drawing takes is the benchmarks' to say; here it only has to be less than all of it."""
    def kinds(number):
        for channel in range(50):
            yield f"channel-{channel:02}", None, b'{"value": %d}' % (number * channel % 97), True

    posters = Posters(source, kinds)
    try:
        browser.open(url(source))
        browser.wait("document.querySelectorAll('.channel').length === 50", "fifty channels")
        before = browser.run("return viewer.drawn")
        browser.wait(f"viewer.drawn.frames > {before['frames'] + 120}", "a hundred and twenty frames")
        after = browser.run("return viewer.drawn")
        assert after["plots"] > before["plots"]
    finally:
        posters.close()
        browser.open("about:blank")


def test_its_policy_lets_nothing_in_that_is_not_the_servers(page):
    policy = page.run("return (await fetch('/')).headers.get('content-security-policy')")
    assert "default-src 'none'" in policy and "script-src 'self'" in policy and "unsafe" not in policy and "http" not in policy


def test_it_is_small():
    """With the module that it stands on."""
    web = Path(__file__).resolve().parents[2] / "Web"
    assert sum((web / name).stat().st_size for name in ("viewer.html", "viewer.mjs", "viewer.css", "syncstreamer.mjs")) < 100_000
