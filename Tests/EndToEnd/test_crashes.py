"""kill -9, again and again on one directory, while clients of all kinds post and retry: at random moments, and at
chosen calls.

CRASH_ROUNDS says how many rounds (`CRASH_ROUNDS=1000 make end-to-end`), CRASH_SEED repeats the moments of a run that
failed, as far as the machine's own timing lets them be the same.
"""

import os
import random
import re
import signal
import subprocess
import threading
from collections import Counter

import pytest

from support.faults import KILLS
from support.posting import CLIENTS, STREAMING, LargeItems
from support.server import OCTETS
from support.waiting import until
from support.wire import trusting

ROUNDS = int(os.environ.get("CRASH_ROUNDS", "30"))
SEED = int(os.environ.get("CRASH_SEED", random.randrange(2**32)))


def pause(seconds):
    """A random moment of a kill is the one thing that is not waited for."""
    threading.Event().wait(seconds)


@pytest.mark.timeout(60 + 3 * ROUNDS)
def test_kills_at_random_moments(start, crowds):
    """After each restart all that was accepted is there once and in order, and frames are what they were.

    Clients post from the first moment of a restart on, so the window that the kill interrupted goes on. A quarter of
    the rounds kills the server while it starts, with the log of the kill before to be read."""
    print(f"CRASH_SEED={SEED}")
    chance = random.Random(SEED)
    crowd = crowds(SEED, [*CLIENTS, *STREAMING])
    witness = crowd.witness
    directory, killed_starts = None, 0
    for number in range(ROUNDS):
        if directory and chance.random() < 0.25:
            server = start(directory=directory, waits=False)
            pause(chance.uniform(0, 0.06))
            server.kill()
            killed_starts += not server.output
        server = start(directory=directory, frame_duration="200ms")
        directory = server.directory
        crowd.begin(server)
        if chance.random() < 0.75:
            # What was accepted before the kill is looked for while new items come.
            witness.catch_up(server)
            witness.check_index(server)
            seen = list(witness.frames)
            witness.check_content(server, seen[-5:] + chance.sample(seen, min(10, len(seen))))
        pause(chance.uniform(0, 0.3))
        crowd.kill()
        crowd.check_undisturbed()

    server = start(directory=directory)
    witness.catch_up(server)
    witness.check_index(server)
    witness.check_content(server)
    # Of a stream that a kill cut off nothing was accepted, but much is there.
    assert all(any(item in witness.found for item in ledger.order) for ledger in crowd.ledgers)
    in_doubt = [item for ledger in crowd.ledgers for item in ledger.order if not item.accepted and not item.refused]
    print(f"{ROUNDS} kills while serving and {killed_starts} while starting; {crowd.accepted_count} items accepted, "
          f"{len(in_doubt)} in doubt, of which {sum(item in witness.found for item in in_doubt)} were found; "
          f"{len(witness.frames)} frames")


@pytest.mark.timeout(60 + 3 * ROUNDS)
def test_kills_while_old_frames_go_and_the_log_goes_on(start, crowds):
    """Frames of 100 ms of which three are kept, and items so large that segments of the log come and go.

    A frame that retention removed stays removed, and one that is kept is what it was; no kill leaves the log with a
    gap or the folder with files that nobody removes."""
    print(f"CRASH_SEED={SEED}")
    chance = random.Random(SEED)
    crowd = crowds(SEED, [*CLIENTS, *STREAMING, LargeItems], retained=3)
    witness = crowd.witness
    directory, last_segment, rounds = None, 0, 0
    # Where all is slow the log fills its first segment later.
    while rounds < ROUNDS // 2 or last_segment == 1:
        rounds += 1
        server = start("--retain-frames", "3", directory=directory, frame_duration="100ms")
        directory = server.directory
        crowd.begin(server)
        if chance.random() < 0.5:
            witness.catch_up(server)
            witness.check_index(server)
            witness.check_content(server, list(witness.frames)[-20:])
        pause(chance.uniform(0, 0.4))
        crowd.kill()
        crowd.check_undisturbed()
        last_segment = max([last_segment, *(int(file.stem, 16) for file in (directory / "log").glob("*.segment"))])

    server = start("--retain-frames", "3", directory=directory, frame_duration="100ms")
    witness.catch_up(server)
    until(lambda: len(server.index()) == 3 and len(list((directory / "frames").glob("*.frame"))) == 3,
          "three frames and no file of another")
    witness.check_content(server)
    until(lambda: len(list((directory / "log").iterdir())) <= 3, "a log without what is in frames already")
    # But for the frame that is being made.
    until(lambda: not list((directory / "frames").glob("*.tmp")), "the removal of what was left over")
    assert last_segment > 1, "the log has never gone on to another segment"
    print(f"{rounds} kills; {crowd.accepted_count} items accepted, {len(witness.found)} found; "
          f"{len(witness.frames)} frames seen; {last_segment} segments")


