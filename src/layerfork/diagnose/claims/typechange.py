"""Paths whose kind differs: everything else about them follows from that."""

from collections.abc import Iterable, Iterator, Sequence

from layerfork.diagnose.claims.entryrule import claim_paths, entry_findings, one_sided_paths
from layerfork.diagnose.claims.rule import Case, Finding
from layerfork.diagnose.claims.wording import show_name, show_type
from layerfork.diagnose.compare.parts import Difference
from layerfork.record.cause import CauseCode, Trait, codes_with

OWNED_BY_KIND = codes_with(Trait.KIND)
"""Attributes that cannot stay equal, or need not, when the kind of an entry changes."""
USER_XATTR = "user."
"""Attributes of this namespace exist on files and directories alone. Source: xattr(7)."""


DIRECTORY = frozenset({"5", "directory"})


def type_findings(
    case: Case, unclaimed: tuple[Difference, ...], own: Sequence[Difference], *, code: CauseCode, remedy: str
) -> Iterator[Finding]:
    """Findings for type differences at paths that both sides have; each claims what follows from it."""
    absent = frozenset().union(*one_sided_paths(case, unclaimed))
    kinds = {each.path for each in own if each.cause == "entry-type"}
    own = [
        each
        for each in own
        if each.path not in absent and (each.cause == "entry-type" or each.path not in kinds)
    ]
    by_kind = [each for each in own if each.cause == "entry-type"]
    by_target = [each for each in own if each.cause != "entry-type"]
    for finding in (
        *entry_findings(case, by_kind, code=code, noun="as", remedy=remedy, show=show_type),
        *entry_findings(case, by_target, code=code, noun="as", remedy=remedy, show=_show_hard_link),
    ):
        claimed = frozenset(finding.claims)
        paths = frozenset(each.path for each in claimed)
        directories = {each.path for each in claimed if DIRECTORY & {each.writer, each.reader}}
        follows = [
            *(each for each in claim_paths(unclaimed, paths) if _owned_by_kind(each) and each not in claimed),
            *(each for each in unclaimed if each.path in directories and _ends_as_directory(each)),
            *claim_paths(unclaimed, paths_below(absent, directories)),
        ]
        yield Finding(
            code=code,
            path=finding.path,
            field=finding.field,
            writer=finding.writer,
            reader=finding.reader,
            what=finding.what.replace(" sent as ", " sent it as "),
            evidence=finding.evidence,
            remedy=remedy,
            more=finding.more,
            claims=(*finding.claims, *follows),
        )


def paths_below(absent: Iterable[str], directories: Iterable[str]) -> frozenset[str]:
    """Of the paths that one side lacks those below a path that is a directory on the other side alone."""
    above = tuple(f"{each}/" for each in directories)
    return frozenset(path for path in absent if path.startswith(above)) if above else frozenset()


def _ends_as_directory(difference: Difference) -> bool:
    """One name, with the slash that names of directories end in on one side."""
    if difference.cause != "entry-name" or difference.one_sided:
        return False
    return (difference.writer or "").rstrip("/") == (difference.reader or "").rstrip("/")


def _owned_by_kind(difference: Difference) -> bool:
    if difference.cause == "xattr":
        return difference.one_sided and difference.field.startswith(USER_XATTR)
    return difference.cause in OWNED_BY_KIND


def _show_hard_link(target: str) -> str:
    return f"a hard link to {show_name(target)}"
