"""A disk that fills: posts are refused with 507, reads go on, and with room posts go on too. Nothing that was
acknowledged is lost, and nothing that was refused is there."""

import os
import random
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from support.waiting import until

DISK_BYTES = 400 << 20


@pytest.fixture
def disk(tmp_path):
    """A small file system of the test's own."""
    path = tmp_path / "disk"
    path.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES},mode=0755", "tmpfs", path]
    if os.geteuid() == 0:
        subprocess.run(mount, check=True)
        yield path
        subprocess.run(["umount", "--lazy", path], check=True)
        return
    # Whoever is not root may mount in a namespace of their own, and reach it by a process that stays there.
    with subprocess.Popen(["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", '"$@" && echo mounted && exec cat', "sh", *mount],
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout.readline() == b"mounted\n", "this needs root, or the right to make namespaces (unshare(1))"
        yield Path(f"/proc/{holder.pid}/root{path}")
        holder.stdin.close()


def room(disk):
    facts = os.statvfs(disk)
    return facts.f_bavail * facts.f_frsize


def test_507_while_the_disk_is_full_and_everything_as_before_with_room(start, disk):
    server = start(directory=disk / "data", frame_duration="500ms")
    kept = server.post("kept", b"before").json()["frame"]
    before = server.frame_octets(kept)

    # All but 48 MiB is taken by something else.
    ballast = disk / "ballast"
    with open(ballast, "wb") as file:
        os.posix_fallocate(file.fileno(), 0, room(disk) - (48 << 20))

    generator = random.Random(507)
    acknowledged, refused = [], []

    def post():
        body = generator.randbytes(4 << 20)
        answer = server.post("bulk", body)
        if answer.status == 200:
            acknowledged.append(body)
            return None
        refused.append(body)
        return answer

    answer = until(post, "a full disk")
    assert (answer.status, answer.problem_name()) == (507, "no-space")
    assert int(answer.get("retry-after")) > 0

    # Full it stays, and reads go on.
    for _ in range(3):
        assert server.get(f"/{kept}").body == before
        assert server.get("/frame").status == 200
        assert server.get("/healthz").status == 200
    assert server.process.poll() is None

    ballast.unlink()
    last = until(lambda: (a := server.post("kept", b"after")).status == 200 and a, "posts that are taken again").json()["frame"]
    until(lambda: int(server.index()[0]["id"]) >= int(last), "the frame of the last item")
    found = Counter(item.data for frame in server.all_frames() for item in frame.items("bulk"))
    assert all(found[body] == 1 for body in acknowledged), "an acknowledged item is lost or doubled"
    assert not any(found[body] for body in refused), "a refused item is there"
    assert len(acknowledged) > 1

    # And after a restart as well.
    assert server.stop() == 0
    again = start(directory=disk / "data", frame_duration="500ms")
    until(lambda: again.index(), "the index")
    found = Counter(item.data for frame in again.all_frames() for item in frame.items("bulk"))
    assert all(found[body] == 1 for body in acknowledged)


def test_a_start_on_a_full_disk_serves_reads(start, disk):
    """A restart, by a supervisor say, must not take the reads away as well."""
    server = start(directory=disk / "data", frame_duration="500ms")
    kept = server.post("kept", b"before").json()["frame"]
    before = server.frame_octets(kept)
    assert server.stop() == 0
    with open(disk / "ballast", "wb") as file:
        os.posix_fallocate(file.fileno(), 0, room(disk) - 4096)
    again = start(directory=disk / "data", frame_duration="500ms")
    assert again.get(f"/{kept}").body == before
    until(lambda: again.post("bulk", bytes(16 << 20)).status == 507, "a full disk")
    assert again.get(f"/{kept}").body == before


def test_retention_goes_on_where_there_is_no_room_for_a_gzip_form(start, disk):
    """Room for a frame beside the last one, but not for its gzip form: what retention removes makes room for the next."""
    server = start("--retain-frames", "1", "--skip-empty-frames", directory=disk / "data")
    generator = random.Random(28)

    def post():
        # Hexadecimal digits: gzip takes them to some 57 %.
        return server.post("a", generator.randbytes(2 << 20).hex().encode()).json()["frame"]

    post()
    until(lambda: list(disk.glob("data/frames/*.gz")), "the first frame's gzip form")
    until(lambda: list(disk.glob("data/log/blank-*")), "the next segment of the log")
    with open(disk / "ballast", "wb") as file:
        os.posix_fallocate(file.fileno(), 0, room(disk) - (5 << 20))
    for _ in range(3):
        assert len(server.frame_octets(post())) > 4 << 20
