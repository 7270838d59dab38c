"""kill -9 at random moments, again and again on one directory, while clients of all kinds post and retry.

CRASH_ROUNDS says how many rounds (`CRASH_ROUNDS=1000 make end-to-end`), CRASH_SEED repeats the moments of a run that
failed, as far as the machine's own timing lets them be the same.
"""

import os
import random
import threading

import pytest

from support.posting import CLIENTS, Crowd, LargeItems
from support.waiting import until

ROUNDS = int(os.environ.get("CRASH_ROUNDS", "40"))
SEED = int(os.environ.get("CRASH_SEED", random.randrange(2**32)))


def pause(seconds):
    """A random moment of a kill is the one thing that is not waited for."""
    threading.Event().wait(seconds)


@pytest.mark.timeout(60 + 3 * ROUNDS)
def test_kills_at_random_moments(start):
    """After each restart all that was accepted is there once and in order, and frames are what they were.

    Clients post from the first moment of a restart on, so the window that the kill interrupted goes on. A quarter of
    the rounds kills the server while it starts, with the log of the kill before to be read."""
    print(f"CRASH_SEED={SEED}")
    chance = random.Random(SEED)
    crowd = Crowd(SEED)
    witness = crowd.witness
    directory, killed_starts = None, 0
    for number in range(ROUNDS):
        if directory and chance.random() < 0.25:
            server = start(directory=directory, waits=False)
            pause(chance.uniform(0, 0.12))
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
    assert all(ledger.accepted_count for ledger in crowd.ledgers)
    in_doubt = [item for ledger in crowd.ledgers for item in ledger.order if not item.accepted and not item.refused]
    print(f"{ROUNDS} kills while serving and {killed_starts} while starting; {crowd.accepted_count} items accepted, "
          f"{len(in_doubt)} in doubt, of which {sum(item in witness.found for item in in_doubt)} were found; "
          f"{len(witness.frames)} frames")


@pytest.mark.timeout(60 + 3 * ROUNDS)
def test_kills_while_old_frames_go_and_the_log_goes_on(start):
    """Frames of 100 ms of which three are kept, and items so large that segments of the log come and go.

    A frame that retention removed stays removed, and one that is kept is what it was; no kill leaves the log with a
    gap or the folder with files that nobody removes."""
    print(f"CRASH_SEED={SEED}")
    chance = random.Random(SEED)
    crowd = Crowd(SEED, [*CLIENTS, LargeItems], retained=3)
    witness = crowd.witness
    directory, last_segment = None, 0
    for _ in range(ROUNDS // 2):
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
    assert not list((directory / "frames").glob("*.tmp")), "left over"
    assert last_segment > 1, "the log has never gone on to another segment"
    print(f"{ROUNDS // 2} kills; {crowd.accepted_count} items accepted, {len(witness.found)} found; "
          f"{len(witness.frames)} frames seen; {last_segment} segments")
