"""The reader sent entries that the writer did not send."""

from collections.abc import Iterator

from layerfork.explain.claims.entryrule import one_sided_paths
from layerfork.explain.claims.presence import presence_finding
from layerfork.explain.claims.rule import Case, CauseRule, Finding
from layerfork.explain.compare.differences import Difference

CODE = "entry-extra"


def find(case: Case, open_: tuple[Difference, ...]) -> Iterator[Finding]:
    """Paths that the writer's key does not know."""
    absent_in_writer, _ = one_sided_paths(case, open_)
    yield from presence_finding(case, open_, absent_in_writer, code=CODE)


RULE = CauseRule(code=CODE, builders=("classic", "buildkit", "buildah"), find=find)
