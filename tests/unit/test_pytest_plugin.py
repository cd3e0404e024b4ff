"""The pytest plugin in a child pytest, as far as no engine is needed."""

import json
import subprocess
import sys
from pathlib import Path
from threading import Thread

import pytest

from layerfork.pytest_plugin import _alone

pytest_plugins = "pytester"
NOBODY_LISTENS = "unix:///nonexistent/docker.sock"
ENGINE = """
def test_engine(layerfork):
    layerfork.assert_reuses("docker-compose-build", after="docker-build", context="app")
"""
WRONG = """
import pytest

def test_builder(layerfork):
    layerfork.assert_reuses("docker-build", after="buildx-build", context="app", builder="kaniko")

def test_context(layerfork):
    layerfork.assert_reuses("docker-build", after="buildx-build", context="empty")

@pytest.mark.layerfork(engine="none-such")
def test_kind(layerfork):
    layerfork.assert_reuses("docker-build", after="buildx-build", context="app")
"""
MARKED = """
import pytest

@pytest.mark.layerfork(engines="host")
def test_wrong(layerfork):
    pass

def test_by_itself(layerfork):
    pass

def test_other():
    pass
"""


@pytest.fixture(autouse=True)
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The root directory of a user whose engine does not answer."""
    monkeypatch.setenv("DOCKER_HOST", NOBODY_LISTENS)
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    app = pytester.mkdir("app")
    (app / "Dockerfile").write_text("FROM alpine\nRUN echo one\n")
    pytester.mkdir("empty")
    return app.parent


def test_without_an_engine_a_test_fails_and_says_why(pytester: pytest.Pytester, project: Path) -> None:
    pytester.makepyfile(test_engine=ENGINE, test_wrong=WRONG)
    done = pytester.runpytest_subprocess()  # threads of ours import what pytester takes away again

    done.assert_outcomes(failed=4)
    done.stdout.fnmatch_lines(
        [
            f"E*Failed: layerfork: *{NOBODY_LISTENS}*",
            "E*hint: *",
            "E*Failed: layerfork: there is no builder 'kaniko': classic, buildkit or buildah",
            f"E*Failed: layerfork: no Dockerfile: {project}/empty/Dockerfile does not exist",
            "E*Failed: layerfork: there is no engine 'none-such'",
        ]
    )
    done.stdout.no_fnmatch_line("*pytest_plugin.py*")


def test_it_may_be_skipped_instead_but_what_is_asked_wrongly_fails(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_engine=ENGINE, test_wrong=WRONG)
    pytester.makeini("[pytest]\nlayerfork_no_engine = fail\n")
    done = pytester.runpytest_subprocess("-rs", "--layerfork-no-engine=skip")

    done.assert_outcomes(skipped=1, failed=3)
    done.stdout.fnmatch_lines([f"SKIPPED*layerfork: *{NOBODY_LISTENS}*"])


def test_the_variable_of_all_commands_names_the_engine(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytester.makepyfile("def test_it(layerfork): assert layerfork.engine == 'podman:5.4'")
    pytester.makeini("[pytest]\nlayerfork_engine = private\n")
    monkeypatch.setenv("LAYERFORK_ENGINE", "podman:5.4")
    pytester.runpytest().assert_outcomes(passed=1)
    pytester.runpytest("--layerfork-engine=host").assert_outcomes(failed=1)


def test_workers_take_turns_on_what_they_share(tmp_path: Path) -> None:
    lock, order = tmp_path / "layerfork.lock", list[str]()

    def other() -> None:
        with _alone(lock):
            order.append("other")

    with _alone(lock):
        worker = Thread(target=other)
        worker.start()
        worker.join(0.3)
        order.append("first")
    worker.join(10)
    assert order == ["first", "other"]


def test_whoever_uses_the_fixture_has_the_marker(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(MARKED)
    done = pytester.runpytest("--strict-markers", "-m", "layerfork")

    done.assert_outcomes(passed=1, errors=1, deselected=1)
    done.stdout.fnmatch_lines(["the marker layerfork knows engine and load, not engines"])
    pytester.runpytest("-m", "not layerfork").assert_outcomes(passed=1, deselected=2)


def test_a_wrong_setting_is_refused(pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]\nlayerfork_no_engine = ignore\n")
    done = pytester.runpytest()

    assert done.ret == pytest.ExitCode.USAGE_ERROR
    done.stderr.fnmatch_lines(["ERROR: layerfork_no_engine is fail or skip, not 'ignore'"])


def test_it_is_found_by_its_entry_point_and_explained(pytester: pytest.Pytester) -> None:
    done = pytester.runpytest("--help")
    done.stdout.fnmatch_lines(
        ["layerfork:", "*--layerfork-engine=NAME*", "*--layerfork-no-engine={fail,skip}*"]
    )
    pytester.runpytest("--markers").stdout.fnmatch_lines(["@pytest.mark.layerfork(engine=NAME, *"])
    pytester.runpytest("--fixtures").stdout.fnmatch_lines(["layerfork -- *"])


def test_unused_it_imports_nothing_but_itself() -> None:
    program = "import json, sys, layerfork.pytest_plugin; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = {
        name for name in json.loads(done.stdout) if name.partition(".")[0] in ("layerfork", "click", "rich")
    }

    assert loaded == {"layerfork", "layerfork.pytest_plugin"}
