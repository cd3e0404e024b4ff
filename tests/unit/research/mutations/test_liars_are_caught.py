"""Lying explainers, one for each kind of case: whatever they say wrong, the harness notices it."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest

from layerfork.record.answer import Cause, CauseStatus, Fork, MissKind
from layerfork.record.build import Builder
from research.mutations.change import Change, Edit, Expected
from research.mutations.edits import argument_cause
from research.mutations.minimal import label
from research.mutations.subject import Arena, Delivery, Line, Place, Stage, Subject
from research.mutations.verdict import Case, judge

CLASSIC = Arena(builder=Builder.CLASSIC, delivery=Delivery.TAR)
PROVEN, SUSPECTED = CauseStatus.PROVEN, CauseStatus.SUSPECTED
A, B, UNKNOWN, CONTENT = ("build-arg", "A"), ("build-arg", "B"), ("build-arg", "UNKNOWN"), ("content", "f")
Said = tuple[str, str]
"""Code and path of a cause."""


def subject_with(text: str, **given: str) -> Subject:
    """ARG A, ARG B and a LABEL with a text."""
    words = (("ARG", "A"), ("ARG", "B"), ("LABEL", f"x={text}"), ("LABEL", "last=${B}"))
    lines = tuple(Line(keyword=keyword, words=(word,)) for keyword, word in words)
    return Subject(nodes=(), stages=(Stage(name="s0", lines=lines),), build_args=tuple(given.items()))


def given(name: str, value: str) -> Edit:
    def apply(subject: Subject) -> Subject:
        kept = tuple(each for each in subject.build_args if each[0] != name)
        return replace(subject, build_args=(*kept, (name, value)))

    return Edit(name=f"given {name}", target=name, apply=apply, cause=argument_cause(name))


def fork_of(*said: Said, step: int = 3, status: CauseStatus = PROVEN) -> Fork:
    return Fork(
        writer="baseline",
        reader="mutant",
        step=step,
        instruction="LABEL",
        miss_kind=MissKind.KEY_CHANGED,
        causes=tuple(Cause(code=code, status=status, path=path, text="") for code, path in said),
    )


PLACES: dict[int, Place] = {3: (0, 2), 4: (0, 3)}


def problem_of(change: Change, *forks: Fork) -> str:
    return judge(forks, Case(change=change, places=PLACES)).problem


@dataclass(frozen=True, kw_only=True)
class Truth:
    """A change, what is right to say of it, and lies."""

    change: Change
    right: tuple[tuple[Fork, ...], ...]
    wrong: tuple[tuple[Fork, ...], ...]


def swallowed() -> Truth:
    """``${A:+x}`` swallows A: only B matters, at both labels."""
    before = subject_with("${A:+x}${B}", A="1", B="10")
    return Truth(
        change=label(before, (given("A", "2"), given("B", "20")), CLASSIC),
        right=((fork_of(B),), (fork_of(B), fork_of(B, step=4))),
        wrong=(
            (fork_of(A),),
            (fork_of(A, B),),
            (fork_of(B), fork_of(A, step=4)),
            (fork_of(A, status=SUSPECTED), fork_of(B, step=4)),
            (fork_of(B, status=SUSPECTED),),
            (fork_of(B), fork_of(A, step=4, status=SUSPECTED)),
            (),
        ),
    )


def nothing_matters() -> Truth:
    before = subject_with("${A:+x}", A="1", B="")
    return Truth(
        change=label(before, (given("A", "2"), given("UNKNOWN", "3")), CLASSIC),
        right=((),),
        wrong=((fork_of(A),), (fork_of(UNKNOWN),), (fork_of(A, status=SUSPECTED),)),
    )


def both_needed() -> Truth:
    """At the first label both; the second one has B alone."""
    before = subject_with("${A}${B}", A="1", B="10")
    return Truth(
        change=label(before, (given("A", "2"), given("B", "20")), CLASSIC),
        right=((fork_of(A, B),), (fork_of(A), fork_of(B, step=4))),
        wrong=((fork_of(A),), (fork_of(B),), (fork_of(B), fork_of(A, step=4))),
    )


def either_suffices() -> Truth:
    """A goes and B is another one: with either of them the label would be what it was."""
    before = replace(subject_with("${A:-${B}}", A="x", B="x"), stages=())
    lines = tuple(
        Line(keyword=keyword, words=(word,))
        for keyword, word in (("ARG", "A"), ("ARG", "B"), ("LABEL", "x=${A:-${B}}"))
    )
    before = replace(before, stages=(Stage(name="s0", lines=lines),))
    return Truth(
        change=label(before, (given("A", ""), given("B", "y")), CLASSIC),
        right=((fork_of(A),), (fork_of(B),)),
        wrong=((fork_of(A, B),), (), (fork_of(UNKNOWN),)),
    )


def real_beside_inert() -> Truth:
    """A file's content matters, and a swallowed argument does not."""
    before = subject_with("${A:+x}", A="1", B="")
    inert = label(before, (given("A", "2"),), CLASSIC)
    content = Change(
        name="content", after=inert.after, causes=(Expected(code="content", names=frozenset("f")),)
    )
    return Truth(
        change=inert.followed_by(content),
        right=((fork_of(CONTENT),),),
        wrong=(
            (fork_of(CONTENT, A),),
            (fork_of(A),),
            (fork_of(CONTENT), fork_of(A, step=4, status=SUSPECTED)),
            (fork_of(("content", "other")),),
            (),
        ),
    )


TRUTHS: list[Callable[[], Truth]] = [
    swallowed,
    nothing_matters,
    both_needed,
    either_suffices,
    real_beside_inert,
]


@pytest.mark.parametrize("truth", TRUTHS, ids=lambda each: each.__name__)
def test_what_is_right_is_accepted(truth: Callable[[], Truth]) -> None:
    found = truth()
    for forks in found.right:
        assert problem_of(found.change, *forks) == ""


@pytest.mark.parametrize("truth", TRUTHS, ids=lambda each: each.__name__)
def test_every_lie_is_noticed(truth: Callable[[], Truth]) -> None:
    found = truth()
    for forks in found.wrong:
        assert problem_of(found.change, *forks), forks


def test_a_later_fork_that_an_engine_confirms_has_to_be_proven() -> None:
    change = both_needed().change
    forks = (fork_of(A, B), fork_of(B, step=4, status=SUSPECTED))
    below = Case(change=change, places=PLACES)
    assert judge(forks, below).problem == ""
    assert judge(forks, replace(below, confirmed=frozenset({4}))).problem


def test_inert_changes_are_counted_as_such() -> None:
    assert swallowed().change.inert == ("given A",)
    assert swallowed().change.partial
    assert nothing_matters().change.inert == ("given A", "given UNKNOWN")
    assert not nothing_matters().change.matters
    assert both_needed().change.inert == ()
    assert [len(step.allowed) for step in either_suffices().change.steps] == [2]