# The calls that change files, which are the only places where a kill can make a difference to the next start.
CHANGES = ["open", "pwrite", "pwritev", "fdatasync", "fsync", "rename", "unlink", "fallocate"]


@pytest.mark.timeout(60 + 3 * ROUNDS)
def test_kills_at_chosen_calls(start, faults, crowds):
    """A kill before, after or in the middle of the nth call of a kind in the log or among the frames.

    Random moments fall mostly into the long calls. These fall into all: of recovery (with few calls before them), of
    commits, of sealing, of retention, and of the log's next segment."""
    print(f"CRASH_SEED={SEED}")
    chance = random.Random(SEED)
    crowd = crowds(SEED, [*CLIENTS, *STREAMING, LargeItems], retained=3)
    witness = crowd.witness
    directory, ends = None, Counter()
    for number in range(ROUNDS):
        call, action = chance.choice(CHANGES), chance.choice(KILLS)
        path = "/log" if call in ("pwritev", "fallocate") else chance.choice(["/log", "/frames"])
        passes = int(2 ** chance.uniform(0, 5 if call in ("pwrite", "pwritev", "fdatasync") else 2)) - 1
        faults.begin(call, action, path=path, passes=passes, times=1)
        server = start(
            "--retain-frames", "3", directory=directory, frame_duration="100ms", waits=False, **faults.environment)
        directory = server.directory
        until(lambda: server.output or server.process.poll() is not None, "a start or its end")
        try:
            server.wait_for_line()
        except AssertionError:
            ends["start"] += 1
        else:
            crowd.begin(server, is_doomed=True)
            # Some calls come seldom.
            try:
                server.process.wait(0.5)
                ends[call] += 1
            except subprocess.TimeoutExpired:
                ends["neither"] += 1
            crowd.kill()
        server.kill()
        assert server.process.returncode == -signal.SIGKILL, server.log_text()
        faults.end()
        if number % 3 == 0:
            sound = start("--retain-frames", "3", directory=directory, frame_duration="100ms")
            witness.catch_up(sound)
            witness.check_index(sound)
            witness.check_content(sound, list(witness.frames)[-20:])
            sound.kill()
    for client in crowd.clients:
        assert not client.refusals, client.refusals[:3]
    print(f"{ROUNDS} rounds, ended by: {dict(ends)}; {crowd.accepted_count} items accepted, {len(witness.found)} found")
    assert sum(ends.values()) - ends["neither"] > ROUNDS // 2


def test_kills_at_the_first_start(start, faults, tmp_path):
    """Whatever the first start had made of certificate, key, secret and log, the next one serves; and the secret that
    it told the operator is the one that holds."""
    print(f"CRASH_SEED={SEED}")
    chance = random.Random(SEED)
    counting = {call: faults.begin(call, "pass", path="/") for call in [*CHANGES, "mkdir"]}
    whole = start(identity=None, secret=None, **faults.environment)
    until(lambda: counting["fdatasync"].met > 20 and whole.directory.joinpath("log/00000001.segment").exists(), "the log")
    whole.kill()
    counts = {call: rule.met for call, rule in counting.items()}
    faults.end()
    points = [(call, number) for call, count in counts.items() for number in range(count)]
    # Most writes and syncs fill the log with zeros: those of the small files come first.
    early = [point for point in points if point[1] < 6]
    rest = [point for point in points if point[1] >= 6]
    chosen = chance.sample(early, min(len(early), ROUNDS * 2 // 3)) + chance.sample(rest, min(len(rest), ROUNDS // 6))
    struck = told = 0
    for call, number in chosen:
        rule = faults.begin(call, chance.choice(KILLS), passes=number, times=1)
        first = start(identity=None, secret=None, waits=False, **faults.environment)
        # One that listens makes its log's first segment then, which is where the later points are.
        until(lambda: first.process.poll() is not None or (first.directory / "log/00000001.segment").exists(), "an end")
        first.kill()
        struck += rule.struck
        faults.end()
        secret_file = first.directory / "secret"
        secret = secret_file.read_text() if secret_file.exists() else None
        again = start(identity=None, secret=None, directory=first.directory)
        kept = secret_file.read_text()
        assert len(kept.strip()) >= 32 and secret in (None, kept)
        # Told by either start: a kill between keeping it and telling it leaves the file to look it up in.
        said = re.findall(r"^    (\S+)$", again.log_text(), re.MULTILINE)
        assert said == [kept.strip()] or (said == [] and secret == kept)
        told += len(said)
        certificate = first.directory / "cert.pem"
        again.context = trusting(certificate)
        fields = {**OCTETS, "Authorization": f"Bearer {kept.strip()}"}
        frame = again.post("a", b"1", fields).json()["frame"]
        assert [item.data for item in again.frame(frame).items("a")] == [b"1"]
        assert not list(first.directory.glob("*.new")), "left over"
        again.kill()
    print(f"{len(chosen)} kills of {len(points)} points: {counts}; {struck} struck, {told} secrets told")
