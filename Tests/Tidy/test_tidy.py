"""The house rules, as tests. Each names the places where a rule is broken, and fails if there are any.

They read the files that git tracks, as text: a rule that text can't decide exactly is checked approximately, on the
side of silence.
"""

import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

LINE_COLUMNS_MAX = 110
FILE_LINES_MAX = 350

# The targets that own a C module, and Bytes.
UNSAFE_TARGETS = {"Bytes", "Posix", "TLS", "Compression", "HTTP2", "HTTPClient"}

# How far above an unsafe expression its SAFETY line may stand: one argument covers a short function.
SAFETY_DISTANCE_LINES = 20


def tracked(pattern):
    """Tracked files, and new ones that git does not ignore, that match a glob."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z", "--", f":(glob){pattern}"],
        cwd=ROOT, check=True, capture_output=True, text=True,
    ).stdout
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]


def lines(path):
    """(number, line) of a file, numbers from 1."""
    return list(enumerate(path.read_text(encoding="utf-8").splitlines(), start=1))


def place(path, number, text=""):
    return f"{path.relative_to(ROOT)}:{number}: {text.strip()}"


def code(line):
    """A line of Swift without its string literals and its comment."""
    line = re.sub(r'"(?:\\.|[^"\\])*"', '""', line)
    return line.split("//", 1)[0]


def target(path):
    return path.relative_to(ROOT / "Sources").parts[0]


def report(findings):
    assert not findings, f"{len(findings)} places:\n" + "\n".join(findings)


def test_there_is_something_to_check():
    assert len(tracked("Sources/**/*.swift")) > 10
    assert len(tracked("Tests/**/*.swift")) > 10


def test_no_source_file_is_too_long_to_read_at_once():
    lengths = ((path, len(lines(path))) for path in tracked("Sources/**/*.swift"))
    report([place(path, length, f"over {FILE_LINES_MAX} lines") for path, length in lengths if length > FILE_LINES_MAX])


def test_no_line_is_too_wide():
    swift = [path for place in ("Package.swift", "Sources/**/*.swift", "Tests/**/*.swift", "Fuzz/**/*.swift") for path in tracked(place)]
    report([
        place(path, number, f"{len(line)} columns")
        for path in swift for number, line in lines(path) if len(line) > LINE_COLUMNS_MAX
    ])


def test_unsafe_code_stands_only_in_the_targets_that_own_a_c_module_and_in_bytes():
    report([
        place(path, number, line)
        for path in tracked("Sources/**/*.swift") if target(path) not in UNSAFE_TARGETS
        for number, line in lines(path) if re.search(r"\bunsafe\b|\bUnsafe\w*Pointer\b", code(line))
    ])


def test_every_unsafe_place_says_why_it_holds():
    findings = []
    for path in tracked("Sources/**/*.swift") + tracked("Fuzz/**/*.swift"):
        said_at = None
        for number, line in lines(path):
            if "SAFETY:" in line:
                said_at = number
            if re.search(r"\bunsafe\b", code(line)):
                if said_at is None or number - said_at > SAFETY_DISTANCE_LINES:
                    findings.append(place(path, number, line))
                else:
                    said_at = number  # a run of unsafe lines stands under one argument
    report(findings)


def test_each_c_module_has_one_importing_target():
    modules = {path.parent.name for path in tracked("Sources/*/module.modulemap")}
    assert modules
    importers = defaultdict(set)
    for path in tracked("Sources/**/*.swift"):
        for _, line in lines(path):
            imported = re.match(r"\s*(?:@\w+\s+)*(?:\w+\s+)?import\s+(?:\w+\s+)?(\w+)", line)
            if imported and imported.group(1) in modules:
                importers[imported.group(1)].add(target(path))
    assert {module: sorted(importers[module]) for module in modules if len(importers[module]) != 1} == {}


def test_no_source_imports_foundation():
    report([
        place(path, number, line)
        for path in tracked("Sources/**/*.swift")
        for number, line in lines(path) if re.match(r"\s*(?:@\w+\s+)*(?:\w+\s+)?import\s+Foundation", line)
    ])


def test_an_error_is_thrown_away_only_with_a_reason():
    findings = []
    for path in tracked("Sources/**/*.swift"):
        before = ""
        for number, line in lines(path):
            if re.search(r"\btry[!?]", code(line)) and "//" not in line and not before.strip().startswith("//"):
                findings.append(place(path, number, line))
            before = line
    report(findings)


def test_no_test_sleeps():
    """A test waits for what it waits for. waiting.py is how the end-to-end tests do that: it polls, to a deadline."""
    sleeping = re.compile(r"\b(?:sleep|usleep|nanosleep)\s*\(")
    report([
        place(path, number, line)
        for pattern in ("Tests/**/*.swift", "Tests/EndToEnd/**/*.py", "Tests/Attack/**/*.py", "Tests/Web/**/*.py")
        for path in tracked(pattern) if path.name != "waiting.py"
        for number, line in lines(path) if sleeping.search(code(line))
    ])


def test_every_test_runs():
    off = re.compile(r"\.disabled\(|\bwithKnownIssue\b|\bXCTSkip\b|pytest\.(?:skip|xfail|importorskip)|mark\.(?:skip|xfail)")
    report([
        place(path, number, line)
        for pattern in ("Tests/**/*.swift", "Tests/EndToEnd/**/*.py", "Tests/Attack/**/*.py", "Tests/Web/**/*.py")
        for path in tracked(pattern) for number, line in lines(path) if off.search(code(line))
    ])


def test_every_test_file_begins_with_what_it_shows():
    swift = [(path, path.read_text()) for path in tracked("Tests/**/*.swift")]
    findings = [place(path, 1) for path, text in swift if "@Test" in text and not text.startswith("//")]
    findings += [place(p, 1) for p in tracked("Tests/**/*.py") if not p.read_text().startswith('"""')]
    report(findings)


