"""One path is of two kinds: a file here, a symbolic link there."""

from collections.abc import Iterator

from layerfork.explain.claims.links import link_findings
from layerfork.explain.claims.rule import Case, CauseRule, Finding
from layerfork.explain.claims.typechange import type_findings
from layerfork.explain.compare.differences import Difference

CODE = "entry-type"
REMEDY = "check out links as links everywhere (git core.symlinks), or replace them by files"


def find(case: Case, open_: tuple[Difference, ...]) -> Iterator[Finding]:
    """Type differences without a hard link on either side, with all that follows from them."""
    left = open_
    for finding in link_findings(case, open_, code=CODE, noun="it as", remedy=REMEDY, type_changed=True):
        claimed = set(finding.claims)
        left = tuple(each for each in open_ if each not in claimed)
        yield finding
    own = [each for each in left if each.cause == CODE]
    yield from type_findings(case, left, own, code=CODE, remedy=REMEDY)


RULE = CauseRule(code=CODE, builders=("classic", "buildkit", "buildah"), find=find)
