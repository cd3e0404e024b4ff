"""A directory that only one of the two sent as an entry of its own."""

from collections.abc import Iterator, Set
from itertools import accumulate

from layerfork.explain.claims.entryrule import (
    claim_paths,
    describe_entry,
    distinct_paths,
    one_sided_paths,
    where,
)
from layerfork.explain.claims.rule import Case, CauseRule, Finding
from layerfork.explain.compare.differences import Difference, entry_paths
from layerfork.model.cachekey import CacheKey

CODE = "directory-entry"
_DIRECTORY = frozenset({"5", "directory"})


def find(case: Case, open_: tuple[Difference, ...]) -> Iterator[Finding]:
    """Own differences, and directories among the entries that one side lacks."""
    absent_in_writer, absent_in_reader = one_sided_paths(case, open_)
    directories = {
        each.path
        for each in open_
        if each.cause == "entry-type" and (each.reader if each.writer is None else each.writer) in _DIRECTORY
    }
    own = {each.path for each in open_ if each.cause == CODE}
    implied = _implied(case.writer_view.key, directories & absent_in_writer) | _implied(
        case.reader_view.key, directories & absent_in_reader
    )
    paths = frozenset(own | implied)
    claims = claim_paths(open_, paths)
    if not claims:
        return
    first = claims[0].path
    sender, other = case.reader_name, case.writer_name
    if first in absent_in_reader or _says_none(claims, first):
        sender, other = other, sender
    yield Finding(
        code=CODE,
        path=first,
        field="entry",
        writer="absent" if sender == case.reader_name else describe_entry(claims, first),
        reader="absent" if sender != case.reader_name else describe_entry(claims, first),
        what=f"{sender} sent an entry for the directory, {other} sent none"
        + where(case, distinct_paths(claims)),
        evidence=tuple(f"{path}: {describe_entry(claims, path)}" for path in distinct_paths(claims)[:20]),
        remedy="write entries for directories into the tar (list directories, not only files)",
        more=len(distinct_paths(claims)) - 1,
        claims=tuple(claims),
    )


def _implied(key: CacheKey, directories: Set[str]) -> frozenset[str]:
    """Those of the directories that a key knows something below of."""
    if not directories:
        return frozenset()
    above = {parent for path in entry_paths(key) for parent in accumulate(path.split("/"), "{}/{}".format)}
    return frozenset(directories & above)


def _says_none(claims: list[Difference], path: str) -> bool:
    """The reader's key says that there is no entry: it has a part that stands for one."""
    return any(each.cause == CODE and each.reader is not None for each in claims if each.path == path)


RULE = CauseRule(code=CODE, builders=("classic", "buildkit"), find=find)
