"""`syncstreamer export --mcap`: what the format's own reader finds in the file is what is in the frames, item for item."""

import json
import os
import struct
import subprocess
import zlib
from collections import defaultdict
from pathlib import Path
from urllib.parse import quote

import pytest
from mcap.reader import NonSeekingReader, make_reader
from mcap.records import Chunk, ChunkIndex, Footer, MessageIndex, Statistics, SummaryOffset
from mcap.stream_reader import StreamReader

from support import fake, timeframe
from support.server import PROGRAM, SECRET, Server, environment, run

CHUNK_OCTETS = 1 << 20


def export(*arguments, server=None, **more):
    options = ["--url", f"https://localhost:{server.port}", "--cacert", server.identity.authority] if server else []
    return run("export", "--mcap", *arguments, *options, **more)


def read(path):
    """Topic → its messages' times and octets, in the order of the file; by the reader that uses the index, and by the one that
    goes through from the front and checks every checksum."""
    messages = defaultdict(list)
    with open(path, "rb") as file:
        for _, channel, message in make_reader(file, validate_crcs=True).iter_messages(log_time_order=False):
            assert message.publish_time == message.log_time
            messages[channel.topic].append((message.log_time, message.data))
    again = defaultdict(list)
    with open(path, "rb") as file:
        for _, channel, message in NonSeekingReader(file, validate_crcs=True).iter_messages(log_time_order=False):
            again[channel.topic].append((message.log_time, message.data))
    assert messages == again
    return messages


def summary(path):
    with open(path, "rb") as file:
        return make_reader(file).get_summary()


def of_frames(frames):
    """The same for frames, in their order."""
    messages = defaultdict(list)
    for frame in frames:
        for channel in frame.channels:
            for item in channel.items:
                messages[channel.id].append((min(item.timestamp * 1_000_000, 2 ** 64 - 1), item.data))
    return messages


@pytest.fixture(scope="module")
def recorded(tmp_path_factory, identity):
    """A server with frames of all kinds of items, and its frames."""
    server = Server(tmp_path_factory.mktemp("recorded") / "data", identity)
    fields = {"Authorization": f"Bearer {SECRET}"}
    for number in range(3):
        for channel, kind, body, query in (
            ("arm/joint", "application/json", b'{"angle": %d.5, "name": "elbow", "at": {"x": [1, 2]}}' % number, ""),
            ("celsius", "application/x-ndjson", b"".join(b"%d\n" % n for n in range(2000)), ""),
            ("camera", "application/octet-stream", os.urandom(2 * CHUNK_OCTETS + number), "?type=image/jpeg"),
            ("mixed", "application/octet-stream", (b"17", b"text", b"\xff")[number], "?type=note"),
            ("pr\u00e9cis", "application/json", b'"%d"' % number, "?type=k%d" % number),
        ):
            answer = server.post(quote(channel, safe=""), body, {**fields, "Content-Type": kind}, query)
            assert answer.status == 200, answer
        last = server.frame_octets(answer.json()["frame"])
    assert last
    yield server
    server.kill()


def test_a_servers_frames_item_for_item(recorded, tmp_path):
    file = tmp_path / "run.mcap"
    finished = export(file, "--since", "1h", server=recorded)
    assert finished.stdout == b"" and f"{file}: ".encode() in finished.stderr
    messages = read(file)
    assert messages == of_frames(recorded.all_frames())
    assert len(messages["celsius"]) == 6000 and len(messages["camera"]) == 3
    assert os.listdir(tmp_path) == ["run.mcap"]


