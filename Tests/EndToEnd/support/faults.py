"""A disk that fails when a test says so (faults.c): for a server that was started with `environment`."""

import ctypes
import errno
import os
from contextlib import contextmanager
from pathlib import Path

from support import preloaded

SOURCE = Path(__file__).with_suffix(".c")

CALLS = ["any", "open", "pwrite", "pwritev", "fdatasync", "fsync", "rename", "unlink", "fallocate", "mkdir", "pread"]
# "short" does half of a write or a read; "kill within" too, and ends the program; "fail after" does it, or half of a
# write, and fails; "wait" does it once the rule is gone.
ACTIONS = ["pass", "fail", "short", "kill before", "kill within", "kill after", "fail after", "wait"]
RULES_MAX = 16
KILLS = ["kill before", "kill within", "kill after"]


class Rule(ctypes.Structure):
    _fields_ = [
        ("is_on", ctypes.c_uint32), ("call", ctypes.c_uint32), ("action", ctypes.c_uint32), ("error", ctypes.c_uint32),
        ("passes", ctypes.c_int64), ("times", ctypes.c_int64), ("met", ctypes.c_int64), ("struck", ctypes.c_int64),
        ("path", ctypes.c_char * 96)]


class Control(ctypes.Structure):
    _fields_ = [("calls", ctypes.c_uint64), ("rules", Rule * RULES_MAX)]


def build(directory):
    return preloaded.build(SOURCE, directory)


class Faults:
    def __init__(self, library, directory):
        file = directory / "faults"
        self.control = preloaded.shared(Control, file)
        self.environment = {"LD_PRELOAD": str(library), "FAULTS_FILE": str(file)}

    @property
    def call_count(self):
        return self.control.calls

    def begin(self, call, action="fail", path="", error="EIO", passes=0, times=-1):
        """From now on, of these calls on paths that hold `path`, after so many that pass, so many do `action`."""
        rule = next(rule for rule in self.control.rules if not rule.is_on)
        rule.call, rule.action, rule.error = CALLS.index(call), ACTIONS.index(action), getattr(errno, error)
        rule.passes, rule.times, rule.met, rule.struck, rule.path = passes, times, 0, 0, os.fsencode(path)
        rule.is_on = 1
        return rule

    def end(self):
        """The disk is sound again."""
        for rule in self.control.rules:
            rule.is_on = 0

    @contextmanager
    def of(self, *arguments, **settings):
        rule = self.begin(*arguments, **settings)
        yield rule
        rule.is_on = 0
