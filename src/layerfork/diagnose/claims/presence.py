"""Entries that only one of two builds sent."""

from collections.abc import Iterator

from layerfork.diagnose.claims.entryrule import (
    EVIDENCE_LIMIT,
    claim_paths,
    describe_entry,
    distinct_paths,
)
from layerfork.diagnose.claims.rule import Case, Finding
from layerfork.diagnose.claims.wording import count_by_directory, name_paths
from layerfork.diagnose.compare.parts import Difference
from layerfork.record.cause import CauseCode

REMEDY = (
    "make every client send the same files: one .dockerignore that all of them apply, "
    "and no generated or untracked files in the context"
)


def presence_finding(
    case: Case, unclaimed: tuple[Difference, ...], paths: frozenset[str], *, code: CauseCode
) -> Iterator[Finding]:
    """One finding for all entries at ``paths`` (which one side lacks), and for explicit differences."""
    own = frozenset(each.path for each in unclaimed if each.cause == code)
    claims = claim_paths(unclaimed, paths | own)
    if not claims:
        return
    names = distinct_paths(claims)
    missing = code == "entry-missing"
    lines = [f"{name}: {describe_entry(claims, name)}" for name in names[:EVIDENCE_LIMIT]]
    if len(names) > EVIDENCE_LIMIT:
        lines.append(f"… and {len(names) - EVIDENCE_LIMIT:,} more, by directory:")
        lines.extend(count_by_directory(names, EVIDENCE_LIMIT))
    sender, other = (case.writer_name, case.reader_name) if missing else (case.reader_name, case.writer_name)
    yield Finding(
        code=code,
        path=names[0],
        field="entry",
        writer="present" if missing else "absent",
        reader="absent" if missing else "present",
        what=f"{sender} sent {name_paths(names)}, {other} did not",
        evidence=tuple(lines),
        remedy=REMEDY,
        more=len(names) - 1,
        claims=tuple(claims),
    )