def test_channels_and_schemas(recorded, tmp_path):
    file = tmp_path / "run.mcap"
    export(file, "--since", "1h", server=recorded)
    found = summary(file)
    channels = {(channel.topic, channel.metadata["type"], channel.message_encoding): channel for channel in found.channels.values()}
    assert set(channels) == {
        ("arm/joint", "application/json", "json"), ("celsius", "application/json", "json"), ("camera", "image/jpeg", "image/jpeg"),
        ("mixed", "note", "json"), ("mixed", "note", "note"), *(("pr\u00e9cis", f"k{n}", "json") for n in range(3)),
    }
    for (topic, _, encoding), channel in channels.items():
        assert (channel.schema_id != 0) == (encoding == "json")
        if encoding == "json":
            assert found.schemas[channel.schema_id].encoding == "jsonschema" and found.schemas[channel.schema_id].name == topic
    schema = json.loads(found.schemas[channels["arm/joint", "application/json", "json"].schema_id].data)
    assert schema == {"type": "object", "properties": {
        "angle": {"type": "number"}, "name": {"type": "string"},
        "at": {"type": "object", "properties": {"x": {"type": "array", "items": {"type": "number"}}}}}}


def test_the_index_and_the_statistics_are_true(recorded, tmp_path):
    """Against the records themselves: a reader that trusts them finds what it looks for."""
    file = tmp_path / "run.mcap"
    export(file, "--since", "1h", server=recorded)
    octets = file.read_bytes()
    found = summary(file)
    with open(file, "rb") as opened:
        records = list(StreamReader(opened, validate_crcs=True, emit_chunks=True).records)
    chunks = [record for record in records if isinstance(record, Chunk)]
    indexes = [record for record in records if isinstance(record, ChunkIndex)]
    assert len(chunks) == len(indexes) == found.statistics.chunk_count > 3
    assert all(chunk.uncompressed_crc == zlib.crc32(chunk.data) for chunk in chunks)
    assert max(len(chunk.data) for chunk in chunks) < 2 * CHUNK_OCTETS + 1000
    for chunk, index in zip(chunks, indexes):
        assert (index.message_start_time, index.message_end_time) == (chunk.message_start_time, chunk.message_end_time)
        assert octets[index.chunk_start_offset] == 6 and index.compression == ""
        assert struct.unpack_from("<Q", octets, index.chunk_start_offset + 1)[0] + 9 == index.chunk_length
        for channel, offset in index.message_index_offsets.items():
            assert octets[offset] == 7 and struct.unpack_from("<H", octets, offset + 9)[0] == channel
    chunk = None
    for record in records:
        if isinstance(record, Chunk):
            chunk = record
        elif isinstance(record, MessageIndex):
            for log_time, offset in record.records:
                assert chunk.data[offset] == 5
                channel, _, time = struct.unpack_from("<HIQ", chunk.data, offset + 9)
                assert (channel, time) == (record.channel_id, log_time)
    statistics = next(record for record in records if isinstance(record, Statistics))
    messages = read(file)
    times = [time for listed in messages.values() for time, _ in listed]
    assert statistics.message_count == len(times) == sum(statistics.channel_message_counts.values())
    assert (statistics.message_start_time, statistics.message_end_time) == (min(times), max(times))
    assert (statistics.schema_count, statistics.channel_count) == (6, 8)
    # What the reader takes on trust: the summary's checksum, and where its groups are.
    footer = next(record for record in records if isinstance(record, Footer))
    assert footer.summary_crc == zlib.crc32(octets[footer.summary_start:-12])
    for group in (record for record in records if isinstance(record, SummaryOffset)):
        position, end = group.group_start, group.group_start + group.group_length
        while position < end:
            assert octets[position] == group.group_opcode
            position += 9 + struct.unpack_from("<Q", octets, position + 1)[0]
        assert position == end


def test_files_and_directories_give_the_same(recorded, tmp_path):
    entries = recorded.index()
    to = str(entries[0]["endAt"])
    run("get", "--url", f"https://localhost:{recorded.port}", "--cacert", recorded.identity.authority, "--from", "0", "--to", to,
        "--out", tmp_path / "frames")
    whole = export(tmp_path / "a.mcap", "--from", "0", "--to", to, server=recorded)
    export(tmp_path / "b.mcap", tmp_path / "frames")
    export(tmp_path / "c.mcap", *sorted((tmp_path / "frames").iterdir()))
    # A data directory's frames, beside their compressed forms.
    assert (tmp_path / "a.mcap").read_bytes() == (tmp_path / "b.mcap").read_bytes() == (tmp_path / "c.mcap").read_bytes()
    assert b"message" in whole.stderr


