"""Settings that all tests share."""

import os
import signal
from collections.abc import Generator
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, settings

# How long examples take to make says something about the machine, nothing about the code.
settings.register_profile(
    "layerfork", deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("layerfork")

# Said before processes of tests are started, which have to collect the same ones, also at midnight.
os.environ.setdefault("TEST_DAY", datetime.now(UTC).date().isoformat())

# Files that tests write have the same modes whoever runs them: some systems give users 002.
os.umask(0o022)

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # As in ``make test &`` of a script. What tests interrupt has to begin as if nobody had said so.
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """On CI a skipped test of a real engine, browser or shell is a failure: it hides a missing install."""
    report = yield
    marked = [name for name in ("engine", "browser", "shell") if item.get_closest_marker(name)]
    if os.environ.get("CI") and report.skipped and marked:
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"CI runs every test of a real {marked[0]}, but this one was skipped: {reason}"
    return report
