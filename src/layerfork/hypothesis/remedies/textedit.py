"""Edits made in the bytes of a text file: its encoding, line ends and last line stay what they are."""

from collections.abc import Sequence
from dataclasses import dataclass

from layerfork.record.answer import Edit

_LF, _CRLF, _BOM = b"\n", b"\r\n", b"\xef\xbb\xbf"


class UnfitError(Exception):
    """A file does not hold the lines that an edit takes out, or holds those that it adds at the end."""


@dataclass(frozen=True, slots=True)
class _Row:
    text: bytes
    end: bytes
    """``\\n``, ``\\r\\n``, or nothing at the end of the file."""


def edited(data: bytes, edits: Sequence[Edit]) -> bytes:
    """The file with all edits made. Lines are numbered as before the first; no two edits touch one line.

    New lines end as most lines of the file do. Raises: UnfitError.
    """
    mark = _BOM if data.startswith(_BOM) else b""
    rows = _rows(data.removeprefix(_BOM))
    _check_new(rows, edits)
    usual = _CRLF if sum(row.end == _CRLF for row in rows) * 2 > len(rows) else _LF
    for edit in sorted(edits, key=lambda edit: edit.line or len(rows) + 1, reverse=True):
        place = _place_of(rows, edit)
        removed = len(edit.before)
        added = [_Row(line.encode("utf-8", "surrogateescape"), usual) for line in edit.after]
        rows[place : place + removed] = added
        _end_all_but_the_last(rows, usual)
    return mark + b"".join(row.text + row.end for row in rows)


def _check_new(rows: Sequence[_Row], edits: Sequence[Edit]) -> None:
    """Lines that are only added are not there yet. Raises: UnfitError."""
    added = [line for edit in edits for line in edit.after]
    known = {row.text for row in rows}
    moved = any(edit.line or edit.before for edit in edits)
    if added and not moved and all(line.encode("utf-8", "surrogateescape") in known for line in added):
        raise UnfitError(f"{edits[0].file} has `{added[0]}` already")


def _rows(data: bytes) -> list[_Row]:
    lines = data.split(_LF)
    rows = [_Row(line.removesuffix(b"\r"), _CRLF if line.endswith(b"\r") else _LF) for line in lines[:-1]]
    return [*rows, _Row(lines[-1], b"")] if lines[-1] else rows


def _end_all_but_the_last(rows: list[_Row], usual: bytes) -> None:
    for place, row in enumerate(rows[:-1]):
        if not row.end:
            rows[place] = _Row(row.text, usual)


def _place_of(rows: Sequence[_Row], edit: Edit) -> int:
    """Index of the first line that an edit is about. Raises: UnfitError."""
    before = [line.encode("utf-8", "surrogateescape") for line in edit.before]
    texts = [row.text for row in rows]
    if edit.line:
        place = edit.line - 1
        if texts[place : place + len(before)] != before or place > len(texts):
            raise UnfitError(f"line {edit.line} of {edit.file} is not what it was")
        return place
    if not before:
        return len(texts)
    for place in range(len(texts)):
        if texts[place : place + len(before)] == before:
            return place
    raise UnfitError(f"{edit.file} has no line `{edit.before[0]}`")
