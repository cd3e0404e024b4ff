"""Forms that many cause rules share: one value, or one attribute of one or many entries."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence

from layerfork.diagnose.causes.rule import Case, CauseRule, Finding, FixOf, Say, Undo
from layerfork.diagnose.causes.scene import Scene
from layerfork.diagnose.causes.wording import (
    count_by_directory,
    name_paths,
    shorten_digests,
    show_plain,
    shown,
    values,
)
from layerfork.diagnose.compare.alignment import normalise
from layerfork.diagnose.compare.differences import STEP_FIELD, Difference, entry_paths
from layerfork.record.answer import Cause
from layerfork.record.cause import CauseCode, Trait, codes_with
from layerfork.record.secrets import HIDDEN

ENTRY_CAUSES = codes_with(Trait.ENTRY)
"""Cause codes of key parts that describe a context entry."""


EVIDENCE_LIMIT = 20


_MOST_GROUPS = 6


Show = Callable[[str], str]


def entry_rule(
    *,
    code: CauseCode,
    undo: Undo,
    say: Say,
    fix: FixOf | None = None,
    noun: str,
    remedy: str,
    show: Show = show_plain,
) -> CauseRule:
    """A rule for one attribute that clients send: ``<reader> sent <noun> 1000, <writer> sent …``."""

    def find(case: Case, unclaimed: tuple[Difference, ...]) -> Iterator[Finding]:
        own = [difference for difference in unclaimed if difference.cause == code]
        yield from entry_findings(case, own, code=code, noun=noun, remedy=remedy, show=show)

    return CauseRule(code=code, find=find, undo=undo, say=say, fix=fix)


def entry_findings(
    case: Case,
    own: Sequence[Difference],
    *,
    code: CauseCode,
    noun: str,
    remedy: str,
    show: Show = show_plain,
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
        what = f"the two sent different values of {noun}"
        if len({(each.writer, each.reader) for each in group}) == 1:
            what = (
                f"{case.reader_name} sent {noun} {shown(first.reader)}, "
                f"{case.writer_name} sent {noun} {shown(first.writer)}"
            )
        yield Finding(
            code=code,
            path=first.path,
            field=first.field,
            writer=shown(first.writer),
            reader=shown(first.reader),
            what=what + where(case, paths),
            evidence=evidence_lines(case, group, noun, shown),
            remedy=remedy,
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


def where(case: Case, paths: Sequence[str]) -> str:
    """``for a.txt and 3 more``; nothing when the instruction itself names the only path."""
    words = [word.strip("\"'[],").removeprefix("./") for word in case.reader_view.step.instruction.split()]
    if len(paths) == 1 and paths[0] in words:
        return ""
    return f" for {name_paths(paths)}"


def evidence_lines(
    case: Case, differences: Sequence[Difference], noun: str, shown: Callable[[str | None], str]
) -> tuple[str, ...]:
    """One line for each difference, then counts by directory when they are many."""
    lines = [
        f"{noun} of {each.path or '.'}: {case.reader_name} {shown(each.reader)}, "
        f"{case.writer_name} {shown(each.writer)}"
        for each in differences[:EVIDENCE_LIMIT]
    ]
    if len(differences) > EVIDENCE_LIMIT:
        lines.append(f"… and {len(differences) - EVIDENCE_LIMIT:,} more, by directory:")
        lines.extend(count_by_directory(distinct_paths(differences), EVIDENCE_LIMIT))
    return tuple(lines)


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
    lost_by_writer = {p for p in candidates if _is_lost(own[p]) and own[p][0].writer is None}
    lost_by_reader = {p for p in candidates if _is_lost(own[p]) and own[p][0].reader is None}
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


What = Callable[[Case, Difference], str]


def value_rule(
    *, code: CauseCode, undo: Undo, say: Say | None = None, fix: FixOf | None = None, what: What, remedy: str
) -> CauseRule:
    """A rule that names each of its differences on its own."""

    def find(case: Case, unclaimed: tuple[Difference, ...]) -> Iterator[Finding]:
        for difference in unclaimed:
            if difference.cause == code:
                yield value_finding(case, difference, code=code, what=what(case, difference), remedy=remedy)

    return CauseRule(code=code, find=find, undo=undo, say=say, fix=fix)


def value_finding(case: Case, difference: Difference, *, code: CauseCode, what: str, remedy: str) -> Finding:
    """The finding for one difference, both values kept whole in the evidence."""
    label = " ".join(filter(None, (difference.label, difference.path))) or code
    return Finding(
        code=code,
        path=difference.path,
        field=difference.field,
        writer=difference.writer or "",
        reader=difference.reader or "",
        what=shorten_digests(what),
        evidence=(
            f"{label}, {case.reader_name}: {show_value(difference.reader)}",
            f"{label}, {case.writer_name}: {show_value(difference.writer)}",
        ),
        remedy=remedy,
        claims=(difference,),
    )


def show_value(value: str | None) -> str:
    """A value in a sentence: no value is ``absent``, an empty one is ``''``."""
    return "absent" if value is None else (value or "''")


def say_values(noun: str) -> What:
    """``<reader> has <noun> X, <writer> has Y``, with the part's path where it has one."""

    def say(case: Case, difference: Difference) -> str:
        own = difference.field in (noun, difference.cause, "value", "env", "checksum")
        subject = " ".join(filter(None, (noun, difference.path or ("" if own else difference.label))))
        return (
            f"{subject} is {show_value(difference.reader)} for {case.reader_name}, "
            f"{show_value(difference.writer)} for {case.writer_name}"
        )

    return say


def say_step(case: Case, difference: Difference) -> str:
    """Words for a step that one of the two has not."""
    if difference.field != STEP_FIELD:
        return ""
    if difference.writer is None:
        own = difference.reader == normalise(case.reader_view.step.instruction)
        return f"only {case.reader_name} has {'this step' if own else f'the step `{difference.reader}`'}"
    return f"{case.reader_name} lacks the step `{difference.writer}`, which {case.writer_name} has before it"


def both_values(cause: Cause) -> tuple[str | None, str | None]:
    """The writer's value and the reader's; None where it has none."""
    own = next((part for part in cause.parts if part.path == cause.path and part.field == cause.field), None)
    return (own.writer, own.reader) if own is not None else (cause.writer, cause.reader)


def say_value(noun: str, absent: str = "not given") -> Callable[[Scene, Cause], str]:
    def say(scene: Scene, cause: Cause) -> str:
        writer, reader = both_values(cause)
        label = f"{noun} {cause.path}".rstrip()
        if HIDDEN in (writer or "") and HIDDEN in (reader or ""):
            return f"{label} has another value (hidden)"
        if writer == reader:
            writer, reader = cause.writer, cause.reader
        return values(scene, label, shown(writer, absent), shown(reader, absent))

    return say