def test_golden_frames(tmp_path):
    """In either order of the names, with a time that nanoseconds can't count."""
    vectors = Path(__file__).resolve().parents[1] / "Vectors"
    for folder, options, id_first in (("valid", [], False), ("valid-id-first", ["--id-first"], True)):
        paths = sorted((vectors / folder).glob("*.frame"))
        assert paths
        finished = export(tmp_path / "golden.mcap", *paths, *options)
        frames = [timeframe.decode(path.read_bytes(), id_first) for path in paths]
        assert read(tmp_path / "golden.mcap") == of_frames(frames)
        assert b"1 item of times that MCAP can't say" in finished.stderr


def test_no_items_at_all(tmp_path):
    path = tmp_path / "1000.frame"
    path.write_bytes(fake.frame(1000, 2000))
    export(tmp_path / "empty.mcap", path)
    assert read(tmp_path / "empty.mcap") == {}
    assert summary(tmp_path / "empty.mcap").statistics.message_count == 0


@pytest.mark.parametrize("octets", [b"", b"no frame", fake.frame(1, 2, [b"1"])[:-1]])
def test_a_broken_frame_leaves_the_file_as_it_was(octets, tmp_path):
    good, bad, target = tmp_path / "1.frame", tmp_path / "2.frame", tmp_path / "out.mcap"
    good.write_bytes(fake.frame(1, 2, [b"1"]))
    bad.write_bytes(octets)
    target.write_bytes(b"before")
    finished = export(target, good, bad, check=False)
    assert finished.returncode == 1 and f"{bad} is no frame: ".encode() in finished.stderr and b"(at octet " in finished.stderr
    assert target.read_bytes() == b"before" and sorted(os.listdir(tmp_path)) == ["1.frame", "2.frame", "out.mcap"]


def test_a_frame_that_was_removed_meanwhile_is_told(tmp_path):
    def answer(path, query, fields):
        if path == "/frame":
            return fake.index(1000, 2000)
        return (410, {}, b"") if path == "/1000" else fake.sound(2000)
    with fake.server(answer) as server:
        finished = run("export", "--mcap", tmp_path / "out.mcap", "--url", server.url, "--from", "0", check=False)
    assert finished.returncode == 1 and b"1 frame of that time had been removed" in finished.stderr
    assert read(tmp_path / "out.mcap") == {}, "what there was is there"


@pytest.mark.parametrize("arguments", [["--since", "1s"], ["--mcap", "x"], ["--mcap", "x", "--since", "1s", "a.frame"]])
def test_usage(arguments):
    assert run("export", *arguments, check=False).returncode == 64


def resident_octets_max(*arguments):
    """The most memory that the command had."""
    process = subprocess.Popen([str(PROGRAM), *map(str, arguments)], stderr=subprocess.DEVNULL, env=environment())
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return usage.ru_maxrss * 1024


def test_memory_does_not_grow_with_the_frames(tmp_path):
    """Ten times as many frames, and an index ten times as long."""
    few, many = tmp_path / "few", tmp_path / "many"
    few.mkdir()
    many.mkdir()
    one = tmp_path / "one"
    one.write_bytes(fake.frame(1000, 2000, [bytes(600_000), *[b"{}"] * 10_000]))
    for number in range(300):
        for directory in (many, few)[:2 if number < 30 else 1]:
            os.link(one, directory / f"{number}.frame")
    least = resident_octets_max("export", "--mcap", tmp_path / "few.mcap", few)
    most = resident_octets_max("export", "--mcap", tmp_path / "many.mcap", many)
    assert most < least * 1.25 + (4 << 20)
    assert summary(tmp_path / "many.mcap").statistics.message_count == 300 * 10_001
