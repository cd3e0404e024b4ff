"""The reader builds stages that the writer was not asked for."""

from layerfork.explain.claims.rule import Case
from layerfork.explain.claims.valuerule import value_rule
from layerfork.explain.compare.differences import Difference


def say(case: Case, difference: Difference) -> str:
    """Which target each of the two asked for."""
    reader, writer = difference.reader or "the last stage", difference.writer or "the last stage"
    return f"{case.reader_name} builds {reader}, {case.writer_name} built only {writer}"


RULE = value_rule(
    code="target",
    builders=("classic", "buildkit", "buildah"),
    say=say,
    remedy="build the same --target with every client, or build the wider one first",
)
