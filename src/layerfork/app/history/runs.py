"""Which earlier build a build of a CI run could have reused: one of its branch, else one of its base."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from layerfork.record.history import CIRun

_Build = TypeVar("_Build")


def reusable_by(
    run: CIRun, earlier: Sequence[_Build], run_of: Callable[[_Build], CIRun | None]
) -> tuple[list[_Build], str]:
    """The builds of the run whose cache a run could have used, and which run that is, in words.

    ``earlier`` are builds in the order of their times. Builds of a pull or merge request and builds of its
    branch are apart, as their caches are on GitHub. Without such a run the list is empty.
    Source: docs.github.com, "Restrictions for accessing a cache": a run reads the caches of its own branch or
    request, of the request's base, and of the default branch.
    """
    others = [
        (each, found)
        for each in earlier
        if (found := run_of(each)) is not None and (found.id != run.id or found.attempt < run.attempt)
    ]
    own = [pair for pair in others if _line(pair[1]) == _line(run)]
    base = [pair for pair in others if run.base and _line(pair[1]) == (run.base, False)]
    for known, name in ((own, f"the previous build of {_named(run)}"), (base, f"its base {run.base}")):
        if known:
            newest = known[-1][1]
            made = [each for each, found in known if (found.id, found.attempt) == (newest.id, newest.attempt)]
            return made, f"{name}, run {newest.id}"
    return [], _none_known(run)


def _line(run: CIRun) -> tuple[str, bool]:
    return run.branch, run.of_request


def _named(run: CIRun) -> str:
    return f"the request of {run.branch}" if run.of_request else run.branch


def _none_known(run: CIRun) -> str:
    base = f" or of its base {run.base}" if run.base and _line(run) != (run.base, False) else ""
    return f"none is known: no earlier build of {_named(run)}{base} was found"
