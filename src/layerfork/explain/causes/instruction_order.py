"""A step stands at another place in the Dockerfile."""

from layerfork.explain.difference import Difference
from layerfork.explain.finding import Case
from layerfork.explain.value_rule import value_rule


def say(case: Case, difference: Difference) -> str:
    """Where the step stands in each of the two."""
    return (
        f"`{difference.field}` is {difference.reader} for {case.reader_name}, "
        f"{difference.writer} for {case.writer_name}"
    )


RULE = value_rule(
    code="instruction-order",
    builders=("classic", "buildkit", "buildah"),
    say=say,
    remedy="keep the order of instructions; put what changes often last",
)
