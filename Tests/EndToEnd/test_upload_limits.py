"""Limits of what uploads may fill, each given as an option: what is just below is taken, what is just above is refused."""

import gzip
import random

import pytest

from support.server import AUTHORIZED, JSON, OCTETS, run

EITHER_PROTOCOL = True

NDJSON = {**AUTHORIZED, "Content-Type": "application/x-ndjson"}


def dense(ratio):
    """A body in gzip that stands for about so many times its size."""
    numbers = random.Random(ratio)
    step = 64 << 10
    noise = int(step / ratio)
    return gzip.compress(b"".join(numbers.randbytes(noise) + bytes(step - noise) for _ in range(32)))


@pytest.mark.parametrize("limit", [5, 20])
def test_how_dense_gzip_may_be(start, limit):
    server = start("--max-gzip-ratio", limit)
    fields = {**OCTETS, "Content-Encoding": "gzip"}
    assert server.post("a", dense(limit * 0.9), fields).status == 200
    answer = server.post("a", dense(limit * 1.2), fields)
    assert (answer.status, answer.problem_name()) == (413, "too-large")


def test_channels_of_a_frame(start):
    server = start("--max-frame-channels", "2", frame_duration="1h")
    assert [server.post(channel, b"1").status for channel in ("a", "b", "a", "b")] == [200] * 4
    answer = server.post("c", b"1")
    assert (answer.status, answer.problem_name()) == (503, "window-full")
    assert int(answer.get("retry-after")) > 0
    assert server.post("a", b"1").status == 200


def test_items_of_a_frame(start):
    server = start("--max-frame-items", "5", frame_duration="1h")
    assert server.post("a", b"1\n" * 5, NDJSON).json()["accepted"] == 5
    answer = server.post("b", b"1")
    assert (answer.status, answer.problem_name()) == (503, "window-full")


def keyed(server, key, secret=None):
    fields = {**JSON, "Idempotency-Key": key}
    if secret:
        fields["Authorization"] = f"Bearer {secret}"
    return server.post("a", b"1", fields)


def test_keys(start):
    server = start("--max-keys", "3")
    assert [keyed(server, f"k{number}").status for number in (1, 2, 3, 1)] == [200] * 4
    answer = keyed(server, "k4")
    assert (answer.status, answer.problem_name(), answer.get("retry-after")) == (503, "too-many-keys", "60")
    assert server.post("a", b"1", JSON).status == 200


def test_keys_of_one_secret_leave_those_of_others(start, tmp_path):
    secrets = tmp_path / "secrets"
    other = run("secret", "make", "other", "--secret-file", secrets).stdout.decode().split()[-1]
    server = start("--max-keys", "4", "--max-keys-per-secret", "2", "--secret-file", secrets)
    assert [keyed(server, f"k{number}").status for number in (1, 2, 1)] == [200] * 3
    assert keyed(server, "k3").problem_name() == "too-many-keys"
    # The same keys, and other ones: they are another's.
    assert [keyed(server, f"k{number}", other).status for number in (1, 2)] == [200] * 2
    assert keyed(server, "k3", other).problem_name() == "too-many-keys"
    # A restart counts what it finds.
    server.frame_octets(keyed(server, "k2").json()["frame"])
    assert server.stop() == 0
    again = start("--max-keys-per-secret", "2", "--secret-file", secrets, directory=server.directory)
    assert keyed(again, "k3").problem_name() == "too-many-keys"
    assert keyed(again, "k2").status == 200
