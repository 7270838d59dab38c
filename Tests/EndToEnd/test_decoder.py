"""The decoder that these tests judge frames with is judged itself, by the format's golden files."""

import base64
import json
from pathlib import Path

import pytest

from support import timeframe

VECTORS = Path(__file__).resolve().parents[1] / "Vectors"


@pytest.mark.parametrize("folder", ["valid", "valid-id-first"])
@pytest.mark.parametrize("file", sorted((VECTORS / "valid").glob("*.frame")), ids=lambda file: file.stem)
def test_a_golden_frame_decodes_to_its_content(file, folder):
    content = json.loads(file.with_suffix(".json").read_text())
    frame = timeframe.decode((VECTORS / folder / file.name).read_bytes(), id_first=folder == "valid-id-first")
    assert (frame.start, frame.end) == (content["startAt"], content["endAt"])
    assert [(c.id, c.type, [(i.timestamp, i.data) for i in c.items]) for c in frame.channels] == [
        (c["id"], c["type"], [(i["timestamp"], base64.b64decode(i["data"])) for i in c["items"]]) for c in content["channels"]]


@pytest.mark.parametrize("name", ["trailing-octet", "truncated-data", "offset-past-data", "duplicate-channel-id", "version-2"])
def test_a_broken_frame_is_none(name):
    with pytest.raises(Exception):
        timeframe.decode((VECTORS / "invalid" / f"{name}.frame").read_bytes())
