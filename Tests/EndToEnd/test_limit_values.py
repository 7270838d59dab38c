"""Values that are no limit: the command says so, and does not start."""

import pytest

from support.server import run


@pytest.mark.parametrize("option, value", [
    ("--max-request-line", "63"), ("--max-request-line", "17KiB"), ("--max-header-size", "255"), ("--max-header-size", "65KiB"),
    ("--max-header-fields", "7"), ("--max-header-fields", "1001"), ("--max-streams", "0"), ("--max-streams", "1001"),
    ("--max-wait", "999ms"), ("--max-wait", "61s"), ("--event-heartbeat", "0s"), ("--event-heartbeat", "31s"),
    ("--max-event-backlog", "1023"), ("--max-event-backlog", "2GiB"), ("--max-event-memory", "1023KiB"),
    ("--min-rate", "0"), ("--min-rate", "2GiB"), ("--min-rate", "x"), ("--min-rate-window", "0s"),
    ("--max-idle-frames", "0"), ("--max-continuations", "0"), ("--max-continuations", "1001"), ("--rate-address-requests", "0"), ("--rate-secret-octets", "0"),
])
def test_what_is_no_limit(option, value):
    finished = run("serve", option, value, "--port", "0", check=False)
    assert finished.returncode == 64 and option.encode() in finished.stderr
