"""syncstreamer.mjs in Node: its own tests, its types, and how large it is. Node's own test runner runs them."""

import re
import subprocess
from pathlib import Path

import pytest

from support.server import environment
from support.waiting import DEADLINE_SECONDS

HERE = Path(__file__).resolve().parent
WEB = HERE.parents[1] / "Web"
COMPILER = ["tsc", "--noEmit", "--strict", "--target", "es2022", "--module", "nodenext", "--moduleResolution", "nodenext",
            "--lib", "es2022,dom,dom.iterable"]


@pytest.mark.parametrize("file", sorted(HERE.glob("*.test.mjs")), ids=lambda file: file.name)
def test_in_node(file):
    finished = subprocess.run(["node", "--test", str(file)], capture_output=True, text=True, timeout=3 * DEADLINE_SECONDS,
                              env=environment())
    assert finished.returncode == 0, finished.stdout
    counts = {name: int(count) for name, count in re.findall(r"^. (pass|fail|skipped|todo|cancelled) (\d+)$", finished.stdout, re.M)}
    assert counts.pop("pass") > 0 and set(counts.values()) == {0}, finished.stdout


def test_the_types_hold():
    finished = subprocess.run([*COMPILER, str(HERE / "types.test.mts")], capture_output=True, text=True, timeout=3 * DEADLINE_SECONDS)
    assert finished.returncode == 0, finished.stdout


def test_it_is_small_and_alone():
    text = (WEB / "syncstreamer.mjs").read_text()
    assert len(text.encode()) < 40 * 1024
    assert not re.search(r"^\s*import\b|\bimport\(|\brequire\(", text, re.M)
