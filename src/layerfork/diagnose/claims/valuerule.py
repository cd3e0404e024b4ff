"""Rules about values that are no context entries: arguments, environment, options, texts."""

from collections.abc import Callable, Iterator

from layerfork.diagnose.claims.rule import Case, CauseRule, Finding, Undo
from layerfork.diagnose.claims.wording import shorten_digests
from layerfork.diagnose.compare.parts import STEP_FIELD, Difference
from layerfork.diagnose.matching.alignment import normalise
from layerfork.record.cause import CauseCode

Say = Callable[[Case, Difference], str]


def value_rule(*, code: CauseCode, undo: Undo, say: Say, remedy: str) -> CauseRule:
    """A rule that names each of its differences on its own."""

    def find(case: Case, unclaimed: tuple[Difference, ...]) -> Iterator[Finding]:
        for difference in unclaimed:
            if difference.cause == code:
                yield value_finding(case, difference, code=code, what=say(case, difference), remedy=remedy)

    return CauseRule(code=code, find=find, undo=undo)


def value_finding(case: Case, difference: Difference, *, code: CauseCode, what: str, remedy: str) -> Finding:
    """The finding for one difference, both values kept whole in the evidence."""
    label = " ".join(filter(None, (difference.label, difference.path))) or code
    return Finding(
        code=code,
        path=difference.path,
        field=difference.field,
        writer=difference.writer or "",
        reader=difference.reader or "",
        what=shorten_digests(what),
        evidence=(
            f"{label}, {case.reader_name}: {show_value(difference.reader)}",
            f"{label}, {case.writer_name}: {show_value(difference.writer)}",
        ),
        remedy=remedy,
        claims=(difference,),
    )


def show_value(value: str | None) -> str:
    """A value in a sentence: no value is ``absent``, an empty one is ``''``."""
    return "absent" if value is None else (value or "''")


def say_values(noun: str) -> Say:
    """``<reader> has <noun> X, <writer> has Y``, with the part's path where it has one."""

    def say(case: Case, difference: Difference) -> str:
        own = difference.field in (noun, difference.cause, "value", "env", "checksum")
        subject = " ".join(filter(None, (noun, difference.path or ("" if own else difference.label))))
        return (
            f"{subject} is {show_value(difference.reader)} for {case.reader_name}, "
            f"{show_value(difference.writer)} for {case.writer_name}"
        )

    return say


def say_step(case: Case, difference: Difference) -> str:
    """Words for a step that one of the two has not."""
    if difference.field != STEP_FIELD:
        return ""
    if difference.writer is None:
        own = difference.reader == normalise(case.reader_view.step.instruction)
        return f"only {case.reader_name} has {'this step' if own else f'the step `{difference.reader}`'}"
    return f"{case.reader_name} lacks the step `{difference.writer}`, which {case.writer_name} has before it"
