"""The reader did not send entries that the writer sent."""

from collections.abc import Iterator

from layerfork.explain.difference import Difference
from layerfork.explain.entry_rule import one_sided_paths
from layerfork.explain.finding import Case, CauseRule, Finding
from layerfork.explain.presence import presence_finding

CODE = "entry-missing"


def find(case: Case, open_: tuple[Difference, ...]) -> Iterator[Finding]:
    """Paths that the reader's key does not know."""
    _, absent_in_reader = one_sided_paths(case, open_)
    yield from presence_finding(case, open_, absent_in_reader, code=CODE)


RULE = CauseRule(code=CODE, builders=("classic", "buildkit", "buildah"), find=find)
