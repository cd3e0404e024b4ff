"""One client in two versions that write contexts differently."""

from collections.abc import Iterator

from layerfork.explain.claims.rule import Case, CauseRule, Finding, Strength
from layerfork.explain.compare.differences import Difference
from layerfork.explain.compare.signature import DECIDED_BY_CLIENT

CODE = "client-version"
MAY_DEPEND_ON_CLIENT = DECIDED_BY_CLIENT | {"hardlink", "directory-entry", "xattr"}
"""Causes that the client's own code decides, or may decide by what it leaves out."""


def find(case: Case, open_: tuple[Difference, ...]) -> Iterator[Finding]:
    """Such a difference between two versions of one client: a hint beside the cause itself."""
    mine, theirs = case.writer.record.client, case.reader.record.client
    same = mine.id and mine.id.partition("@")[0] == theirs.id.partition("@")[0]
    if not (same and mine.version and theirs.version) or mine.version == theirs.version:
        return
    if not any(each.cause in MAY_DEPEND_ON_CLIENT for each in case.site.differences):
        return
    yield Finding(
        code=CODE,
        field="client version",
        writer=mine.version,
        reader=theirs.version,
        what=f"{case.reader_name} is version {theirs.version}, {case.writer_name} is {mine.version}",
        evidence=(
            f"version of {case.reader_name}: {theirs.version}",
            f"version of {case.writer_name}: {mine.version}",
        ),
        remedy="use one version of the client everywhere",
        strength=Strength.GUESS,
    )


RULE = CauseRule(code=CODE, builders=("classic", "buildkit", "buildah"), find=find)
