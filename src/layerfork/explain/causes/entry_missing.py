"""The reader did not send entries that the writer sent."""

from collections.abc import Iterator

from layerfork.explain.claims.entryrule import one_sided_paths
from layerfork.explain.claims.presence import presence_finding
from layerfork.explain.claims.rule import Case, CauseRule, Finding
from layerfork.explain.compare.differences import Difference

CODE = "entry-missing"


def find(case: Case, open_: tuple[Difference, ...]) -> Iterator[Finding]:
    """Paths that the reader's key does not know."""
    _, absent_in_reader = one_sided_paths(case, open_)
    yield from presence_finding(case, open_, absent_in_reader, code=CODE)


RULE = CauseRule(code=CODE, builders=("classic", "buildkit", "buildah"), find=find)
