"""Waiting for a condition, to a deadline: the one place in the tests that lets time pass."""

import time

# Generous, since it is only ever reached by a test that fails: two busy cores make anything slow.
DEADLINE_SECONDS = 30


def until(condition, what, seconds=DEADLINE_SECONDS):
    """Asks `condition` again and again until it gives something true, and returns that."""
    deadline = time.monotonic() + seconds
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds} s in vain for: {what}")
        time.sleep(0.02)


def paced(octets_a_second, seconds):
    """Says again and again how many octets are due, for so many seconds: a client of that speed. One that was held up makes up
    for it."""
    begun, said = time.monotonic(), 0
    while (elapsed := time.monotonic() - begun) < seconds:
        due = int(octets_a_second * elapsed) - said
        said += due
        if due:
            yield due
        time.sleep(0.05)
