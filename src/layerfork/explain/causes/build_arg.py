"""A build argument has another value, or only one of the builds has it."""

from layerfork.explain.claims.rule import Case
from layerfork.explain.claims.variablerule import variable_rule
from layerfork.explain.compare.differences import Difference


def say(case: Case, difference: Difference) -> str:
    """Which value each of the two had."""
    name = difference.path or difference.field
    reader = _had(case.reader_name, name, difference.reader)
    return f"{reader}, {_had(case.writer_name, name, difference.writer)}"


def _had(client: str, name: str, value: str | None) -> str:
    return f"{client} had no build argument {name}" if value is None else f"{client} had {name}={value}"


RULE = variable_rule(
    code="build-arg",
    builders=("classic", "buildkit", "buildah"),
    say=say,
    remedy="pass the same value, or declare the ARG after the steps that do not need it",
)
