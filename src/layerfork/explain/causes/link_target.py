"""Where a symbolic or hard link points to."""

from collections.abc import Iterator

from layerfork.explain.claims.entryrule import entry_findings
from layerfork.explain.claims.links import link_findings
from layerfork.explain.claims.rule import Case, CauseRule, Finding
from layerfork.explain.claims.wording import show_name
from layerfork.explain.compare.differences import Difference

CODE = "link-target"
REMEDY = "make the link point to the same text everywhere (relative, not absolute)"


def find(case: Case, open_: tuple[Difference, ...]) -> Iterator[Finding]:
    """Links with other texts, by what they lead to; then own differences that are left."""
    left = open_
    for finding in link_findings(case, open_, code=CODE, noun="it as", remedy=REMEDY, type_changed=False):
        claimed = set(finding.claims)
        left = tuple(each for each in open_ if each not in claimed)
        yield finding
    own = [each for each in left if each.cause == CODE]
    yield from entry_findings(case, own, code=CODE, noun="link target", remedy=REMEDY, show=show_name)


RULE = CauseRule(code=CODE, builders=("classic", "buildkit", "buildah"), find=find)
