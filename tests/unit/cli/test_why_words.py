"""What `layerfork why` takes on its command line, and which command it runs."""

from pathlib import Path
from typing import Any

import pytest

from layerfork.app import why as explaining
from layerfork.app.recording import no_build_seen
from layerfork.app.why import Explained
from layerfork.builders.recording import wrap
from layerfork.cli import call
from layerfork.cli.root import root
from layerfork.errors import ExitCode, UsageError


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Every call that the command line makes, in place of builds."""
    calls: list[dict[str, Any]] = []

    def explain(argv: tuple[str, ...], engine: str, *rest: object, **more: object) -> Explained:
        calls.append({"argv": tuple(argv), "engine": engine, **more})
        return Explained(exit_code=0, reports=())

    monkeypatch.setattr(explaining, "explain_builds", explain)
    return calls


def run(words: list[str]) -> object:
    return root.main(args=words, prog_name="layerfork", standalone_mode=False)


@pytest.mark.parametrize("words", [("--engine", "host", "."), (".", "--engine", "host")])
def test_options_may_stand_before_and_after_the_path(
    words: tuple[str, ...], asked: list[dict[str, Any]]
) -> None:
    assert run(["why", *words]) == 0
    assert [(call["argv"], call["engine"]) for call in asked] == [(("docker", "build", "."), "host")]


def test_what_docker_build_is_asked_is_passed_on_as_typed(asked: list[dict[str, Any]]) -> None:
    words = ["-f", "D", "--target", "t", "--build-arg", "A=1", "ctx", "--build-arg", "B", "-t", "n:1"]
    assert run(["why", *words]) == 0
    assert asked[0]["argv"] == (
        *("docker", "build", "--file", "D", "--target", "t"),
        *("--build-arg", "A=1", "--build-arg", "B", "--tag", "n:1", "ctx"),
    )


@pytest.mark.parametrize("word", ["duap6zh2k9s1", "^1", "default/node0/duap6zh2k9s1"])
def test_a_word_that_is_no_path_names_a_past_build(word: str, asked: list[dict[str, Any]]) -> None:
    assert run(["why", word, "--against", "^2"]) == 0
    assert [(call["argv"], call["build"], call["against"]) for call in asked] == [((), word, "^2")]


def test_a_directory_of_that_name_is_built(
    asked: list[dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "duap6zh2k9s1").mkdir()
    monkeypatch.chdir(tmp_path)
    assert run(["why", "duap6zh2k9s1"]) == 0
    assert [(call["argv"], call["build"]) for call in asked] == [(("docker", "build", "duap6zh2k9s1"), "")]


def test_a_command_after_dashes_is_taken_as_it_stands(asked: list[dict[str, Any]]) -> None:
    assert run(["why", "--engine", "host", "--", "docker", "build", "-f", "x", "--", "."]) == 0
    assert asked[0]["argv"] == ("docker", "build", "-f", "x", "--", ".")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((".", "--", "make"), "a PATH cannot be combined with a command after --"),
        (("make", "image"), "give one PATH, or a command after --"),
        (("--target", "t"), "--target needs a PATH"),
        (("-t", "n", "--", "make"), "--tag needs a PATH"),
        (("--",), "there is no command after --"),
    ],
)
def test_words_that_do_not_go_together_are_named(
    words: tuple[str, ...], said: str, asked: list[dict[str, Any]]
) -> None:
    with pytest.raises(UsageError, match=said):
        run(["why", *words])
    assert asked == []


def test_only_a_document_is_kept_apart_from_what_the_command_says(asked: list[dict[str, Any]]) -> None:
    for words in ((), ("--format", "json")):
        run(["why", *words, "."])
    assert [call["apart"] for call in asked] == [False, True]


def test_a_command_that_does_not_exist_starts_no_engine(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def started(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(wrap, "engine_for", started)
    (tmp_path / "here").write_text("")
    monkeypatch.chdir(tmp_path)
    for program, reason in (
        ("layerfork-no-such", "No such file or directory"),
        ("./here", "Permission denied"),
        ("./there", "No such file or directory"),
    ):
        assert call(["why", "--store", str(tmp_path / "s"), "--", program]) == ExitCode.USAGE
        hint = "hint: give a command that exists after --"
        assert capsys.readouterr().err.splitlines()[-2:] == [f"layerfork: {program}: {reason}", hint]


def test_a_mistyped_command_gets_a_suggestion(capsys: pytest.CaptureFixture[str]) -> None:
    assert call(["whyy"]) == ExitCode.USAGE
    assert "No such command 'whyy'. Did you mean 'why'?" in capsys.readouterr().err


def test_a_command_that_failed_is_not_said_to_build_elsewhere() -> None:
    assert "another way" in no_build_seen({})
    said = "no build passed through the recorder: the command failed (exit code 1)"
    assert no_build_seen({}, 1) == said
