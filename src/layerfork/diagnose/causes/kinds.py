"""What kind of entry a path is, and where links lead."""

import shlex
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from posixpath import dirname, join, normpath

from layerfork.diagnose.causes.edits import quoted
from layerfork.diagnose.causes.entryundo import undo_link
from layerfork.diagnose.causes.forms import (
    DIRECTORY,
    ENTRY_CAUSES,
    EVIDENCE_LIMIT,
    claim_paths,
    entry_findings,
    one_sided_paths,
)
from layerfork.diagnose.causes.rule import Case, CauseRule, Finding
from layerfork.diagnose.causes.scene import Scene
from layerfork.diagnose.causes.wording import show_name, show_type, subject, values
from layerfork.diagnose.compare.copied import clean_path, context_paths, copied_sources
from layerfork.diagnose.compare.differences import Difference, is_name
from layerfork.diagnose.compare.entries import entries_of, last_by_path
from layerfork.record.answer import Cause, Fix
from layerfork.record.build import Builder
from layerfork.record.cause import CauseCode, Trait, codes_with
from layerfork.record.context import ContextEntry, EntryType


def _say_kind(scene: Scene, cause: Cause) -> str:
    return values(scene, subject(scene, cause), cause.writer, cause.reader, many=cause.more > 0)


def _say_link(scene: Scene, cause: Cause) -> str:
    label = subject(scene, cause)
    if not cause.reader.startswith("a "):
        label = f"target of the link {label}"
    return values(scene, label, cause.writer, cause.reader)


def _fix_type(scene: Scene, cause: Cause) -> Fix:
    place = scene.place_of(cause.path)
    writer, reader = scene.writer_entries.get(place), scene.entries.get(place)
    where = scene.on_reader
    if cause.more or writer is None or reader is None:
        return Fix(sentence=cause.remedy)
    if EntryType.DIRECTORY in (writer.type, reader.type):
        if scene.again:
            return Fix(sentence=f"if the change was not intended: make {place} {cause.writer} again")
        return Fix(sentence=f"make {place} the same in both builds: {cause.writer} or {cause.reader}")
    if writer.type is EntryType.SYMLINK:
        command = f"ln -sfn {shlex.quote(writer.linkname)} {quoted([place])}"
        return Fix(sentence=f"`{command}`{where} restores the link", command=command)
    if reader.type is EntryType.SYMLINK and writer.type is EntryType.FILE:
        command = f'cp --remove-destination "$(readlink -f {quoted([place])})" {quoted([place])}'
        return Fix(sentence=f"`{command}`{where} makes it a file again", command=command)
    return Fix(sentence=cause.remedy)


OWNED_BY_KIND = codes_with(Trait.KIND)
"""Attributes that cannot stay equal, or need not, when the kind of an entry changes."""


USER_XATTR = "user."
"""Attributes of this namespace exist on files and directories alone. Source: xattr(7)."""


def type_findings(
    case: Case, unclaimed: tuple[Difference, ...], own: Sequence[Difference], *, code: CauseCode
) -> Iterator[Finding]:
    """Findings for type differences at paths that both sides have; each claims what follows from it."""
    absent = frozenset().union(*one_sided_paths(case, unclaimed))
    kinds = {each.path for each in own if each.cause == "entry-type"}
    own = [
        each
        for each in own
        if each.path not in absent and (each.cause == "entry-type" or each.path not in kinds)
    ]
    by_kind = [each for each in own if each.cause == "entry-type"]
    by_target = [each for each in own if each.cause != "entry-type"]
    for finding in (
        *entry_findings(case, by_kind, code=code, noun="as", show=show_type),
        *entry_findings(case, by_target, code=code, noun="as", show=_show_hard_link),
    ):
        yield replace(finding, claims=(*finding.claims, *_follows(finding.claims, unclaimed, absent)))


def _follows(
    claims: Sequence[Difference], unclaimed: tuple[Difference, ...], absent: frozenset[str]
) -> Iterator[Difference]:
    """What else differs because entries are of another kind: attributes of the kind, the end of a
    directory's key, and the files that only one of the directories can hold."""
    claimed = frozenset(claims)
    directories = {each.path for each in claims if DIRECTORY & {each.writer, each.reader}}
    for each in claim_paths(unclaimed, frozenset(each.path for each in claims)):
        if _owned_by_kind(each) and each not in claimed:
            yield each
    for each in unclaimed:
        if each.path in directories and _ends_as_directory(each):
            yield each
    yield from claim_paths(unclaimed, paths_below(absent, directories))


def paths_below(absent: Iterable[str], directories: Iterable[str]) -> frozenset[str]:
    """Of the paths that one side lacks those below a path that is a directory on the other side alone."""
    above = tuple(f"{each}/" for each in directories)
    return frozenset(path for path in absent if path.startswith(above)) if above else frozenset()


def _ends_as_directory(difference: Difference) -> bool:
    """One name, with the slash that names of directories end in on one side."""
    if difference.cause != "entry-name" or difference.one_sided:
        return False
    return (difference.writer or "").rstrip("/") == (difference.reader or "").rstrip("/")


