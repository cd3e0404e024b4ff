"""A cause for the recipe: an ENV line reads otherwise."""

from collections.abc import Iterator

from layerfork.diagnose.causes.forms import value_finding
from layerfork.diagnose.causes.rule import Case, CauseRule, Finding
from layerfork.diagnose.compare.alignment import keyword
from layerfork.diagnose.compare.differences import Difference
from layerfork.diagnose.undo.lines import undo_line
from layerfork.record.cause import CauseCode

CODE = CauseCode["ENV_LINE"]


def find(case: Case, unclaimed: tuple[Difference, ...]) -> Iterator[Finding]:
    """The text of an ENV differs."""
    for difference in unclaimed:
        if difference.cause == "instruction" and keyword(case.reader_view.step.instruction) == "ENV":
            yield value_finding(
                case,
                difference,
                code=CODE,
                what="the ENV lines differ",
                remedy="write them alike",
            )


RULES = (CauseRule(code=CODE, find=find, undo=undo_line),)
