"""The two builds left out different files because they applied different ignore rules."""

from collections.abc import Iterable, Iterator
from itertools import accumulate

from layerfork.context.ignore.gopatterns import Excluder
from layerfork.diagnose.causes.forms import claim_paths, distinct_paths, one_sided_paths
from layerfork.diagnose.causes.rule import Case, CauseRule, Finding
from layerfork.diagnose.causes.wording import name_paths
from layerfork.diagnose.compare.copied import behind, clean_path, context_paths, links_of
from layerfork.diagnose.compare.differences import Difference
from layerfork.diagnose.undo.entries import undo_ignore_rule
from layerfork.errors import UsageError
from layerfork.keys.ignoring import ignore_matcher
from layerfork.record.cause import CauseCode
from layerfork.record.record import BuildRecord


def find(case: Case, unclaimed: tuple[Difference, ...]) -> Iterator[Finding]:
    """Entries of one side that the patterns of the other leave out, and its own do not."""
    writer, reader = _patterns(case.writer.record), _patterns(case.reader.record)
    if writer == reader:
        return
    absent_in_writer, absent_in_reader = one_sided_paths(case, unclaimed)
    try:
        paths = _left_out(case, absent_in_writer, case.reader.record, case.writer.record)
        paths |= _left_out(case, absent_in_reader, case.writer.record, case.reader.record)
    except UsageError:
        return  # a pattern that the builder refuses: another client has read it its own way
    claims = claim_paths(unclaimed, paths)
    if not claims:
        return
    yield Finding(
        code=CauseCode.IGNORE_RULE,
        path=claims[0].path,
        field="ignore patterns",
        writer=_only(writer, reader),
        reader=_only(reader, writer),
        what=_say(case, distinct_paths(claims), absent_in_writer, absent_in_reader),
        evidence=(
            f"patterns of {case.reader_name} only: {_only(reader, writer) or 'none'}",
            f"patterns of {case.writer_name} only: {_only(writer, reader) or 'none'}",
        ),
        remedy="use one ignore file for all clients (.dockerignore, no <Dockerfile>.dockerignore beside it)",
        more=len(distinct_paths(claims)) - 1,
        claims=tuple(claims),
    )


def _say(
    case: Case, paths: list[str], absent_in_writer: frozenset[str], absent_in_reader: frozenset[str]
) -> str:
    """Whose patterns leave which paths out, whoever applied them: a client, or the builder of a tar."""
    sides = ((case.reader_name, absent_in_reader), (case.writer_name, absent_in_writer))
    return ", and ".join(
        f"the ignore patterns of {name} leave out {name_paths(own)}"
        for name, absent in sides
        if (own := [path for path in paths if path in absent])
    )


def _patterns(record: BuildRecord) -> tuple[str, ...]:
    return record.context.excludes if record.context else ()


def _left_out(case: Case, absent: frozenset[str], sender: BuildRecord, other: BuildRecord) -> frozenset[str]:
    """Those paths of a key that one build sent, and that the patterns of the other rule out."""
    if not absent or sender.context is None:
        return frozenset()
    sent = {clean_path(entry.name) for entry in sender.context.entries}
    excluding, including = (ignore_matcher(record)(_patterns(record)) for record in (other, sender))
    instruction, links = case.reader_view.step.instruction, links_of(sender.context.entries)
    places = {path: {behind(place, links) for place in context_paths(instruction, path)} for path in absent}
    places = {
        path: {place for place in found if place in sent and excluding.excludes(place)}
        for path, found in places.items()
    }
    named = {place for found in places.values() for place in found if not including.excludes(place)}
    named |= _only_on_the_way(sent, named, {each for found in places.values() for each in found}, excluding)
    return frozenset(path for path, found in places.items() if not named.isdisjoint(found))


def _only_on_the_way(sent: set[str], named: set[str], left_out: set[str], excluding: Excluder) -> set[str]:
    """Directories that both builds' patterns leave out and one has sent all the same, because an exception
    names what lies below: where the other build's patterns leave all of that out, it sends none of them."""
    above = _above(named) & (left_out - named)
    return above - _above(place for place in sent if not excluding.excludes(place)) if above else above


def _above(places: Iterable[str]) -> set[str]:
    """The directories that hold these places, at any depth."""
    return {directory for place in places for directory in accumulate(place.split("/")[:-1], "{}/{}".format)}


def _only(patterns: tuple[str, ...], others: tuple[str, ...]) -> str:
    """Patterns that only one side has, in its order; all of them when the order alone differs."""
    return " ".join(each for each in patterns if each not in others or set(patterns) == set(others))


IGNORE_RULE = CauseRule(code=CauseCode.IGNORE_RULE, find=find, undo=undo_ignore_rule)


RULES = (IGNORE_RULE,)
