"""The pytest plugin in a child pytest, two workers at once, with real builds."""

import os
import shutil

import pytest
from engines.running import user_of

from layerfork.app.experiment.findscenarios import find_scenario
from layerfork.builders.engines import open_engine

pytestmark = pytest.mark.engine
pytest_plugins = "pytester"
TESTS = """
import pytest

def test_a_tar_with_a_prefix(layerfork):
    layerfork.assert_reuses("docker-context-build", after="docker-build", context="app", builder="classic")

@pytest.mark.layerfork(engine="private")
def test_clients_that_share(layerfork):
    layerfork.assert_reuses("docker-compose-build", after="docker-build", context="app")
"""
ANSWER = [
    "E*Failed: docker-context-build does not reuse what docker-build stored",
    "E *Dockerfile:4  COPY important.txt /  missed: the name important.txt begins with ./ for *",
    "E *PROVEN entry-name (name-prefix)",
    "E *fix: give docker-context-build a tar without the prefix: *",
    "E *check: 2 clients, 2 caches, 1 fork: *",
]


def test_workers_build_at_once_and_a_failure_is_an_answer(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(find_scenario("seed").context, pytester.path / "app")
    pytester.makepyfile(TESTS)
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    with open_engine("private").start(os.environ, print) as engine:
        for name, value in user_of(engine).items():
            monkeypatch.setenv(name, value)
        done = pytester.runpytest_subprocess("-n", "2", "--layerfork-engine=host", timeout=200)

    done.assert_outcomes(passed=1, failed=1)
    done.stdout.fnmatch_lines(ANSWER)
