"""Settings that all tests share."""

import os
from collections.abc import Generator

import pytest
from hypothesis import settings

settings.register_profile("layerfork", deadline=None, print_blob=True)
settings.load_profile("layerfork")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """On CI a test of a real engine that is skipped is a failure: a skip there hides a missing install."""
    report = yield
    if os.environ.get("CI") and report.skipped and item.get_closest_marker("engine"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"CI runs every test of a real engine, but this one was skipped: {reason}"
    return report
