"""Compares what the explainer names with what a mutation was labelled with."""

import posixpath
from dataclasses import dataclass

from layerfork.cachekey import keys_of
from layerfork.explain import JudgedBuild, explain_pair
from layerfork.model.judgement import Cause, CauseStatus, Fork
from layerfork.model.record import BuildRecord
from mutations.change import Change, Expected


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """What the explainer said about one pair of records."""

    causes: tuple[str, ...]
    """``code path STATUS``, in order."""
    problem: str = ""
    """Empty when it is exactly what had to be said."""
    suspected: int = 0
    """Causes that are only SUSPECTED, where no engine could prove them: a step above missed as well."""


def explain(before: BuildRecord, after: BuildRecord, change: Change, *, unproven: bool) -> Named:
    """Explain a pair and compare with the labels."""
    forks = explain_pair(_judged("baseline", before), _judged("mutant", after))
    return judge(forks, change.causes, unproven=unproven)


def _judged(name: str, record: BuildRecord) -> JudgedBuild:
    return JudgedBuild(client=name, record=record, keys=keys_of(record))


def judge(forks: tuple[Fork, ...], expected: tuple[Expected, ...], *, unproven: bool = False) -> Named:
    """Exactly the expected codes, at the expected paths, PROVEN wherever an engine could tell.

    With ``unproven`` no engine could: the steps hit what another build had stored, or two changes of
    one step cannot be told apart.
    """
    named = [(number, cause) for number, fork in enumerate(forks) for cause in fork.causes]
    problems = []
    codes, wanted = {cause.code for _, cause in named}, {each.code for each in expected}
    if codes != wanted:
        problems.append(f"named {sorted(codes)}, not {sorted(wanted)}")
    problems += [
        f"{cause.code} names {cause.path}"
        for _, cause in named
        if cause.code in wanted and not _at_expected_path(cause, expected)
    ]
    suspected = 0
    for number, cause in named:
        if (number or unproven) and cause.status is CauseStatus.SUSPECTED:
            suspected += 1
        elif cause.status is not CauseStatus.PROVEN:
            problems.append(f"{cause.code} is {cause.status.value}")
    causes = tuple(f"{cause.code} {cause.path} {cause.status.value}" for _, cause in named)
    return Named(causes=causes, problem="; ".join(problems), suspected=suspected)


def _at_expected_path(cause: Cause, expected: tuple[Expected, ...]) -> bool:
    names = frozenset().union(*(each.names for each in expected if each.code == cause.code))
    return not names or not cause.path or posixpath.basename(cause.path) in names
