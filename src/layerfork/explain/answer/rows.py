"""The fields of a point side by side."""

from collections.abc import Iterable, Iterator

from layerfork.explain.answer.scene import Scene
from layerfork.explain.answer.words import shown
from layerfork.explain.claims.wording import show_mode, show_type
from layerfork.model.answer import FieldRow
from layerfork.model.cause import CauseCode, Trait, codes_with
from layerfork.model.judgement import Cause, ChangedPart

SHOWN = 4
_ENTRIES = codes_with(Trait.ENTRY) | {CauseCode.IGNORE_RULE, CauseCode.DOCKERFILE_IN_CONTEXT}
_ONE_SIDED = {
    CauseCode.ENTRY_EXTRA,
    CauseCode.ENTRY_MISSING,
    CauseCode.IGNORE_RULE,
    CauseCode.DIRECTORY_ENTRY,
    CauseCode.DOCKERFILE_IN_CONTEXT,
}


def rows_of(scene: Scene, cause: Cause, parts: Iterable[ChangedPart]) -> list[FieldRow]:
    """A row for each field that differs, of entries one for each path and field."""
    if cause.code not in _ENTRIES:
        return [_own_row(cause)] if cause.writer or cause.reader else []
    if cause.code in _ONE_SIDED:
        return list(_presence(scene, parts))
    return [_row(scene, cause, part) for part in parts]


def _own_row(cause: Cause) -> FieldRow:
    label = " ".join(filter(None, (cause.code.replace("-", " "), cause.path)))
    return FieldRow(label=label, writer=shown(cause.writer), reader=shown(cause.reader))


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
    show = shown
    if cause.code in (CauseCode.MODE, CauseCode.MODE_TYPE_BITS) and part.field.endswith("mode"):
        show = lambda value, absent="none": absent if value is None else show_mode(value)  # noqa: E731
    elif part.field in ("typeflag", "type"):
        show = lambda value, absent="none": absent if value is None else show_type(value)  # noqa: E731
    label = f"{part.field or cause.code} of {place}"
    return FieldRow(label=label, writer=show(part.writer), reader=show(part.reader))


def _sizes(scene: Scene, place: str) -> FieldRow:
    writer, reader = scene.writer_entries.get(place), scene.entries.get(place)
    return FieldRow(
        label=place,
        writer=f"{writer.size:,} bytes" if writer else "unknown",
        reader=(f"{reader.size:,} bytes" if reader else "unknown")
        + (", other content" if writer and reader and writer.size == reader.size else ""),
    )
