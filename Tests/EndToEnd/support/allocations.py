"""How often the event loops of a server ask for memory (allocations.c): for one that was started with `environment`."""

import ctypes
from pathlib import Path

from support.preloaded import build, shared

SOURCE = Path(__file__).with_suffix(".c")


class Counts(ctypes.Structure):
    _fields_ = [("own", ctypes.c_uint64), ("libraries", ctypes.c_uint64)]


class Allocations:
    def __init__(self, directory):
        file = directory / "allocations"
        self.counts = shared(Counts, file)
        self.environment = {"LD_PRELOAD": str(build(SOURCE, directory)), "ALLOCATIONS_FILE": str(file)}

    @property
    def own(self):
        return self.counts.own

    @property
    def libraries(self):
        return self.counts.libraries
