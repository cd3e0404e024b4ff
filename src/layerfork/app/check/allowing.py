"""Forks that `layerfork check` lets pass: by the line or step where they are, or by their causes."""

import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from layerfork.errors import UsageError
from layerfork.record.answer import Answer, Fork, Judgement, Verdict
from layerfork.record.cause import CauseCode

_LINE = re.compile(r"(.*):([1-9][0-9]*)")
_STEP = re.compile(r"step[ :]([1-9][0-9]*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowed:
    """What may be built again."""

    causes: frozenset[str] = frozenset()
    lines: frozenset[tuple[str, int]] = frozenset()
    """Name of a Dockerfile, and where an instruction begins in it, as answers say it."""
    steps: frozenset[int] = frozenset()

    def covers(self, fork: Fork, answer: Answer | None) -> bool:
        """Whether a fork is at an allowed place, or all its causes are allowed."""
        if fork.step in self.steps:
            return True
        if answer is not None and (answer.file, answer.line) in self.lines:
            return True
        return bool(fork.causes) and self.causes.issuperset(cause.code for cause in fork.causes)


NOTHING_ALLOWED = Allowed()


def read_allowed(words: Sequence[str]) -> Allowed:
    """What ``--allow`` names: ``build-arg``, ``Dockerfile:8`` or ``step 3``.

    Raises: UsageError.
    """
    causes, lines, steps = set[str](), set[tuple[str, int]](), set[int]()
    for word in words:
        if found := _STEP.fullmatch(word):
            steps.add(int(found[1]))
        elif found := _LINE.fullmatch(word):
            lines.add((found[1], int(found[2])))
        elif word in set(CauseCode):
            causes.add(word)
        else:
            raise _not_allowed(word)
    return Allowed(causes=frozenset(causes), lines=frozenset(lines), steps=frozenset(steps))


def _not_allowed(word: str) -> UsageError:
    near = difflib.get_close_matches(word, [str(code) for code in CauseCode], n=1)
    meant = f"; did you mean {near[0]}?" if near else ""
    return UsageError(
        f"--allow {word} is no cause, line or step{meant}",
        hint="write it as answers do: build-arg, Dockerfile:8 or `step 3`; `layerfork explain` lists causes",
    )


def unmatched(
    allowed: Allowed,
    found: Iterable[tuple[Fork, Answer]],
    others: Iterable[tuple[tuple[str, int], int]] = (),
) -> tuple[str, ...]:
    """A note on what is allowed and was not there.

    ``found`` are all forks; ``others`` the line and index of steps that were built again unexplained.
    """
    causes, lines, steps = set[str](), set[tuple[str, int]](), set[int]()
    for fork, answer in found:
        causes |= {str(cause.code) for cause in fork.causes}
        lines.add((answer.file, answer.line))
        steps.add(fork.step)
    for line, step in others:
        lines.add(line)
        steps.add(step)
    words = (
        *sorted(allowed.causes - causes),
        *(f"{file}:{line}" for file, line in sorted(allowed.lines - lines)),
        *(f"`step {step}`" for step in sorted(allowed.steps - steps)),
    )
    return (f"nothing needed --allow {', '.join(words)}",) if words else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sifted:
    """Forks that count, and those that do not."""

    judgement: Judgement
    answers: tuple[Answer, ...]
    allowed: tuple[Fork, ...]
    allowed_answers: tuple[Answer, ...]


def sift(judgement: Judgement, answers: Sequence[Answer], allowed: Allowed) -> Sifted:
    """Take the forks that are allowed out of a judgement that has an answer to each of its forks."""
    forks: list[Fork] = []
    allowed_forks: list[Fork] = []
    kept: list[Answer] = []
    passed: list[Answer] = []
    for fork, answer in zip(judgement.forks, answers, strict=True):
        covered = allowed.covers(fork, answer)
        (allowed_forks if covered else forks).append(fork)
        (passed if covered else kept).append(answer)
    verdict = judgement.verdict
    if verdict is Verdict.FORKED and passed and not kept:
        verdict = Verdict.REUSED
    return Sifted(
        judgement=replace(judgement, verdict=verdict, forks=tuple(forks)),
        answers=tuple(kept),
        allowed=tuple(allowed_forks),
        allowed_answers=tuple(passed),
    )
