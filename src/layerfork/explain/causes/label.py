"""A label: given with the request it becomes a step of its own at the end."""

from collections.abc import Iterator

from layerfork.explain.claims.rule import Case, CauseRule, Finding
from layerfork.explain.claims.valuerule import say_step, show_value, value_finding
from layerfork.explain.compare.differences import Difference

CODE = "label"
REMEDY = "give every client the same labels, or label the image after the build"


def find(case: Case, open_: tuple[Difference, ...]) -> Iterator[Finding]:
    """Own differences: another value, or a LABEL step that only one of the two has."""
    for difference in open_:
        if difference.cause == CODE:
            what = say_step(case, difference) or (
                f"{case.reader_name} has `{show_value(difference.reader)}`, "
                f"{case.writer_name} has `{show_value(difference.writer)}`"
            )
            yield value_finding(case, difference, code=CODE, what=what, remedy=REMEDY)


RULE = CauseRule(code=CODE, builders=("classic", "buildah"), find=find)
