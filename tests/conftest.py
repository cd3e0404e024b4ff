"""Settings that all tests share."""

import os
import signal
from collections.abc import Generator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from layerfork.context.walk import no_collection

# How long examples take to make says something about the machine, nothing about the code.
settings.register_profile(
    "layerfork", deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("layerfork")

# Said before processes of tests are started, which have to collect the same ones, also at midnight.
os.environ.setdefault("TEST_DAY", datetime.now(UTC).date().isoformat())

LONGEST = (
    "test_evidence",
    "test_attack_projects",
    "test_clients_again",
    "test_cause_examples",
    "test_attacks",
    "test_clients",
    "test_pages",
    "test_everyday",
    "test_why",
    "test_lint_proofs",
    "test_mutations",
    "test_fix",
    "test_pack",
    "test_key_model_classic",
)
"""Files of tests that take a minute and more, the longest first."""

# Files that tests write have the same modes whoever runs them: some systems give users 002.
os.umask(0o022)

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # As in ``make test &`` of a script. What tests interrupt has to begin as if nobody had said so.
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Tests are very many objects, and all of them stay: looking for garbage among them takes long."""
    with no_collection():
        return (yield)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest comes first, and then what mostly waits for engines, so that processes of tests end
    together."""
    items.sort(key=lambda item: place_of(item.path))


def place_of(file: Path) -> int:
    if file.stem in LONGEST:
        return LONGEST.index(file.stem)
    return len(LONGEST) + (file.parent.name != "engines")


def pytest_report_header() -> str:
    return f"drawn by TEST_DAY={os.environ['TEST_DAY']}"


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
