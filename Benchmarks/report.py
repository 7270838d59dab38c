"""The figures as tables: printed, kept from run to run, and written into docs/PERFORMANCE.md."""

import json
import statistics
from dataclasses import asdict

from Benchmarks.measuring import Comparison, Figure, Sample, ratio
from Benchmarks.setting import ROOT, WORK

DOCUMENT = ROOT / "docs" / "PERFORMANCE.md"
BEGIN, END = "<!-- what `make bench` wrote: begin -->", "<!-- what `make bench` wrote: end -->"
RESULTS = WORK / "results"

COMPARISONS = ["work", "who", "µs of CPU each", "ours ÷ theirs", "a second", "ours ÷ theirs", "p50, ms", "p99, ms", "memory, MB"]
FIGURES = ["what", "unit", "who", "how much"]


def number(value):
    """Three digits or more, as a person reads them."""
    if value is None:
        return ""
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    return f"{value:,.{digits}f}"


def spread(values):
    """The median, and in brackets the least and the most."""
    middle = number(statistics.median(values))
    return middle if len(values) == 1 else f"{middle} ({number(min(values))} to {number(max(values))})"


def median(samples, of):
    values = [of(sample) for sample in samples]
    return None if None in values else statistics.median(values)


def table_lines(result):
    """The cells of one result, a list a line."""
    if isinstance(result, Figure):
        return [
            [result.work if place == 0 else "", result.unit, name, spread(values)]
            for place, (name, values) in enumerate(result.values.items())]
    lines = []
    ours = next(iter(result.samples.values()))
    for name, samples in result.samples.items():
        first = samples is ours
        memory = median(samples, lambda sample: sample.memory_octets)
        mark = " *" if any(sample.is_load_bound for sample in samples) else ""
        lines.append([
            result.work if first else "", name, spread([sample.cost for sample in samples]),
            "" if first else f"{ratio(ours, samples, lambda sample: sample.cost):.2f}",
            number(median(samples, lambda sample: sample.rate)) + mark,
            "" if first else f"{ratio(ours, samples, lambda sample: sample.rate):.2f}",
            number(median(samples, lambda sample: sample.p50)), number(median(samples, lambda sample: sample.p99)),
            number(memory and memory / (1 << 20))])
    return lines


def line(cells):
    return f"| {' | '.join(cells)} |"


def tables(results):
    """Two tables, of those two kinds of results; an empty one is left out."""
    text = []
    for heading, kind in ((COMPARISONS, Comparison), (FIGURES, Figure)):
        lines = [cells for result in results if isinstance(result, kind) for cells in table_lines(result)]
        if lines:
            text += [line(heading), line(["---"] * len(heading)), *map(line, lines), ""]
    return "\n".join(text)


def save(row, machine, results):
    """Keeps a row's results until it is measured again, so that rows can be measured one by one."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    kept = [{"kind": type(result).__name__, **asdict(result)} for result in results]
    (RESULTS / f"{row}.json").write_text(json.dumps({"machine": machine, "results": kept}, indent=1))


def load(row):
    """What was kept of a row: where it was measured, and its results; None where nothing was."""
    path = RESULTS / f"{row}.json"
    if not path.exists():
        return None
    kept = json.loads(path.read_text())
    results = []
    for result in kept["results"]:
        if result.pop("kind") == "Figure":
            results.append(Figure(**result))
        else:
            samples = {name: [Sample(**sample) for sample in rounds] for name, rounds in result["samples"].items()}
            results.append(Comparison(result["work"], samples))
    return kept["machine"], results


def write(rows):
    """Writes what was kept of all `rows` into the document, apart by where and when it was measured."""
    by_machine = {}
    for row in rows:
        if kept := load(row):
            by_machine.setdefault(kept[0], []).extend(kept[1])
    text = "\n".join(f"{machine}\n\n{tables(results)}" for machine, results in by_machine.items())
    before, _, rest = DOCUMENT.read_text().partition(BEGIN)
    after = rest.partition(END)[2]
    if not rest:
        raise RuntimeError(f"{DOCUMENT} lacks the line {BEGIN}")
    DOCUMENT.write_text(f"{before}{BEGIN}\n\n{text}\n{END}{after}")
