"""What the operator's listener tells Prometheus: each number is one that was counted, and the form is what promtool asks for."""

import gzip
import re
import subprocess
from pathlib import Path

import pytest

from support import identity as identities
from support.attacks import (
    DATA, END_HEADERS, END_STREAM, FRAME_SIZE_ERROR, HEADERS, PROTOCOL_ERROR, RST_STREAM, SETTINGS, Attacker, frame)
from support.http2 import HTTP2Client
from support.metrics import Metrics
from support.server import AUTHORIZED, JSON, OCTETS, SECRET
from support.waiting import DEADLINE_SECONDS, until
from support.wire import Wire, with_protocols

NDJSON = {**AUTHORIZED, "Content-Type": "application/x-ndjson"}


@pytest.fixture
def metrics(start):
    return Metrics(start)


def test_promtool_has_nothing_to_say(metrics):
    metrics.server.post("a", b"1", JSON)
    finished = subprocess.run(["promtool", "check", "metrics"], input=metrics.text().encode(), capture_output=True,
                              timeout=DEADLINE_SECONDS)
    assert (finished.returncode, finished.stdout, finished.stderr) == (0, b"", b"")


@pytest.mark.either_protocol
def test_histograms_add_up(metrics):
    for _ in range(5):
        metrics.server.post("a", b"1", JSON)
    metrics.until('syncstreamer_http_request_duration_seconds_count{route="channel"}', 5)
    samples = metrics.all()
    for name in [name for name in samples if "_bucket{" in name and 'le="+Inf"' in name]:
        rest = re.sub(r',?le="\+Inf"', "", name).replace("_bucket", "_count").replace("{}", "")
        assert samples[name] == samples[rest], name
    below = [value for name, value in samples.items() if name.startswith('syncstreamer_http_request_duration_seconds_bucket{route="channel"')]
    assert below == sorted(below) and below[-1] == 5


@pytest.mark.parametrize("protocol_name, client", [("http/1.1", Wire), ("h2", HTTP2Client)])
def test_requests_by_route_protocol_and_status(metrics, protocol_name, client):
    with client(("127.0.0.1", metrics.server.port), metrics.server.context) as asking:
        for target, times in [("/frame", 3), ("/healthz", 2), ("/nothing", 1), ("/99999999999999", 1), ("/time", 1), ("/", 1)]:
            for _ in range(times):
                asking.ask("GET", target)
        asking.ask("POST", "/channel/a", JSON, b"1")
        asking.ask("POST", "/channel/a", {"Content-Type": "application/json"}, b"1")
        asking.ask("DELETE", "/frame")
    for route, code, count in [("index", 200, 3), ("health", 200, 2), ("unknown", 404, 1), ("frame", 404, 1), ("time", 200, 1),
                               ("root", 200, 1), ("channel", 200, 1), ("channel", 401, 1), ("index", 405, 1)]:
        metrics.until(f'syncstreamer_http_requests_total{{code="{code}",protocol="{protocol_name}",route="{route}"}}', count)


@pytest.mark.either_protocol
def test_items(metrics):
    server = metrics.server
    assert server.post("a", b"1\nx\n2\n", NDJSON).status == 200
    assert server.post("a", b"3", JSON, "?age=99999999").status == 422
    assert server.post("a", b"4", JSON, "?timestamp=99999999999999").status == 422
    assert server.post("a", b"x", JSON).status == 400
    metrics.until("syncstreamer_items_accepted_total", 2)
    metrics.until("syncstreamer_items_accepted_bytes_total", 2)
    for reason, count in [("invalid-json", 2), ("late", 1), ("too-far-ahead", 1), ("too-large", 0)]:
        metrics.until(f'syncstreamer_items_rejected_total{{reason="{reason}"}}', count)
    assert metrics.all()["syncstreamer_log_commit_duration_seconds_count"] >= 3
    assert metrics.all()["syncstreamer_log_sync_duration_seconds_count"] >= 1


@pytest.mark.either_protocol
def test_descriptors(metrics):
    """As many as there are, but for the connection that asks; and the kernel's table has room for all connections from the
    start, since all threads wait while it grows."""
    until(lambda: metrics.all()["process_open_fds"] - metrics.server.descriptors() in (0, 1), "the number of descriptors")
    [size] = re.findall(r"FDSize:\s+(\d+)", Path(f"/proc/{metrics.server.pid}/status").read_text())
    assert int(size) >= 10_000


def test_windows_and_frames(start):
    metrics = Metrics(start, frame_duration="1h")
    for number in range(3):
        metrics.server.post("a", b"12345", JSON)
    metrics.until("syncstreamer_window_items", 3)
    metrics.until("syncstreamer_window_bytes", 15)
    quick = Metrics(start, frame_duration="100ms")
    until(lambda: quick.all()["syncstreamer_frames"] >= 3, "some frames")
    samples = quick.all()
    assert samples["syncstreamer_seal_duration_seconds_count"] >= 3 and samples["syncstreamer_frames_bytes"] > 0


