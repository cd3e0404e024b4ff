"""Names, modes, owners and extended attributes of entries."""

import shlex
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import replace

from layerfork.diagnose.causes.edits import BY_NAME, quoted
from layerfork.diagnose.causes.entryundo import undo_attribute
from layerfork.diagnose.causes.forms import distinct_paths, entry_findings, entry_rule, evidence_lines
from layerfork.diagnose.causes.rule import NORMALISE, Case, CauseRule, Finding
from layerfork.diagnose.causes.scene import Scene
from layerfork.diagnose.causes.wording import (
    name_paths,
    parse_mode,
    paths_of,
    show_mode,
    show_name,
    shown,
    values,
)
from layerfork.diagnose.compare.copied import clean_path
from layerfork.diagnose.compare.differences import Difference, is_name, name_change
from layerfork.diagnose.compare.judgedbuilds import JudgedBuild
from layerfork.record.answer import Cause, Fix, Situation
from layerfork.record.build import Builder
from layerfork.record.cause import CauseCode


def _say_attribute(
    noun: str, show: Callable[[str], str] = shown, absent: str = "none"
) -> Callable[[Scene, Cause], str]:
    """``mode of run.sh is 0644, was 0755``: one pair of values, or only that they differ."""

    def say(scene: Scene, cause: Cause) -> str:
        paths = paths_of(scene, cause)
        label = f"{noun} of {name_paths(paths)}"
        pairs = {(part.writer, part.reader) for part in cause.parts}
        if len(pairs) != 1:
            return f"{label} changed" if scene.again else f"{label} differs"
        writer, reader = (absent if value is None else show(value) for value in pairs.pop())
        return values(scene, label, writer, reader)

    return say


def _say_type_bits(scene: Scene, cause: Cause) -> str:
    label = f"mode of {name_paths(paths_of(scene, cause))}"
    if scene.again:
        return f"{label} has {cause.reader}, had {cause.writer}"
    return f"{label} has {cause.reader} for {scene.reader_name}, {cause.writer} for {scene.writer_name}"


def _say_xattr(scene: Scene, cause: Cause) -> str:
    label = f"extended attribute {cause.field} of {name_paths(paths_of(scene, cause))}"
    if "none" in (cause.writer, cause.reader) and scene.again:
        return f"{label} is {'gone' if cause.reader == 'none' else 'new'}"
    return values(scene, label, cause.writer, cause.reader)


def _say_name(scene: Scene, cause: Cause) -> str:
    label = f"name of {name_paths(paths_of(scene, cause))}"
    return values(scene, label, f"`{cause.writer}`", f"`{cause.reader}`")


_NO_HELP = dict.fromkeys((Builder.CLASSIC, Builder.BUILDKIT), " (--chmod in COPY does not help)")
"""Their keys hold the mode that was sent; buildah looks at the files as --chmod makes them."""


def _fix_mode(scene: Scene, cause: Cause) -> Fix:
    paths = paths_of(scene, cause)
    writers = {part.writer for part in cause.parts}
    number = parse_mode(writers.pop() or "") if len(writers) == 1 else None
    where = scene.on_reader
    if number is None or len(paths) > BY_NAME or scene.situation is Situation.CLIENTS:
        return Fix(sentence=f"chmod before building{where}{_NO_HELP.get(scene.reader.builder, '')}")
    command = f"chmod {number & 0o7777:04o} {quoted(paths)}"
    sentence = f"`{command}`{where}{_NO_HELP.get(scene.reader.builder, '')}"
    return Fix(sentence=sentence, command=command)


def _fix_xattr(scene: Scene, cause: Cause) -> Fix:
    paths = paths_of(scene, cause)
    part = cause.parts[0]
    name = part.field
    if len(paths) > BY_NAME or len({each[1:] for each in cause.parts}) != 1:
        return Fix(sentence=cause.remedy)
    how = f"-x {shlex.quote(name)}" if part.writer is None else f"-n {shlex.quote(name)} -v 0x{part.writer}"
    command = f"setfattr {how} {quoted(paths)}"
    where = scene.on_reader
    return Fix(sentence=f"`{command}`{where}", command=command)


def _fix_owner(option: str) -> Callable[[Scene, Cause], Fix]:
    """Of a single entry: patterns speak for several."""

    def fix(scene: Scene, cause: Cause) -> Fix:
        paths = paths_of(scene, cause)
        writers = {part.writer or "" for part in cause.parts}
        writer = writers.pop() if len(writers) == 1 else ""
        if not writer.isdigit() or len(paths) > BY_NAME or scene.situation is Situation.CLIENTS:
            return Fix(sentence=cause.remedy)
        program = "chown" if option == "owner" else "chgrp"
        command = f"{program} {writer} {quoted(paths)}"
        return Fix(sentence=f"`{command}`, or make the tar with `--{option}={writer}`", command=command)

    return fix


_NO_PREFIX = (
    "make the tar without a prefix: `tar -C context -cf context.tar $(ls -A context)`, "
    "or strip it; directories end in `/`"
)


def find_entry_name(case: Case, unclaimed: tuple[Difference, ...]) -> Iterator[Finding]:
    """Own differences, together when one change turns all names of the writer into the reader's."""
    groups: dict[tuple[str, ...], list[Difference]] = defaultdict(list)
    for each in unclaimed:
        if is_name(each):
            groups[name_change(each)].append(each)
    for group in groups.values():
        first = group[0]
        paths = distinct_paths(group)
        yield Finding(
            code=CauseCode.ENTRY_NAME,
            path=first.path,
            field=first.field,
            writer=first.writer or "",
            reader=first.reader or "",
            evidence=evidence_lines(case, group, "name", _shown_name),
            more=len(paths) - 1,
            claims=tuple(group),
        )


