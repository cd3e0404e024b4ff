"""Finding scenarios, and naming what is wrong with a path."""

import os
from pathlib import Path

import pytest

from layerfork.app.experiment.findscenarios import bundled_names, find_scenario
from layerfork.errors import UsageError


def test_the_seed_is_what_2015_built() -> None:
    seed = find_scenario()
    assert seed.name == "seed"
    (phase,) = seed.phases
    instructions = [line for line in phase.dockerfile.splitlines() if line]
    assert instructions == ["FROM alpine", "RUN  du -s /", "COPY important.txt /", "RUN  du -s /"]
    (entry,) = phase.entries
    assert (entry.name, entry.content) == (b"important.txt", b"This is an important file\n")


@pytest.mark.parametrize("name", bundled_names())
def test_every_bundled_scenario_says_what_it_asks(name: str) -> None:
    scenario = find_scenario(name)
    assert scenario.title
    assert scenario.question.endswith("?")
    assert scenario.family
    assert (scenario.context / "README.md").is_file()


def test_a_directory_is_a_scenario(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM alpine\n")
    scenario = find_scenario(str(tmp_path))
    assert scenario.context == tmp_path
    assert scenario.phases == ()


def test_a_dockerfile_is_looked_for_here_first_then_in_the_context(tmp_path: Path) -> None:
    (tmp_path / "Other").write_text("FROM alpine\n")
    assert find_scenario(str(tmp_path), "Other").dockerfile == tmp_path / "Other"


def test_what_is_wrong_with_a_path_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "dangling").symlink_to("nowhere")
    (tmp_path / "empty").mkdir()
    for name, message in [
        ("file", "not a directory"),
        ("dangling", "dangling link to nowhere"),
        ("missing", "does not exist"),
        ("empty", "no Dockerfile"),
    ]:
        with pytest.raises(UsageError, match=message) as caught:
            find_scenario(str(tmp_path / name))
        assert caught.value.hint


def test_an_unreadable_directory_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(UsageError, match="cannot read build context"):
        find_scenario(str(tmp_path))
