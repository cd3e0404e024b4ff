"""What `layerfork why` takes on its command line, and which command it runs."""

from typing import Any

import pytest

from layerfork.cli.grammar.root import root
from layerfork.errors import UsageError
from layerfork.pipeline.why import explaining
from layerfork.pipeline.why.explaining import Explained


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


def test_a_command_after_dashes_is_taken_as_it_stands(asked: list[dict[str, Any]]) -> None:
    assert run(["why", "--engine", "host", "--", "docker", "build", "-f", "x", "--", "."]) == 0
    assert asked[0]["argv"] == ("docker", "build", "-f", "x", "--", ".")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((".", "--", "make"), "a PATH or a command, not both"),
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
