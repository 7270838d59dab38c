"""What holds for every Python test: one that is skipped, or expected to fail, fails."""

import pytest


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if report.skipped or hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} did not run, and a test that does not run shows nothing: {report.longrepr}"
    return report
