"""The two builds left out different files because they applied different ignore rules."""

from collections.abc import Iterator

from layerfork.buildcontext.ignore.docker_go import go_matcher
from layerfork.errors import UsageError
from layerfork.explain.claims.entryrule import claim_paths, distinct_paths, one_sided_paths
from layerfork.explain.claims.rule import Case, CauseRule, Finding
from layerfork.explain.claims.wording import name_paths
from layerfork.explain.compare.copied import clean_path, context_paths
from layerfork.explain.compare.differences import Difference
from layerfork.model.record import BuildRecord

CODE = "ignore-rule"


def find(case: Case, open_: tuple[Difference, ...]) -> Iterator[Finding]:
    """Entries of one side that the patterns of the other leave out, and its own do not."""
    mine, theirs = _patterns(case.writer.record), _patterns(case.reader.record)
    if mine == theirs:
        return
    absent_in_writer, absent_in_reader = one_sided_paths(case, open_)
    try:
        paths = _left_out(case, absent_in_writer, case.reader.record, mine, theirs)
        paths |= _left_out(case, absent_in_reader, case.writer.record, theirs, mine)
    except UsageError:
        return  # a pattern that Docker refuses: another client has read it its own way
    claims = claim_paths(open_, paths)
    if not claims:
        return
    yield Finding(
        code=CODE,
        path=claims[0].path,
        field="ignore patterns",
        writer=_only(mine, theirs),
        reader=_only(theirs, mine),
        what=(
            f"{case.reader_name} and {case.writer_name} applied different ignore rules "
            f"to {name_paths(distinct_paths(claims))}"
        ),
        evidence=(
            f"patterns of {case.reader_name} only: {_only(theirs, mine) or 'none'}",
            f"patterns of {case.writer_name} only: {_only(mine, theirs) or 'none'}",
        ),
        remedy="use one ignore file for all clients (.dockerignore, no <Dockerfile>.dockerignore beside it)",
        more=len(distinct_paths(claims)) - 1,
        claims=tuple(claims),
    )


def _patterns(record: BuildRecord) -> tuple[str, ...]:
    return record.context.excludes if record.context else ()


def _left_out(
    case: Case,
    absent: frozenset[str],
    sender: BuildRecord,
    others: tuple[str, ...],
    own: tuple[str, ...],
) -> frozenset[str]:
    """Those paths of a key that one build sent, and that the patterns of the other rule out."""
    if not absent or sender.context is None:
        return frozenset()
    sent = {clean_path(entry.name) for entry in sender.context.entries}
    theirs, its = go_matcher(others), go_matcher(own)
    instruction = case.reader_view.step.instruction
    return frozenset(
        path
        for path in absent
        if any(
            place in sent and theirs.excludes(place) and not its.excludes(place)
            for place in context_paths(instruction, path)
        )
    )


def _only(patterns: tuple[str, ...], others: tuple[str, ...]) -> str:
    """Patterns that only one side has, in its order; all of them when the order alone differs."""
    return " ".join(each for each in patterns if each not in others or set(patterns) == set(others))


RULE = CauseRule(code=CODE, builders=("classic", "buildkit", "buildah"), find=find)
