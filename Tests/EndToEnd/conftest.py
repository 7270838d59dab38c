"""Fixtures: certificates, a server shared by tests that only ask it things, and servers of a test's own."""

import itertools
import sys
from pathlib import Path

import pytest

# Tests/Attack has a link to this file.
sys.path.insert(0, str(Path(__file__).resolve().parent))

from support import faults as disk_faults  # noqa: E402
from support import identity as identities  # noqa: E402
from support.posting import Crowd  # noqa: E402
from support.server import PROGRAM, Server  # noqa: E402


def pytest_sessionstart(session):
    if not PROGRAM.is_file():
        raise pytest.UsageError(f"{PROGRAM} is missing: run `make build`")


def pytest_generate_tests(metafunc):
    """What is marked `either_protocol`, and every test of a module with `EITHER_PROTOCOL`, runs over HTTP/1.1 and over HTTP/2: no
    answer may depend on it."""
    if getattr(metafunc.module, "EITHER_PROTOCOL", False) or metafunc.definition.get_closest_marker("either_protocol"):
        metafunc.parametrize("protocol", ["http1", "http2"], indirect=True)


@pytest.fixture(autouse=True)
def protocol(request):
    Server.protocol = getattr(request, "param", "http1")
    yield Server.protocol
    Server.protocol = "http1"


@pytest.fixture(scope="session")
def identity(tmp_path_factory):
    return identities.self_signed(tmp_path_factory.mktemp("identity"))


@pytest.fixture(scope="session")
def server(tmp_path_factory, identity):
    """One for all tests that change nothing but their own channels."""
    server = Server(tmp_path_factory.mktemp("shared") / "data", identity)
    yield server
    try:
        assert server.stop() == 0, server.log_text()
    finally:
        server.kill()


@pytest.fixture(scope="module")
def target(tmp_path_factory, identity):
    """One server for all attacks of a file, so that each also meets what those before it left behind."""
    server = Server(tmp_path_factory.mktemp("target") / "data", identity, "--threads", "1")
    yield server
    try:
        assert server.stop() == 0, server.log_text()
    finally:
        server.kill()


@pytest.fixture
def start(tmp_path, identity):
    """Starts servers for one test, each with a directory of its own unless it is given one."""
    started, count = [], itertools.count()

    def start(*options, directory=None, identity=identity, **settings):
        directory = directory or tmp_path / f"data-{next(count)}"
        started.append(Server(directory, identity, *options, **settings))
        return started[-1]

    yield start
    for server in started:
        server.kill()


@pytest.fixture
def crowds():
    """Makes crowds for one test, none of which outlives it."""
    made = []

    def crowds(*arguments, **more):
        made.append(Crowd(*arguments, **more))
        return made[-1]

    yield crowds
    for crowd in made:
        crowd.abandon()


@pytest.fixture(scope="session")
def faults_library(tmp_path_factory):
    return disk_faults.build(tmp_path_factory.mktemp("faults"))


@pytest.fixture
def faults(faults_library, tmp_path):
    """A disk that fails when told, for servers started with `**faults.environment`."""
    return disk_faults.Faults(faults_library, tmp_path)


@pytest.fixture(scope="session")
def channel_numbers():
    return itertools.count(1)


@pytest.fixture
def channel(channel_numbers):
    """A channel id that no other test uses."""
    return f"channel-{next(channel_numbers)}"
