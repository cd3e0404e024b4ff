"""What kind of entry a path is, and where links lead."""

from collections.abc import Iterator
from dataclasses import replace

from layerfork.diagnose.claims.entryrule import entry_findings
from layerfork.diagnose.claims.links import link_findings
from layerfork.diagnose.claims.rule import Case, CauseRule, Finding
from layerfork.diagnose.claims.typechange import type_findings
from layerfork.diagnose.claims.wording import show_name, show_type
from layerfork.diagnose.compare.parts import Difference
from layerfork.diagnose.compare.signature import is_name
from layerfork.diagnose.undo.entries import undo_link
from layerfork.record.cause import CauseCode

_LINK = frozenset({"1", "hardlink"})


def find_hardlink(case: Case, unclaimed: tuple[Difference, ...]) -> Iterator[Finding]:
    """Own differences, and type differences with a hard link on one side."""
    own = [
        each
        for each in unclaimed
        if (each.cause == CauseCode.HARDLINK and not is_name(each))
        or (each.cause == "entry-type" and _LINK & {each.writer, each.reader})
    ]
    yield from type_findings(
        case,
        unclaimed,
        own,
        code=CauseCode.HARDLINK,
        remedy="break hard links in the context (`cp --remove-destination`)",
    )


HARDLINK = CauseRule(code=CauseCode.HARDLINK, find=find_hardlink, undo=undo_link)
"""One client sends a second name of a file as a hard link, the other as a file of its own."""


ENTRY_TYPE_REMEDY = "check out links as links everywhere (git core.symlinks), or replace them by files"
ONE_KIND = "let each path be of one kind in every build"
"""What no setting of git's turns into each other."""


def find_entry_type(case: Case, unclaimed: tuple[Difference, ...]) -> Iterator[Finding]:
    """Type differences without a hard link on either side, with all that follows from them."""
    left = unclaimed
    for finding in link_findings(
        case, unclaimed, code=CauseCode.ENTRY_TYPE, noun="it as", remedy=ENTRY_TYPE_REMEDY, type_changed=True
    ):
        claimed = set(finding.claims)
        left = tuple(each for each in unclaimed if each not in claimed)
        yield _with_remedy(finding)
    own = [each for each in left if each.cause == CauseCode.ENTRY_TYPE]
    for finding in type_findings(case, left, own, code=CauseCode.ENTRY_TYPE, remedy=ENTRY_TYPE_REMEDY):
        yield _with_remedy(finding)


def _with_remedy(finding: Finding) -> Finding:
    """A checkout may turn a link into a file; what became something else is another edit."""
    kinds = finding.writer, finding.reader
    linked = any(kind.startswith(show_type("2")) for kind in kinds)
    return finding if linked and show_type("0") in kinds else replace(finding, remedy=ONE_KIND)


ENTRY_TYPE = CauseRule(code=CauseCode.ENTRY_TYPE, find=find_entry_type, undo=undo_link)
"""One path is of two kinds: a file here, a symbolic link or a directory there."""


LINK_TARGET_REMEDY = "make the link point to the same text everywhere (relative, not absolute)"


def find_link_target(case: Case, unclaimed: tuple[Difference, ...]) -> Iterator[Finding]:
    """Links with other texts, by what they lead to; then own differences that are left."""
    left = unclaimed
    for finding in link_findings(
        case,
        unclaimed,
        code=CauseCode.LINK_TARGET,
        noun="it as",
        remedy=LINK_TARGET_REMEDY,
        type_changed=False,
    ):
        claimed = set(finding.claims)
        left = tuple(each for each in unclaimed if each not in claimed)
        yield finding
    own = [each for each in left if each.cause == CauseCode.LINK_TARGET]
    yield from entry_findings(
        case, own, code=CauseCode.LINK_TARGET, noun="link target", remedy=LINK_TARGET_REMEDY, show=show_name
    )


LINK_TARGET = CauseRule(code=CauseCode.LINK_TARGET, find=find_link_target, undo=undo_link)
"""Where a symbolic or hard link points to."""


RULES = (
    HARDLINK,
    ENTRY_TYPE,
    LINK_TARGET,
)
