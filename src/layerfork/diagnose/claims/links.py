"""Symbolic links that differ between two contexts, for keys that hold what a link leads to."""

from collections.abc import Iterator, Sequence
from posixpath import dirname, join, normpath

from layerfork.diagnose.claims.entryrule import ENTRY_CAUSES, EVIDENCE_LIMIT, one_sided_paths, where
from layerfork.diagnose.claims.rule import Case, Finding
from layerfork.diagnose.claims.typechange import paths_below
from layerfork.diagnose.claims.wording import show_name, show_type
from layerfork.diagnose.compare.copied import clean_path, context_paths, copied_sources
from layerfork.diagnose.compare.parts import Difference
from layerfork.record.build import Builder
from layerfork.record.cause import CauseCode
from layerfork.record.context import ContextEntry, EntryType
from layerfork.record.record import BuildRecord

_KEYS_OF_LINKS = ("times", "entry")
"""Fields of ``link-target`` parts that count how often a path is reached through links."""


def link_findings(
    case: Case,
    unclaimed: tuple[Difference, ...],
    *,
    code: CauseCode,
    noun: str,
    remedy: str,
    type_changed: bool,
) -> Iterator[Finding]:
    """One finding for all links whose kind (``type_changed``) or text differs and that left traces.

    The classic builder hashes what a link leads to, so a changed link shows as other entries.
    """
    traces = _traces(case, unclaimed)
    followed = _followed(case, unclaimed)
    if not (traces or followed):
        return
    found: list[tuple[str, ContextEntry, ContextEntry]] = []
    claims: dict[Difference, None] = {}
    for path, writer, reader in _changed_links(case):
        places = dict.fromkeys((path, *_targets(path, writer), *_targets(path, reader)))
        below = paths_below(traces, (path,) if EntryType.DIRECTORY in (writer.type, reader.type) else ())
        marks = [
            *(each for place in (*places, *sorted(below)) for each in traces.get(place, ())),
            *followed.get(path, ()),
        ]
        left = [each for each in marks if each not in claims]
        if (writer.type is not reader.type) is type_changed and left:
            found.append((path, writer, reader))
            claims.update(dict.fromkeys(left))
    if not found:
        return
    path, writer, reader = found[0]
    names = [link for link, _, _ in found]
    yield Finding(
        code=code,
        path=path,
        field="linkname",
        writer=_shown(writer),
        reader=_shown(reader),
        what=(
            f"{case.reader_name} sent {noun} {_shown(reader)}, {case.writer_name} sent {noun} "
            f"{_shown(writer)}{where(case, names)}"
        ),
        evidence=_evidence(case, found[:EVIDENCE_LIMIT]),
        remedy=remedy,
        more=len(found) - 1,
        claims=tuple(claims),
    )


def _evidence(case: Case, found: list[tuple[str, ContextEntry, ContextEntry]]) -> tuple[str, ...]:
    return tuple(
        f"{link}: {case.reader_name} {_shown(reader)}, {case.writer_name} {_shown(writer)}"
        for link, writer, reader in found
    )


def _traces(case: Case, unclaimed: tuple[Difference, ...]) -> dict[str, list[Difference]]:
    """Differences that a changed link may explain, by path: what only one side has, and counts of how
    often something is reached through links."""
    absent = frozenset().union(*one_sided_paths(case, unclaimed))
    found: dict[str, list[Difference]] = {}
    for each in unclaimed:
        counts = each.cause == "link-target" and each.field in _KEYS_OF_LINKS
        if counts or (each.path in absent and each.cause in ENTRY_CAUSES):
            found.setdefault(each.path, []).append(each)
    return found


def _followed(case: Case, unclaimed: tuple[Difference, ...]) -> dict[str, list[Difference]]:
    """Differences of what was copied through a link that is itself a source, by the link's path: keys of
    BuildKit and buildah hold the file's own attributes, under the name of the link."""
    if case.reader.record.builder is Builder.CLASSIC:
        return {}
    instruction = case.reader_view.step.instruction
    sources = copied_sources(instruction)
    found: dict[str, list[Difference]] = {}
    for each in unclaimed:
        if each.cause in ENTRY_CAUSES:
            for path in context_paths(instruction, each.path):
                if path in sources:
                    found.setdefault(path, []).append(each)
    return found


def _targets(path: str, entry: ContextEntry) -> tuple[str, ...]:
    if entry.type is not EntryType.SYMLINK:
        return ()
    target = entry.linkname
    return (clean_path(normpath(target if target.startswith("/") else join(dirname(path), target))),)


def _changed_links(case: Case) -> Iterator[tuple[str, ContextEntry, ContextEntry]]:
    records = (case.writer.record, case.reader.record)
    if not any(entry.type is EntryType.SYMLINK for record in records for entry in _sent(record)):
        return
    writer, reader = map(_by_path, records)
    for path in sorted(writer.keys() & reader.keys()):
        left, right = writer[path], reader[path]
        if EntryType.SYMLINK not in (left.type, right.type):
            continue
        if (left.type, left.linkname) != (right.type, right.linkname):
            yield path, left, right


def _sent(record: BuildRecord) -> Sequence[ContextEntry]:
    return record.context.entries if record.context is not None else ()


def _by_path(record: BuildRecord) -> dict[str, ContextEntry]:
    return {clean_path(entry.name): entry for entry in _sent(record)}


def _shown(entry: ContextEntry) -> str:
    if entry.type is EntryType.SYMLINK:
        return f"a symbolic link to {show_name(entry.linkname)}"
    return show_type(entry.type.value)
