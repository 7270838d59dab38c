"""Web/openapi.json, the description of the interface: it is sound, complete, and true. Requests made from it, sound and unsound
ones, are answered as it says."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from support.server import AUTHORIZED, run
from support.waiting import DEADLINE_SECONDS

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "Web/openapi.json"
SUPPORT = Path(__file__).resolve().parent / "support"
DOCUMENT = json.loads(FILE.read_text())

EXAMPLES = {"frameId": "1", "channelId": "a", "milliseconds": "1"}


def path_of(name):
    """A path that the description's name of one stands for."""
    return re.sub(r"{(\w+)}", lambda match: EXAMPLES[match.group(1)], name)


def test_it_is_openapi_3_1():
    assert DOCUMENT["openapi"].startswith("3.1.")
    OpenAPIV31SpecValidator(DOCUMENT).validate()


def test_the_server_has_it(server):
    assert server.get("/openapi.json").body == FILE.read_bytes()


def test_it_is_of_this_version():
    assert run("--version").stdout.decode().strip() == DOCUMENT["info"]["version"]


def test_it_names_every_kind_of_problem_that_there_is():
    source = (ROOT / "Sources/Server/Responses/ProblemType.swift").read_text()
    names = re.findall(r'ProblemType\(\s*\d+,\s*"([a-z-]+)"', source)
    assert sorted(DOCUMENT["components"]["schemas"]["ProblemType"]["enum"]) == sorted(f"urn:syncstreamer:problem:{name}" for name in names)


def test_nothing_of_it_is_unused():
    text = FILE.read_text()
    unused = [f"#/components/{kind}/{name}" for kind, named in DOCUMENT["components"].items() if kind != "securitySchemes"
              for name in named if f'"#/components/{kind}/{name}"' not in text]
    assert unused == []


def test_the_server_has_every_path_and_its_methods(server):
    for name, operations in DOCUMENT["paths"].items():
        allowed = server.ask("OPTIONS", path_of(name)).get("Allow").split(", ")
        assert {method.upper() for method in operations} == set(allowed) - {"HEAD", "OPTIONS"}


@pytest.mark.parametrize("name", ["/frame", "/channel/{channelId}"])
def test_event_streams_are_as_described(server, name):
    """Which schemathesis can't read, since they have no end."""
    described = DOCUMENT["paths"][name]["get"]["responses"]["200"]
    assert "text/event-stream" in described["content"]
    with server.wire() as wire:
        head = wire.follow(path_of(name), {"Accept": "text/event-stream"})
    assert head.status == 200 and head.get("Content-Type") == "text/event-stream"
    for field, reference in described["headers"].items():
        if "$ref" in reference:
            header = DOCUMENT["components"]["headers"][reference["$ref"].rpartition("/")[2]]
            assert not header.get("required") or head.get(field) is not None, field
            if "const" in header["schema"] and head.get(field) is not None:
                assert head.get(field) == header["schema"]["const"]


@pytest.mark.timeout(11 * DEADLINE_SECONDS)  # Some 500 requests, and as much work in finding them.
def test_schemathesis_finds_nothing(start, tmp_path):
    """Examples, boundary values, chance from a seed, and chains of requests; sound and unsound, all of its checks."""
    server = start()
    finished = subprocess.run(
        [Path(sys.executable).parent / "schemathesis", "--config-file", SUPPORT / "openapi/schemathesis.toml", "run", FILE,
         "--url", f"https://localhost:{server.port}", "--tls-verify", server.identity.authority,
         "--header", f"Authorization: {AUTHORIZED['Authorization']}", "--checks", "all", "--mode", "all",
         "--phases", "examples,coverage,fuzzing,stateful", "--max-examples", "15", "--seed", "1", "--generation-deterministic",
         "--request-timeout", str(DEADLINE_SECONDS), "--continue-on-failure", "--no-color"],
        cwd=tmp_path, capture_output=True, text=True, timeout=10 * DEADLINE_SECONDS,
        env={**os.environ, "SCHEMATHESIS_HOOKS": str(SUPPORT / "openapi/hooks.py"), "PYTHONPATH": str(SUPPORT.parent)})
    assert finished.returncode == 0, finished.stdout + finished.stderr
    described = sum(len(operations) for operations in DOCUMENT["paths"].values())
    assert f"Tested: {described}\n" in finished.stdout, finished.stdout
