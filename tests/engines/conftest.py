"""Real engines need root and namespaces. Without them the tests are skipped, saying so; in CI they fail."""

import functools
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from engines.traces import engine_names, wait_until_gone

from layerfork.builders.engines.private import check_root_user
from layerfork.builders.process import ProgramMissingError, run
from layerfork.builders.recording.recorder import VERIFY_VARIABLE
from layerfork.errors import EngineError
from layerfork.record.build import Command


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("engine") and (reason := why_no_engine()):
        if os.environ.get("CI"):
            pytest.fail(f"real engines have to run in CI: {reason}", pytrace=False)
        pytest.skip(reason)


@pytest.fixture(autouse=True)
def forwarded_is_received(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every recorder of these tests, also of commands that they start, compares digests of what it
    received and forwarded, and fails where they differ."""
    monkeypatch.setenv(VERIFY_VARIABLE, "1")


@functools.cache
def why_no_engine() -> str:
    """Why no private engine can run on this machine; empty when one can."""
    try:
        check_root_user()
        tried = run(Command(argv=("unshare", "--mount", "--net", "--pid", "--fork", "true"), env={}))
    except EngineError as error:
        return error.message
    except ProgramMissingError as error:
        return str(error)
    return "" if tried.ok else f"no namespaces: {tried.stderr.strip()}"


@pytest.fixture
def engine_directory() -> Iterator[Path]:
    """A base directory for engines that no other test uses, short enough for sockets; empty at the end."""
    base = Path(f"/var/tmp/lf-test-{os.getpid()}-{os.urandom(3).hex()}")
    yield base
    assert wait_until_gone(base, engine_names(base)) == []


@pytest.fixture
def context(tmp_path: Path) -> Path:
    """A context of its own, with the Dockerfile of the experiment."""
    (tmp_path / "Dockerfile").write_text("FROM alpine\nRUN echo one\nCOPY data.txt /\nRUN echo two\n")
    (tmp_path / "data.txt").write_text("data\n")
    return tmp_path
