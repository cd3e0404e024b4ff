"""A step stands at another place in the Dockerfile."""

from layerfork.explain.claims.rule import Case
from layerfork.explain.claims.valuerule import value_rule
from layerfork.explain.compare.differences import Difference


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