def _owned_by_kind(difference: Difference) -> bool:
    if difference.cause == "xattr":
        return difference.one_sided and difference.field.startswith(USER_XATTR)
    return difference.cause in OWNED_BY_KIND


def _show_hard_link(target: str) -> str:
    return f"a hard link to {show_name(target)}"


_KEYS_OF_LINKS = ("times", "entry")
"""Fields of ``link-target`` parts that count how often a path is reached through links."""


def link_findings(
    case: Case, unclaimed: tuple[Difference, ...], *, code: CauseCode, type_changed: bool
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
    yield Finding(
        code=code,
        path=path,
        field="linkname",
        writer=_shown(writer),
        reader=_shown(reader),
        evidence=_evidence(case, found[:EVIDENCE_LIMIT]),
        more=len(found) - 1,
        claims=tuple(claims),
    )


def _evidence(case: Case, found: list[tuple[str, ContextEntry, ContextEntry]]) -> tuple[str, ...]:
    return tuple(case.both_sides(link, _shown(writer), _shown(reader)) for link, writer, reader in found)


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
    sides = [entries_of(build.record) for build in (case.writer, case.reader)]
    if not any(entry.type is EntryType.SYMLINK for entries in sides for entry in entries):
        return
    writer, reader = map(last_by_path, sides)
    for path in sorted(writer.keys() & reader.keys()):
        left, right = writer[path], reader[path]
        if EntryType.SYMLINK not in (left.type, right.type):
            continue
        if (left.type, left.linkname) != (right.type, right.linkname):
            yield path, left, right


def _shown(entry: ContextEntry) -> str:
    if entry.type is EntryType.SYMLINK:
        return f"a symbolic link to {show_name(entry.linkname)}"
    return show_type(entry.type.value)


_LINK = frozenset({"1", "hardlink"})


def find_hardlink(case: Case, unclaimed: tuple[Difference, ...]) -> Iterator[Finding]:
    """Own differences, and type differences with a hard link on one side."""
    own = [
        each
        for each in unclaimed
        if (each.cause == CauseCode.HARDLINK and not is_name(each))
        or (each.cause == "entry-type" and _LINK & {each.writer, each.reader})
    ]
    yield from type_findings(case, unclaimed, own, code=CauseCode.HARDLINK)


HARDLINK = CauseRule(
    code=CauseCode.HARDLINK,
    say=_say_kind,
    remedy="break hard links in the context (`cp --remove-destination`)",
    find=find_hardlink,
    undo=undo_link,
)
"""One client sends a second name of a file as a hard link, the other as a file of its own."""


ENTRY_TYPE_REMEDY = "check out links as links everywhere (git core.symlinks), or replace them with files"


ONE_KIND = "use the same kind of entry at each path in every build"
"""For kinds that no setting of git turns into each other."""


def find_entry_type(case: Case, unclaimed: tuple[Difference, ...]) -> Iterator[Finding]:
    """Type differences without a hard link on either side, with all that follows from them."""
    left = unclaimed
    for finding in link_findings(case, unclaimed, code=CauseCode.ENTRY_TYPE, type_changed=True):
        claimed = set(finding.claims)
        left = tuple(each for each in unclaimed if each not in claimed)
        yield _with_remedy(finding)
    own = [each for each in left if each.cause == CauseCode.ENTRY_TYPE]
    for finding in type_findings(case, left, own, code=CauseCode.ENTRY_TYPE):
        yield _with_remedy(finding)


def _with_remedy(finding: Finding) -> Finding:
    """A checkout may turn a link into a file; what became something else is another edit."""
    kinds = finding.writer, finding.reader
    linked = any(kind.startswith(show_type("2")) for kind in kinds)
    return finding if linked and show_type("0") in kinds else replace(finding, remedy=ONE_KIND)


ENTRY_TYPE = CauseRule(
    code=CauseCode.ENTRY_TYPE,
    say=_say_kind,
    remedy=ENTRY_TYPE_REMEDY,
    fix=_fix_type,
    find=find_entry_type,
    undo=undo_link,
)
"""One path is of two kinds: a file here, a symbolic link or a directory there."""


LINK_TARGET_REMEDY = "make the link point to the same text everywhere (relative, not absolute)"


def find_link_target(case: Case, unclaimed: tuple[Difference, ...]) -> Iterator[Finding]:
    """Links with other texts, by what they lead to; then own differences that are left."""
    left = unclaimed
    for finding in link_findings(case, unclaimed, code=CauseCode.LINK_TARGET, type_changed=False):
        claimed = set(finding.claims)
        left = tuple(each for each in unclaimed if each not in claimed)
        yield finding
    own = [each for each in left if each.cause == CauseCode.LINK_TARGET]
    yield from entry_findings(case, own, code=CauseCode.LINK_TARGET, noun="link target", show=show_name)


LINK_TARGET = CauseRule(
    code=CauseCode.LINK_TARGET,
    say=_say_link,
    remedy=LINK_TARGET_REMEDY,
    fix=_fix_type,
    find=find_link_target,
    undo=undo_link,
)
"""Where a symbolic or hard link points to."""


RULES = (
    HARDLINK,
    ENTRY_TYPE,
    LINK_TARGET,
)
