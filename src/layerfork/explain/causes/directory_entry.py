"""A directory that only one of the two sent as an entry of its own."""

from collections.abc import Iterator

from layerfork.explain.difference import Difference
from layerfork.explain.entry_rule import claim_paths, describe_entry, distinct_paths, one_sided_paths, where
from layerfork.explain.finding import Case, CauseRule, Finding

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
    paths = frozenset(own | (directories & (absent_in_writer | absent_in_reader)))
    claims = claim_paths(open_, paths)
    if not claims:
        return
    first = claims[0].path
    sender, other = case.reader_name, case.writer_name
    if first in absent_in_reader or any(each.reader is None for each in claims if each.path == first):
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


RULE = CauseRule(code=CODE, builders=("classic", "buildkit"), find=find)