@pytest.mark.either_protocol
def test_connections_and_handshakes(metrics):
    before = metrics.all()
    # What is published was counted between two questions, whose connections are mostly gone then; this one stays.
    with Wire(("127.0.0.1", metrics.port), None, plain=True):
        with metrics.server.client() as one, metrics.server.client() as other:
            assert one.ask("GET", "/healthz").status == other.ask("GET", "/healthz").status == 200
            metrics.until("syncstreamer_connections", 3)
        metrics.until("syncstreamer_connections", 1)
    name = 'syncstreamer_tls_handshakes_total{version="TLSv1.3",resumed="false"}'
    assert metrics.all()[name] == before[name] + 2


def test_a_failed_handshake_and_a_refused_connection(start):
    metrics = Metrics(start, "--max-connections-per-address", "3")
    server = metrics.server
    with Wire(("127.0.0.1", server.port), None, plain=True) as nonsense:
        nonsense.send(b"\x16\x03\x01\x00\x05nonse")
        while nonsense.more():
            pass
    metrics.until('syncstreamer_tls_handshake_failures_total{reason="malformed"}', 1)
    with server.wire(), server.wire(), server.wire():
        assert not server.is_listening()
    metrics.until('syncstreamer_connections_refused_total{reason="address"}', 1)


def test_time_limits_are_counted(start):
    metrics = Metrics(start, "--idle-timeout", "1s", "--handshake-timeout", "1s", "--header-timeout", "1s")
    server = metrics.server
    with server.wire() as idle:
        assert idle.ask("GET", "/healthz").status == 200
        assert idle.is_ended()
    with server.wire() as slow:
        slow.send(b"GET / HT")
        assert slow.response().status == 408
    with Wire(("127.0.0.1", server.port), None, plain=True) as silent:
        assert not silent.more()
    for kind in ("idle", "head", "handshake"):
        metrics.until(f'syncstreamer_connection_timeouts_total{{kind="{kind}"}}', 1)


@pytest.mark.either_protocol
def test_no_secret_and_no_name_of_a_channel_is_in_it(metrics):
    metrics.server.post("channel-of-a-person", b'"payload"', JSON, "?type=a-type")
    metrics.until("syncstreamer_items_accepted_total", 1)
    text = metrics.text()
    for word in (SECRET, "channel-of-a-person", "payload", "a-type"):
        assert word not in text


def test_no_page_in_a_browser_may_read_it(metrics):
    with Wire(("127.0.0.1", metrics.port), None, plain=True) as wire:
        for target in ("/metrics", "/readyz", "/healthz", "/nothing"):
            answer = wire.ask("GET", target, {"Origin": "https://a.example"})
            assert not [name for name, _ in answer.fields if name.lower().startswith("access-control-")]


def test_a_flood_of_the_public_port_leaves_it_alone(start):
    metrics = Metrics(start, "--max-connections", "2")
    with metrics.server.wire(), metrics.server.wire():
        until(lambda: not metrics.server.is_listening(), "the server to be full")
        with Wire(("127.0.0.1", metrics.port), None, plain=True) as probe:
            assert probe.ask("GET", "/readyz").status == 200
            metrics.until("syncstreamer_connections", 3)


GZIP = {"Content-Encoding": "gzip"}


def test_items_that_end_their_upload(start):
    metrics = Metrics(start, "--max-item-size", "100KiB", "--rate-secret-items", "10000")
    server = metrics.server
    large = bytes(100 * 1024 + 1)
    assert server.post("a", large).status == 413
    with server.wire() as chunked:
        chunked.begin("POST", "/channel/a", OCTETS)
        chunked.content(large)
        assert chunked.finish().status == 413
    assert server.post("a", gzip.compress(large, 0), {**OCTETS, **GZIP}).status == 413
    metrics.until('syncstreamer_items_rejected_total{reason="too-large"}', 3)
    assert server.post("a", gzip.compress(b"1\n2\n")[:-4], {**NDJSON, **GZIP}).status == 400
    assert server.post("a", b"no gzip", {**OCTETS, **GZIP}).status == 400
    metrics.until('syncstreamer_items_rejected_total{reason="broken-gzip"}', 2)
    assert server.post("a", gzip.compress(bytes(10 << 20)), {**NDJSON, **GZIP}).status == 413
    metrics.until('syncstreamer_items_rejected_total{reason="too-dense"}', 1)
    assert server.post("a", bytes(17), {**AUTHORIZED, "Content-Type": "application/vnd.syncstreamer.items"}).status == 400
    # Cut off within an item, and between two.
    for body, lost in [(b"1\n2", 2), (b"1\n", 2)]:
        with server.wire() as cut:
            cut.begin("POST", "/channel/a", NDJSON)
            cut.content(body)
        with Wire(("127.0.0.1", metrics.port), None, plain=True):
            metrics.until("syncstreamer_connections", 1)
        metrics.until('syncstreamer_items_rejected_total{reason="torn"}', lost)


