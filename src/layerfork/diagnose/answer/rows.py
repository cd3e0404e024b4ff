"""The fields of a point side by side, and the steps that followed."""

from collections.abc import Iterable, Iterator

from layerfork.diagnose.answer.scene import Scene
from layerfork.diagnose.answer.words import shown
from layerfork.diagnose.claims.wording import show_mode
from layerfork.diagnose.phrases.entries import subject
from layerfork.record.answer import FieldRow, LaterStep
from layerfork.record.cause import CauseCode, Trait, codes_with
from layerfork.record.judgement import Cause, ChangedPart

SHOWN = 4
ENTRIES = codes_with(Trait.ENTRY) | {CauseCode.IGNORE_RULE, CauseCode.DOCKERFILE_IN_CONTEXT}
"""Causes that are about entries of the context."""
_ONE_SIDED = {
    CauseCode.ENTRY_EXTRA,
    CauseCode.ENTRY_MISSING,
    CauseCode.IGNORE_RULE,
    CauseCode.DOCKERFILE_IN_CONTEXT,
}
_WHOLE = {
    CauseCode.ENTRY_TYPE,
    CauseCode.HARDLINK,
    CauseCode.LINK_TARGET,
    CauseCode.XATTR,
    CauseCode.MODE_TYPE_BITS,
    CauseCode.ROOT_HEADER,
}
"""Causes whose values say it all: their parts are many, or mean nothing by themselves."""
_LINES = {CauseCode.INSTRUCTION, CauseCode.LABEL}
"""Told by the line itself."""


def rows_of(scene: Scene, cause: Cause, parts: Iterable[ChangedPart]) -> list[FieldRow]:
    """A row for each field that differs, of entries one for each path and field."""
    if cause.code in _LINES and scene.writer_text not in ("", scene.text):
        return []
    if cause.code in _WHOLE:
        label = f"{cause.field} of" if cause.code in (CauseCode.XATTR, CauseCode.MODE_TYPE_BITS) else ""
        place = f"{label} {subject(scene, cause)}".strip()
        return [FieldRow(label=place, writer=shown(cause.writer), reader=shown(cause.reader))]
    if cause.code == CauseCode.DIRECTORY_ENTRY:
        sides = ["not sent" if value == "absent" else "sent" for value in (cause.writer, cause.reader)]
        label = f"entry for {subject(scene, cause)}"
        return [FieldRow(label=label, writer=sides[0], reader=sides[1])]
    if cause.code not in ENTRIES:
        return [_own_row(cause)] if cause.writer or cause.reader else []
    if cause.code in _ONE_SIDED:
        return list(_presence(scene, parts))
    return [_row(scene, cause, part) for part in parts]


def _own_row(cause: Cause) -> FieldRow:
    label = " ".join(filter(None, (cause.code.replace("-", " "), cause.path)))
    writer, reader = (shown(value) if value else "not given" for value in (cause.writer, cause.reader))
    return FieldRow(label=label, writer=writer, reader=reader)


def _presence(scene: Scene, parts: Iterable[ChangedPart]) -> Iterator[FieldRow]:
    sides: dict[str, list[ChangedPart]] = {}
    for part in parts:
        sides.setdefault(part.path, []).append(part)
    for path, own in sides.items():
        place = scene.place_of(path)
        writer = all(part.writer is None for part in own)
        reader = all(part.reader is None for part in own)
        if writer or reader:
            yield FieldRow(
                label=place,
                writer="not sent" if writer else "sent",
                reader="not sent" if reader else "sent",
            )
        else:
            yield _sizes(scene, place)


def _row(scene: Scene, cause: Cause, part: ChangedPart) -> FieldRow:
    place = scene.place_of(part.path)
    if cause.code == CauseCode.CONTENT and "size" not in part.field:
        return _sizes(scene, place)
    show = _mode if cause.code == CauseCode.MODE else shown
    label = f"{part.field or cause.code} of {place}"
    return FieldRow(label=label, writer=show(part.writer), reader=show(part.reader))


def _mode(value: str | None) -> str:
    return "none" if value is None else show_mode(value)


def _sizes(scene: Scene, place: str) -> FieldRow:
    writer, reader = scene.writer_entries.get(place), scene.entries.get(place)
    return FieldRow(
        label=place,
        writer=f"{writer.size:,} bytes" if writer else "unknown",
        reader=(f"{reader.size:,} bytes" if reader else "unknown")
        + (", other content" if writer and reader and writer.size == reader.size else ""),
    )


def later_of(scene: Scene) -> tuple[LaterStep, ...]:
    """The later steps that were built again, with their lines."""
    found = scene.instructions
    return tuple(
        LaterStep(
            step=step.index,
            line=found[step.index].first_line if step.index in found else step.line,
            instruction=step.instruction,
            seconds=step.seconds,
        )
        for step in scene.later_steps()
    )
