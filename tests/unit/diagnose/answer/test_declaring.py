"""Where a line that sets a variable belongs: each case written by hand as the Dockerfile before and after."""

from dataclasses import replace

import pytest
from fixing import edited
from unit.diagnose.answer.test_patterns import answer, cause, record

from layerfork.record.answer import Answer
from layerfork.record.build import Builder


def answered(text: str, missed: str, code: str = "build-arg", builder: Builder = Builder.BUILDKIT) -> Answer:
    """SHA is another one, and the first line that reads like ``missed`` missed."""
    lines = text.splitlines()
    reader = replace(record((), text, statuses="h" * len(lines)), builder=builder)
    return answer(cause(code, ("SHA", "1", "2")), reader=reader, step=lines.index(missed) + 1, after=())


STAGES = "FROM alpine AS base\n{0}WORKDIR /w\nFROM base AS deps\n{1}RUN npm ci\nFROM deps\n{2}RUN echo $SHA\n"
TWO = "FROM a AS base\n{0}FROM base AS one\nRUN npm ci\n{1}RUN echo $SHA\nFROM base\n{2}RUN echo ${{SHA}}\n"
APART = "FROM a AS base\n{0}FROM base AS one\nRUN npm ci\n{1}FROM base AS two\nRUN echo\n{2}"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (STAGES.format("ARG SHA=x\n", "", ""), STAGES.format("", "", "ARG SHA=x\n")),
        (STAGES.format("ARG SHA\n", "", "ARG SHA\n"), STAGES.format("", "", "ARG SHA\n")),
        (STAGES.format("ARG SHA\n", "ARG SHA\n", "ARG SHA\n"), STAGES.format("", "", "ARG SHA\n")),
        (STAGES.format("ARG SHA=x\n", "", "ARG SHA=y\n"), STAGES.format("", "", "ARG SHA=y\n")),
        (STAGES.format("ARG SHA=x\n", "", "ARG SHA\n"), STAGES.format("", "", "ARG SHA=x\nARG SHA\n")),
        (STAGES.format("ARG SHA\nLABEL r=$SHA\n", "", ""), STAGES.format("", "", "ARG SHA\nLABEL r=$SHA\n")),
        (TWO.format("ARG SHA=x\n", "", ""), TWO.format("", "ARG SHA=x\n", "ARG SHA=x\n")),
        (APART.format("ARG SHA\n", "", ""), APART.format("", "", "ARG SHA\n")),
        (APART.format("", "", "ARG SHA\n") + "RUN npm ci\nRUN echo $SHA\n", None),
    ],
)
def test_an_argument_is_declared_where_it_is_read(before: str, after: str | None) -> None:
    fix = answered(before, "RUN npm ci").fix
    assert (edited(before, fix.edits) if fix.edits else None) == after


IN_BASE = "FROM a AS base\n{0}RUN npm ci\n{1}FROM base AS one\n{2}RUN echo $SHA\nFROM base\nRUN echo\n"


@pytest.mark.parametrize(
    ("code", "setter", "builder", "place"),
    [
        ("build-arg", "ARG SHA\n", Builder.BUILDKIT, 2),
        ("build-arg", "ARG SHA\n", Builder.CLASSIC, 1),
        ("env", "ENV SHA=2\n", Builder.BUILDKIT, 1),
    ],
)
def test_every_stage_keeps_what_it_reads(code: str, setter: str, builder: Builder, place: int) -> None:
    """Arguments end with their stage but for BuildKit; a variable is in the images built on it."""
    before = IN_BASE.format(setter, "", "")
    fix = answered(before, "RUN npm ci", code, builder).fix
    texts = ["", "", ""]
    texts[place] = setter
    assert edited(before, fix.edits) == IN_BASE.format(*texts)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "FROM a\nARG SHA\nENV V=$SHA\nRUN npm ci\n",
            "put `ARG SHA` (line 2) and line 3, which reads it, below the steps that need neither",
        ),
        (
            "FROM a\nARG SHA\nENV V=$SHA\nRUN npm ci\nRUN echo $V\n",
            "put `ARG SHA` (line 2) and line 3, which reads it, below the steps that need neither",
        ),
        (
            STAGES.format("ARG SHA=x\n", "", ""),
            "move `ARG SHA=x` (line 2) above line 7, which is the first to need SHA",
        ),
        (
            STAGES.format("ARG SHA\n", "ARG SHA\n", "ARG SHA\n"),
            "remove `ARG SHA` (lines 2 and 5): line 8 declares it where it is read",
        ),
        (
            TWO.format("ARG SHA=x\n", "", ""),
            "move `ARG SHA=x` (line 2) above lines 5 and 7, which are the first of their stages to need SHA",
        ),
        (
            APART.format("ARG SHA\n", "", ""),
            "move `ARG SHA` (line 2) to the end of stage two, because no step names it",
        ),
    ],
)
def test_what_is_said(text: str, sentence: str) -> None:
    assert answered(text, "RUN npm ci").fix.sentence == sentence


@pytest.mark.parametrize(
    "text",
    [
        "FROM a\nARG B=1\nARG SHA=$B\nRUN npm ci\nARG B=2\nRUN echo $SHA\n",
        "FROM a\nARG SHA OTHER\nRUN npm ci\nRUN echo $SHA\n",
        "FROM a AS base\nENV SHA=2\nFROM base AS one\nRUN npm ci\nFROM base\nRUN echo $SHA\n",
        "ARG SHA\nFROM a:$SHA\nRUN npm ci\n",
    ],
)
def test_what_would_mean_something_else_stays(text: str) -> None:
    fix = answered(text, "RUN npm ci", "env" if "ENV" in text else "build-arg").fix
    assert fix.edits == ()


def test_a_commit_that_the_step_needs_is_no_mistake() -> None:
    text = "FROM a\nARG SHA\nENV V=$SHA\nRUN echo $V\n"
    reader = record((), text, statuses="hhhm")
    made = answer(cause("build-arg", ("SHA", "1f6d0ad", "83c9e21")), reader=reader, step=4, after=())
    assert made.fix.sentence == "nothing to fix: this step needs SHA, which changes with every build"