def test_nothing_is_left_for_later_in_the_code():
    later = re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME|XX" + r"X|HA" + r"CK)\b")
    report([
        place(path, number, line)
        for pattern in ("Sources/**", "Tests/**/*.swift", "Tests/**/*.py", "Fuzz/**/*.swift", "scripts/*", "Makefile", "Dockerfile")
        for path in tracked(pattern)
        for number, line in lines(path) if later.search(line)
    ])


def test_no_key_or_certificate_is_committed():
    armoured = re.compile(rb"-----BEGIN [A-Z ]*(?:PRIVATE KEY|CERTIFICATE)-----\r?\n[A-Za-z0-9+/=]{40}")
    report([
        place(path, 1)
        for path in tracked("**")
        if path.suffix in {".pem", ".key", ".crt", ".p12", ".pfx"} or armoured.search(path.read_bytes())
    ])


DECLARATION = re.compile(
    r"\s*(?:@\w+(?:\([^)]*\))?\s+)*(?:package|public|open)\s+(?!import\b|extension\b|override\b|internal\(|private\()"
    r"(?:(?:static|final|mutating|nonmutating|consuming|borrowing|indirect|lazy|nonisolated|convenience|required|weak"
    r"|private\(set\)|package\(set\)|fileprivate\(set\)|internal\(set\))\s+)*"
    r"(?:func|struct|class|enum|protocol|actor|init|var|let|subscript|typealias|macro)\b"
)


# What a protocol of the standard library asks for, and an initialiser that takes nothing.
SELF_EXPLAINING = re.compile(r"var description: String|func (?:==|<)|func hash\(into|init\(rawValue:|init\(\)")


def test_what_other_targets_see_is_documented():
    """A declaration right below another shares its comment: a run of constants needs only one."""
    findings = []
    for path in tracked("Sources/**/*.swift"):
        listed = lines(path)
        for index, (number, line) in enumerate(listed):
            if not DECLARATION.match(line) or SELF_EXPLAINING.search(line):
                continue
            above = index - 1
            while above >= 0 and re.match(r"\s*(?:@|#if|//(?!/))", listed[above][1]):
                above -= 1
            neighbour = listed[above][1] if above >= 0 else ""
            if not neighbour.strip().startswith("///") and not DECLARATION.match(neighbour):
                findings.append(place(path, number, line))
    report(findings)


def test_every_target_has_tests():
    """The command is shown to work by the end-to-end tests, and HTTPClient is what they run it over."""
    targets = {path.parts[len(ROOT.parts) + 1] for path in tracked("Sources/**/*.swift")}
    untested = {name for name in targets if not tracked(f"Tests/{name}Tests/*.swift") + tracked(f"Tests/{name}Tests/**/*.swift")}
    assert untested <= {"syncstreamer", "HTTPClient"}


def test_every_fuzz_target_has_a_corpus():
    """Small files, a few of each: what a run begins with, and what CI runs on every change."""
    listed = (ROOT / "Fuzz/Runner/FuzzTarget.swift").read_text()
    targets = {value or name for name, value in re.findall(r'^    case (\w+)(?: = "([\w-]+)")?$', listed, re.MULTILINE)}
    files = defaultdict(list)
    for path in tracked("Fuzz/Corpora/**"):
        files[path.parent.name].append(path)
    assert targets == set(files)
    assert [name for name, found in files.items() if len(found) < 4] == []
    report([place(path, 1, "over 4 KiB") for found in files.values() for path in found if path.stat().st_size > 4096])


def test_the_benchmarks_can_be_listed():
    """They run by hand alone, and should not be found broken then."""
    listed = subprocess.run(
        [sys.executable, "-m", "Benchmarks", "list"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    assert len(listed.splitlines()) > 10