def _shown_name(value: str | None) -> str:
    return "no name" if value is None else show_name(value)


ENTRY_NAME = CauseRule(
    code=CauseCode.ENTRY_NAME, say=_say_name, remedy=_NO_PREFIX, find=find_entry_name, undo=undo_attribute
)


def _shown_bits(value: str) -> str:
    number = parse_mode(value)
    if number is None:
        return value
    kind = _KIND_OF_BITS.get(number >> 12, "an unknown type")
    return f"type bits 0{number & ~0o7777:o} ({kind})" if number >> 12 else "no type bits"


_KIND_OF_BITS = {0o10: "a file", 0o4: "a directory", 0o12: "a link", 0o2: "a device", 0o6: "a device"}
"""By a mode's bits above the permissions. Source: inode(7)."""


MODE_TYPE_BITS = entry_rule(
    code=CauseCode.MODE_TYPE_BITS,
    say=_say_type_bits,
    undo=undo_attribute,
    noun="mode",
    show=_shown_bits,
    absent="0",
    remedy=(
        "use docker CLI 24 or newer everywhere: 17.12 to 23.0 add the file-type bits "
        "(0100000 for a file, 040000 for a directory)"
    ),
)
"""File-type bits in a mode: 0100644 and 0644 are one permission and two keys."""


MODE = entry_rule(
    code=CauseCode.MODE,
    treatment=NORMALISE,
    say=_say_attribute("mode", show_mode),
    fix=_fix_mode,
    undo=undo_attribute,
    noun="mode",
    show=show_mode,
    remedy=(
        "set one umask and git core.fileMode for all checkouts, or chmod before building "
        "(with Docker, --chmod in COPY does not help)"
    ),
)
"""Permission bits of an entry: the executable bit, or the umask of the checkout."""


UID_REMEDY = (
    "reset the owner: build from a root-owned copy, make the tar with `--owner=0`, or use a client "
    "that sends 0"
)


_NOT_ROOT = "not 0"
"""All that buildah's digest says of a file that is not root's."""


def find_uid(case: Case, unclaimed: tuple[Difference, ...]) -> Iterator[Finding]:
    """Own differences; with the ids that were sent where the key holds less."""
    shown = {_with_ids(case, each): each for each in unclaimed if each.cause == CauseCode.UID}
    for finding in entry_findings(case, list(shown), code=CauseCode.UID, noun=CauseCode.UID):
        yield replace(finding, claims=tuple(shown[claim] for claim in finding.claims))


def _with_ids(case: Case, difference: Difference) -> Difference:
    return replace(
        difference,
        writer=_id(case.writer, difference.path, difference.writer),
        reader=_id(case.reader, difference.path, difference.reader),
    )


def _id(build: JudgedBuild, path: str, value: str | None) -> str | None:
    manifest = build.record.context
    if value != _NOT_ROOT or manifest is None:
        return value
    return next((str(each.uid) for each in manifest.entries if clean_path(each.name) == path), value)


UID = CauseRule(
    code=CauseCode.UID,
    treatment=NORMALISE,
    say=_say_attribute("owner id"),
    remedy=UID_REMEDY,
    fix=_fix_owner("owner"),
    find=find_uid,
    undo=undo_attribute,
)
"""Owner id of an entry: some clients send the real one, others 0."""


GID = entry_rule(
    code=CauseCode.GID,
    treatment=NORMALISE,
    say=_say_attribute("group id"),
    fix=_fix_owner("group"),
    undo=undo_attribute,
    noun="gid",
    remedy=(
        "reset the group: build from a root-owned copy, make the tar with `--group=0`, "
        "or use a client that sends 0"
    ),
)
"""Group id of an entry: some clients send the real one, others 0."""


OWNER_NAME = entry_rule(
    code=CauseCode.OWNER_NAME,
    say=_say_attribute("owner name"),
    undo=undo_attribute,
    noun="owner name",
    remedy="send no owner names (`tar --numeric-owner`), or upgrade the engine",
)
"""Names of owner and group in the tar header: a key before Engine 18.06."""


XATTR_REMEDY = (
    "remove the attribute (`setfattr -x`), or send it from every client alike (`tar --no-xattrs` sends none)"
)


def find_xattr(case: Case, unclaimed: tuple[Difference, ...]) -> Iterator[Finding]:
    """Own differences by the attribute's name; values are in hexadecimal in the key."""
    own = [each for each in unclaimed if each.cause == CauseCode.XATTR]
    for name in dict.fromkeys(each.field for each in own):
        yield from entry_findings(
            case,
            [each for each in own if each.field == name],
            code=CauseCode.XATTR,
            noun=f"extended attribute {name}",
            show=_show_bytes,
        )


def _show_bytes(value: str) -> str:
    """Bytes written in hexadecimal, as text where they are printable."""
    try:
        text = bytes.fromhex(value).decode("utf-8")
    except ValueError:
        return f"0x{value}"
    return f"`{text}`" if text.isprintable() else f"0x{value}"


XATTR = CauseRule(
    code=CauseCode.XATTR,
    treatment=NORMALISE,
    say=_say_xattr,
    remedy=XATTR_REMEDY,
    fix=_fix_xattr,
    find=find_xattr,
    undo=undo_attribute,
)
"""An extended attribute of an entry."""


RULES = (
    ENTRY_NAME,
    MODE_TYPE_BITS,
    MODE,
    UID,
    GID,
    OWNER_NAME,
    XATTR,
)
