"""Measures the server beside its peers on this machine, and writes what it finds into docs/PERFORMANCE.md, which also
says how that is done. `make bench` runs it.

    make bench                                     all rows but the long ones
    make bench ROWS=all                            all rows
    make bench ROWS="get-1k h2-64k" ROUNDS=3       some rows
    make bench ROWS=list                           which rows there are
"""

import argparse
import signal
import sys
import time

from Benchmarks import report
from Benchmarks.machine import describe
from Benchmarks.rows import ROWS
from Benchmarks.setting import Setting


def chosen(names):
    """The rows that are meant."""
    if names == ["all"]:
        return list(ROWS.values())
    unknown = [name for name in names if name not in ROWS]
    if unknown:
        sys.exit(f"no row {' '.join(unknown)}; there are: {' '.join(ROWS)}")
    return [ROWS[name] for name in names] or [row for row in ROWS.values() if not row.is_long]


def main():
    parser = argparse.ArgumentParser(
        prog="Benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", nargs="*", metavar="ROW", help="a row's name, or 'all', or 'list'")
    parser.add_argument("--rounds", type=int, default=5, help="of each row, after one that does not count (5)")
    parser.add_argument("--seconds", type=int, default=4, help="how long each server is loaded in a round (4)")
    parser.add_argument("--print-only", action="store_true", help="leave the document as it is")
    options = parser.parse_args()
    if options.rows == ["list"]:
        for row in ROWS.values():
            print(f"{row.name:20} {row.says}{' (long)' if row.is_long else ''}")
        return
    rows = chosen(options.rows)
    # What ends this process otherwise than by hand ends its servers too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))
    setting, machine, failed = Setting(options.rounds, options.seconds), describe(), []
    print(machine, flush=True)
    try:
        for row in rows:
            began = time.monotonic()
            try:
                results = row.run(setting)
            except (RuntimeError, OSError) as error:
                failed.append(row.name)
                print(f"\n{row.name} failed: {error}", flush=True)
                continue
            print(f"\n{row.name}: {row.says} ({time.monotonic() - began:.0f} s)\n\n{report.tables(results)}", flush=True)
            if not options.print_only:
                report.save(row.name, machine, results)
                report.write(ROWS)
    finally:
        setting.remove()
    sys.exit(f"failed: {' '.join(failed)}" if failed else 0)


if __name__ == "__main__":
    main()
