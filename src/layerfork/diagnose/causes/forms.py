"""Forms that many cause rules share: one value, or one attribute of one or many entries."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence

from layerfork.diagnose.causes.rule import Case, CauseRule, Finding, FixOf, Say, Undo
from layerfork.diagnose.causes.scene import Scene
from layerfork.diagnose.causes.wording import count_by_directory, show_value, shown, values
from layerfork.diagnose.compare.differences import Difference, entry_paths
from layerfork.record.answer import Cause, Treatment
from layerfork.record.cause import CauseCode, Trait, codes_with
from layerfork.record.secrets import HIDDEN

ENTRY_CAUSES = codes_with(Trait.ENTRY)
"""Cause codes of key parts that describe a context entry."""


DIRECTORY = frozenset({"5", "directory"})
"""A directory's type in keys: a character of tar, or a name."""


EVIDENCE_LIMIT = 20


_MOST_GROUPS = 6


Show = Callable[[str], str]


def entry_rule(
    *,
    code: CauseCode,
    undo: Undo,
    say: Say,
    fix: FixOf | None = None,
    treatment: Treatment | None = None,
    noun: str,
    remedy: str,
    show: Show = show_value,
    absent: str | None = None,
) -> CauseRule:
    """A rule for one attribute that clients send. ``noun`` is what evidence calls it.

    ``absent`` is the value that a missing part means; None shows it as ``none``.
    """

    def find(case: Case, unclaimed: tuple[Difference, ...]) -> Iterator[Finding]:
        own = [difference for difference in unclaimed if difference.cause == code]
        yield from entry_findings(case, own, code=code, noun=noun, show=show, absent=absent)

    return CauseRule(code=code, find=find, undo=undo, say=say, remedy=remedy, fix=fix, treatment=treatment)


def entry_findings(
    case: Case,
    own: Sequence[Difference],
    *,
    code: CauseCode,
    noun: str,
    show: Show = show_value,
    absent: str | None = None,
) -> Iterator[Finding]:
    """Findings for differing values, one for each pair of values as long as those are few.

    ``absent`` is the value that a missing part stands for; None shows it as ``none``.
    """

    def shown(value: str | None) -> str:
        value = absent if value is None else value
        return "none" if value is None else show(value)

    for group in group_by_values(own):
        first, paths = group[0], distinct_paths(group)
        yield Finding(
            code=code,
            path=first.path,
            field=first.field,
            writer=shown(first.writer),
            reader=shown(first.reader),
            evidence=evidence_lines(case, group, noun, shown),
            more=len(paths) - 1,
            claims=tuple(group),
        )


def group_by_values(differences: Iterable[Difference]) -> list[list[Difference]]:
    """Differences by field and pair of values; all of a field together when the pairs are many."""
    fields: dict[str, dict[tuple[str | None, str | None], list[Difference]]]
    fields = defaultdict(lambda: defaultdict(list))
    for difference in differences:
        fields[difference.field][difference.writer, difference.reader].append(difference)
    groups: list[list[Difference]] = []
    for by_values in fields.values():
        if len(by_values) <= _MOST_GROUPS:
            groups.extend(by_values.values())
        else:
            groups.append([each for group in by_values.values() for each in group])
    return groups


def distinct_paths(differences: Iterable[Difference]) -> list[str]:
    """Paths in their order, each once."""
    return list(dict.fromkeys(difference.path for difference in differences))


def evidence_lines(
    case: Case, differences: Sequence[Difference], noun: str, shown: Callable[[str | None], str]
) -> tuple[str, ...]:
    """One line for each difference, then counts by directory when they are many."""
    lines = [
        case.both_sides(f"{noun} of {each.path or '.'}", shown(each.writer), shown(each.reader))
        for each in differences[:EVIDENCE_LIMIT]
    ]
    return (*lines, *further_paths(distinct_paths(differences), len(differences)))


