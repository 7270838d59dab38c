"""A kernel that makes the records of TLS 1.3 (ktls.c): for a server that was started with `environment` and --ktls."""

import ctypes
from pathlib import Path

from support.preloaded import build, shared

SOURCE = Path(__file__).with_suffix(".c")
# A start tries the kernel with each of the two ciphers.
TRIES = 2


class Control(ctypes.Structure):
    _fields_ = [(name, ctypes.c_uint32) for name in ("refusal", "taken", "records", "alerts", "cut", "held", "lost")]


class Kernel:
    def __init__(self, library, directory):
        file = directory / "ktls"
        self.control = shared(Control, file)
        self.environment = {"LD_PRELOAD": str(library), "KTLS_FILE": str(file)}

    @property
    def connections(self):
        """How many connections' records were made by it."""
        return self.control.taken - TRIES


def build_library(directory):
    return build(SOURCE, directory, "-lcrypto")
