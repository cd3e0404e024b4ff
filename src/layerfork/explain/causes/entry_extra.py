"""The reader sent entries that the writer did not send."""

from collections.abc import Iterator

from layerfork.explain.difference import Difference
from layerfork.explain.entry_rule import one_sided_paths
from layerfork.explain.finding import Case, CauseRule, Finding
from layerfork.explain.presence import presence_finding

CODE = "entry-extra"


def find(case: Case, open_: tuple[Difference, ...]) -> Iterator[Finding]:
    """Paths that the writer's key does not know."""
    absent_in_writer, _ = one_sided_paths(case, open_)
    yield from presence_finding(case, open_, absent_in_writer, code=CODE)


RULE = CauseRule(code=CODE, builders=("classic", "buildkit", "buildah"), find=find)