def further_paths(paths: Sequence[str], differences: int = 0) -> list[str]:
    """Counts by directory, where evidence has more paths, or differences, than it lists."""
    count = differences or len(paths)
    if count <= EVIDENCE_LIMIT:
        return []
    more = f"… and {count - EVIDENCE_LIMIT:,} more, by directory:"
    return [more, *count_by_directory(paths, EVIDENCE_LIMIT)]


def one_sided_paths(case: Case, unclaimed: Iterable[Difference]) -> tuple[frozenset[str], frozenset[str]]:
    """Entry paths among the differences that the writer's key, and the reader's key, does not know.

    Of several sources that hold entries of one path, one may have lost its own: then nothing else may
    differ at that path.
    """
    own: dict[str, list[Difference]] = defaultdict(list)
    for each in unclaimed:
        if each.cause in ENTRY_CAUSES and each.path:
            own[each.path].append(each)
    candidates = {path for path, found in own.items() if any(each.one_sided for each in found)}
    if not candidates:
        return frozenset(), frozenset()
    lost = {path: own[path][0] for path in candidates if _is_lost(own[path])}
    lost_by_writer = {path for path, first in lost.items() if first.writer is None}
    lost_by_reader = lost.keys() - lost_by_writer
    return (
        frozenset((candidates - entry_paths(case.writer_view.key)) | lost_by_writer),
        frozenset((candidates - entry_paths(case.reader_view.key)) | lost_by_reader),
    )


def _is_lost(differences: list[Difference]) -> bool:
    """One side lacks everything, the type included, which every entry has."""
    sides = {(each.writer is None, each.reader is None) for each in differences}
    types = any(each.field == "typeflag" for each in differences)
    return types and len(sides) == 1 and (False, False) not in sides


def claim_paths(unclaimed: Iterable[Difference], paths: frozenset[str]) -> list[Difference]:
    """Every entry difference at one of the paths."""
    return [each for each in unclaimed if each.cause in ENTRY_CAUSES and each.path in paths]


def describe_entry(differences: Iterable[Difference], path: str) -> str:
    """What a key says about an entry that only one side has: ``mode 0644, uid 0``."""
    parts = [
        f"{each.field or each.cause} {each.reader if each.writer is None else each.writer}"
        for each in differences
        if each.path == path
    ]
    return ", ".join(parts)


def value_rule(*, code: CauseCode, undo: Undo, say: Say, fix: FixOf | None = None, remedy: str) -> CauseRule:
    """A rule that names each of its differences on its own."""

    def find(case: Case, unclaimed: tuple[Difference, ...]) -> Iterator[Finding]:
        for difference in unclaimed:
            if difference.cause == code:
                yield value_finding(case, difference, code=code)

    return CauseRule(code=code, find=find, undo=undo, say=say, remedy=remedy, fix=fix)


def value_finding(case: Case, difference: Difference, *, code: CauseCode) -> Finding:
    """The finding for one difference, both values kept whole in the evidence."""
    label = " ".join(filter(None, (difference.label, difference.path))) or code
    return Finding(
        code=code,
        path=difference.path,
        field=difference.field,
        writer=difference.writer or "",
        reader=difference.reader or "",
        evidence=case.side_lines(label, show_value(difference.writer), show_value(difference.reader)),
        claims=(difference,),
    )


def both_values(cause: Cause) -> tuple[str | None, str | None]:
    """The writer's value and the reader's; None where it has none."""
    own = next((part for part in cause.parts if part.path == cause.path and part.field == cause.field), None)
    return (own.writer, own.reader) if own is not None else (cause.writer or None, cause.reader or None)


def say_value(noun: str, absent: str = "not given") -> Callable[[Scene, Cause], str]:
    """``<noun> <path> is X, was Y``; ``absent`` is said of a side that has no value."""

    def say(scene: Scene, cause: Cause) -> str:
        writer, reader = both_values(cause)
        label = f"{noun} {cause.path}".rstrip()
        if HIDDEN in (writer or "") and HIDDEN in (reader or ""):
            return f"{label} has another value (hidden)"
        if writer == reader:
            writer, reader = cause.writer, cause.reader
        return values(scene, label, shown(writer, absent), shown(reader, absent))

    return say
