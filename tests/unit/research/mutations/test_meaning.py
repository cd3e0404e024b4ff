"""What labels take for the meaning of variables: every value here was measured, as the docstrings say."""

from collections.abc import Iterable

import pytest

from layerfork.record.build import Builder
from research.mutations.expansion import expand
from research.mutations.meaning import meanings
from research.mutations.scope import resolved, walk
from research.mutations.subject import Arena, Delivery, Line, Stage, Subject

VALUES = {"X": "env", "E": "", "N": "old"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$X", "env"),
        ("a${X}b", "aenvb"),
        ("${U}", ""),
        ("${U:-d}", "d"),
        ("${U-d}", "d"),
        ("${U:+p}", ""),
        ("${U+p}", ""),
        ("${E:-d}", "d"),
        ("${E-d}", ""),
        ("${E:+p}", ""),
        ("${E+p}", "p"),
        ("${X:+p}${N}", "pold"),
        ("${U:-${X}}", "env"),
        ("${U:-${E:-${N}}}", "old"),
        ("'${X}'", "${X}"),
        ("\\${X}", "${X}"),
        ('"${X}"', "env"),
    ],
)
def test_operators(text: str, expected: str) -> None:
    """Engine 26.1.5, both builders."""
    assert expand(text, VALUES) == expected


def line(text: str) -> Line:
    keyword, *words = text.split(" ")
    return Line(keyword=keyword, words=tuple(words))


FIRST = (
    "ENV X=env",
    "ARG X=argument",
    "ARG Y=1",
    "ARG Y",
    "ARG G",
    "ARG Z=z1",
    "ARG Z=z2",
    "ARG Q=${Y:-none}",
    "ENV M=old",
    "ENV M=new N=${M}",
    "LABEL end=1",
)
SECOND = ("ARG T", "LABEL end=2")


def values_at_ends(builder: Builder) -> list[dict[str, str]]:
    stages = (
        Stage(name="s0", lines=tuple(map(line, FIRST))),
        Stage(name="s1", base="s0", lines=tuple(map(line, SECOND))),
    )
    subject = Subject(nodes=(), stages=stages, outer=(line("ARG G=global"),))
    return [
        dict(scope.values()) for _, each, scope in walk(subject, builder) if each.words[0].startswith("end=")
    ]


COMMON = {"G": "global", "Z": "z2", "M": "new", "N": "old"}


@pytest.mark.parametrize(
    ("builder", "first", "second"),
    [
        (Builder.CLASSIC, {"X": "env", "Q": "none"}, {"X": "env", "M": "new", "N": "old"}),
        (
            Builder.BUILDKIT,
            {"X": "argument", "Y": "1", "Q": "1"},
            {"X": "env", "Y": "1", "Q": "1", **COMMON},
        ),
        (Builder.BUILDAH, {"X": "env", "Y": "1", "Q": "1"}, {"X": "env", "M": "new", "N": "old"}),
    ],
)
def test_scopes(builder: Builder, first: dict[str, str], second: dict[str, str]) -> None:
    """The same Dockerfile built by Engine 26.1.5 and Podman 5.4.2, its variables printed by RUN."""
    assert values_at_ends(builder) == [COMMON | first, second]


def subject_of(*lines: str, given: Iterable[tuple[str, str]] = ()) -> Subject:
    stage = Stage(name="s0", lines=tuple(map(line, lines)))
    return Subject(nodes=(), stages=(stage,), build_args=tuple(given))


def changed(builder: Builder, before: Subject, after: Subject) -> list[int]:
    """Numbers of the lines whose meaning differs."""
    arena = Arena(builder=builder, delivery=Delivery.TAR)
    old, new = meanings(before, arena), meanings(after, arena)
    return [number for (_, number), meaning in old.items() if new[0, number] != meaning]


LINES = ("ARG A", "LABEL l=${A}", "COPY a /x", "COPY a /${A}", "RUN true")


@pytest.mark.parametrize(
    ("builder", "lines"),
    [(Builder.CLASSIC, [1, 3, 4]), (Builder.BUILDKIT, [3, 4]), (Builder.BUILDAH, [3, 4])],
)
def test_where_an_argument_matters(builder: Builder, lines: list[int]) -> None:
    """Every builder runs a RUN again; only the classic one writes the value into a LABEL's text."""
    before, after = (subject_of(*LINES, given=[("A", value)]) for value in "xy")
    assert changed(builder, before, after) == lines


def test_a_stage_begins_with_the_image_that_its_variable_names() -> None:
    subject = Subject(
        nodes=(),
        stages=(Stage(name="s0", base="${BASE}", lines=(line("COPY ${S} /x"),)),),
        outer=(line("ARG BASE=alpine"),),
        build_args=(("BASE", "other"), ("S", "a")),
    )
    (stage,) = resolved(subject, Builder.CLASSIC).stages
    assert stage.base == "other"
    assert stage.lines[0].words == ("", "/x"), "S is not declared"
