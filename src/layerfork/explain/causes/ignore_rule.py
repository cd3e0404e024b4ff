"""The two builds left out different files because they applied different ignore rules."""

from collections.abc import Iterator
from itertools import accumulate

from layerfork.explain.copied import context_paths
from layerfork.explain.difference import Difference
from layerfork.explain.entry_rule import claim_paths, distinct_paths, one_sided_paths
from layerfork.explain.finding import Case, CauseRule, Finding
from layerfork.explain.wording import name_paths
from layerfork.model.record import BuildRecord

CODE = "ignore-rule"


def find(case: Case, open_: tuple[Difference, ...]) -> Iterator[Finding]:
    """Entries of one side that a pattern which only the other side applied names literally."""
    mine, theirs = _patterns(case.writer.record), _patterns(case.reader.record)
    absent_in_writer, absent_in_reader = one_sided_paths(case, open_)
    instruction = case.reader_view.step.instruction
    paths = frozenset(
        path for path in absent_in_writer if _named(instruction, path, mine - theirs)
    ) | frozenset(path for path in absent_in_reader if _named(instruction, path, theirs - mine))
    claims = claim_paths(open_, paths)
    if not claims:
        return
    yield Finding(
        code=CODE,
        path=claims[0].path,
        field="ignore patterns",
        writer=" ".join(sorted(mine - theirs)),
        reader=" ".join(sorted(theirs - mine)),
        what=(
            f"{case.reader_name} and {case.writer_name} applied different ignore rules "
            f"to {name_paths(distinct_paths(claims))}"
        ),
        evidence=(
            f"patterns of {case.reader_name} only: {' '.join(sorted(theirs - mine)) or 'none'}",
            f"patterns of {case.writer_name} only: {' '.join(sorted(mine - theirs)) or 'none'}",
        ),
        remedy="use one ignore file for all clients (.dockerignore, no <Dockerfile>.dockerignore beside it)",
        more=len(distinct_paths(claims)) - 1,
        claims=tuple(claims),
    )


def _patterns(record: BuildRecord) -> frozenset[str]:
    """Patterns that are plain paths; with an exception among them none of them is certain."""
    excludes = record.context.excludes if record.context else ()
    if any(pattern.startswith("!") for pattern in excludes):
        return frozenset()
    return frozenset(
        pattern.strip("/") for pattern in excludes if not any(special in pattern for special in "*?[\\")
    )


def _named(instruction: str, path: str, patterns: frozenset[str]) -> bool:
    return any(
        above in patterns
        for place in context_paths(instruction, path)
        for above in accumulate(place.split("/"), "{}/{}".format)
    )


RULE = CauseRule(code=CODE, builders=("classic", "buildkit", "buildah"), find=find)
