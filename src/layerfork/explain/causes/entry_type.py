"""One path is of two kinds: a file here, a symbolic link there."""

from collections.abc import Iterator

from layerfork.explain.difference import Difference
from layerfork.explain.finding import Case, CauseRule, Finding
from layerfork.explain.type_change import type_findings

CODE = "entry-type"


def find(case: Case, open_: tuple[Difference, ...]) -> Iterator[Finding]:
    """Type differences without a hard link on either side, with all that follows from them."""
    own = [each for each in open_ if each.cause == CODE]
    yield from type_findings(
        case,
        open_,
        own,
        code=CODE,
        remedy="check out links as links everywhere (git core.symlinks), or replace them by files",
    )


RULE = CauseRule(code=CODE, builders=("classic", "buildkit", "buildah"), find=find)