def test_wrong_secrets_and_what_they_lead_to(start):
    metrics = Metrics(start, "--rate-address-guesses", "1")
    wrong = {"Authorization": "Bearer wrong", "Content-Type": "application/json"}
    answers = [metrics.server.post("a", b"1", wrong).status]
    while answers[-1] == 401:
        answers.append(metrics.server.post("a", b"1", wrong).status)
    assert answers[-1] == 429
    metrics.until("syncstreamer_wrong_secrets_total", len(answers) - 1)
    metrics.until('syncstreamer_rate_limited_total{policy="address-guesses"}', 1)


def test_an_item_past_its_rate(start):
    metrics = Metrics(start, "--rate-secret-items", "1")
    assert metrics.server.post("a", b"1\n" * 1000, NDJSON).status == 429
    metrics.until('syncstreamer_items_rejected_total{reason="rate-limited"}', 1)
    metrics.until('syncstreamer_rate_limited_total{policy="secret-items"}', 1)


def test_certificates_and_what_runs(start, tmp_path):
    authority = identities.authority(tmp_path)
    metrics = Metrics(start, "--client-ca", authority.certificate)
    samples = metrics.all()
    days = {kind: samples[f'syncstreamer_certificate_expiry_seconds{{kind="{kind}"}}'] / 86_400 for kind in ("server", "client-ca")}
    assert 88 < days["server"] < 91 and days["client-ca"] > 0
    info = [name for name in samples if name.startswith("syncstreamer_build_info")]
    assert len(info) == 1 and re.search(r'version="[0-9.]+"', info[0]) and re.search(r'openssl="3[0-9.]+"', info[0]) and 'swift="6' in info[0]


def test_plain_http_at_the_port_with_tls(metrics):
    with Wire(("127.0.0.1", metrics.server.port), None, plain=True) as plain:
        assert plain.ask("GET", "/frame").status == 400
    metrics.until('syncstreamer_tls_handshake_failures_total{reason="plain-http"}', 1)


def test_what_http2_breaks_off(metrics):
    """By the code that its peer is told; a connection that is no HTTP/2 is told none."""
    def ended(octets, **settings):
        with Attacker(metrics.server, **settings) as attacker:
            attacker.send(octets)
            return attacker.ended_with()
    assert ended(frame(DATA, 0, b"x")) == PROTOCOL_ERROR
    assert ended(frame(SETTINGS, 0, b"12345")) == FRAME_SIZE_ERROR
    for reason in ("protocol-error", "frame-size-error"):
        metrics.until(f'syncstreamer_http2_goaways_total{{reason="{reason}"}}', 1)
    with Attacker(metrics.server) as attacker:
        # No request (RFC 9113 section 8.1.1).
        attacker.send(frame(HEADERS, 1, b"", END_HEADERS | END_STREAM))
        assert attacker.until_frame(RST_STREAM, 1) == PROTOCOL_ERROR.to_bytes(4, "big")
    metrics.until('syncstreamer_http2_streams_reset_total{reason="protocol-error"}', 1)
    with metrics.server.wire(context=with_protocols(metrics.server.context, ["h2"])) as nonsense:
        nonsense.send(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        while nonsense.more():
            pass
    metrics.until("syncstreamer_http2_failures_total", 1)


def test_streams_before_the_limit_is_known(metrics):
    """Who has not heard of the limit yet is refused what is beyond it, and may try that again (RFC 9113 section 8.7)."""
    head = bytes([0x83, 0x87, 0x84, 0x01, 9]) + b"localhost"
    with metrics.server.wire(context=with_protocols(metrics.server.context, ["h2"])) as wire:
        wire.send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(SETTINGS, 0)
                  + b"".join(frame(HEADERS, stream, head, END_HEADERS) for stream in range(1, 2 * 130, 2)))
        metrics.until('syncstreamer_http2_streams_reset_total{reason="refused-stream"}', 2)


def test_an_idle_end_is_no_error(start):
    metrics = Metrics(start, "--idle-timeout", "300ms")
    with HTTP2Client(("127.0.0.1", metrics.server.port), metrics.server.context) as client:
        assert client.ask("GET", "/healthz").status == 200
        assert client.is_ended() and client.goaway.error_code == 0
    metrics.until('syncstreamer_http2_goaways_total{reason="no-error"}', 1)
