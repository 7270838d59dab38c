"""What is measured: each module adds its rows here. A row is a function of a `Setting` that gives `Comparison`s and
`Figure`s."""

from dataclasses import dataclass
from typing import Callable


@dataclass
class Row:
    name: str
    says: str
    run: Callable
    # Left out unless named, or with ROWS=all.
    is_long: bool = False


ROWS = {}


def row(name, says, is_long=False):
    """Makes the function below a row."""
    def add(run):
        ROWS[name] = Row(name, says, run, is_long)
        return run
    return add


# In the order of the report.
from Benchmarks.rows import reading, http2, uploads, connections, large, growth, scale, attacks  # noqa: E402, F401
