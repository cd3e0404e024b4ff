"""Edits of files: made in their bytes, and what they change in a record."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from layerfork.context.clientrules import Ignores
from layerfork.context.ignore.ignorefile import read_docker_ignorefile
from layerfork.context.ignore.moby import moby_matcher
from layerfork.context.senders import sender_of
from layerfork.errors import UsageError
from layerfork.hypothesis.unappliable import UnappliableError
from layerfork.record.answer import Edit
from layerfork.record.change import Change, DockerfileIs, EntriesAre, PatternsAre
from layerfork.record.fixing import Again
from layerfork.record.gopath import context_path
from layerfork.record.record import BuildRecord

_LF, _CRLF, _BOM = b"\n", b"\r\n", b"\xef\xbb\xbf"


class EditMismatchError(Exception):
    """A file does not hold the lines that an edit takes out, or holds those that it adds at the end."""


@dataclass(frozen=True, slots=True)
class _Row:
    text: bytes
    end: bytes
    """``\\n``, ``\\r\\n``, or nothing at the end of the file."""


def edited(data: bytes, edits: Sequence[Edit]) -> bytes:
    """The file with all edits made. Lines are numbered as before the first; no two edits touch one line.

    New lines end as most lines of the file do. Raises: EditMismatchError.
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
    """Lines that are only added are not there yet. Raises: EditMismatchError."""
    added = [line for edit in edits for line in edit.after]
    known = {row.text for row in rows}
    moved = any(edit.line or edit.before for edit in edits)
    if added and not moved and all(line.encode("utf-8", "surrogateescape") in known for line in added):
        raise EditMismatchError(f"{edits[0].file} has `{added[0]}` already")


def _rows(data: bytes) -> list[_Row]:
    lines = data.split(_LF)
    rows = [_Row(line.removesuffix(b"\r"), _CRLF if line.endswith(b"\r") else _LF) for line in lines[:-1]]
    return [*rows, _Row(lines[-1], b"")] if lines[-1] else rows


def _end_all_but_the_last(rows: list[_Row], usual: bytes) -> None:
    for place, row in enumerate(rows[:-1]):
        if not row.end:
            rows[place] = _Row(row.text, usual)


def _place_of(rows: Sequence[_Row], edit: Edit) -> int:
    """Index of the first line that an edit is about. Raises: EditMismatchError."""
    before = [line.encode("utf-8", "surrogateescape") for line in edit.before]
    texts = [row.text for row in rows]
    if edit.line:
        place = edit.line - 1
        if texts[place : place + len(before)] != before or place > len(texts):
            raise EditMismatchError(f"line {edit.line} of {edit.file} is not what it was")
        return place
    if not before:
        return len(texts)
    for place in range(len(texts)):
        if texts[place : place + len(before)] == before:
            return place
    raise EditMismatchError(f"{edit.file} has no line `{edit.before[0]}`")


# What edited files change in a record: another Dockerfile, and less that is sent.

_LIKE_MOBY = (Ignores.MOBY_TAR, Ignores.MOBY_TRANSFER, Ignores.MOBY_20_10_TAR, Ignores.MOBY_20_10_TRANSFER)
_IGNORE_FILES = (".dockerignore", ".containerignore")


def changes_of(
    record: BuildRecord, edits: Sequence[Edit], texts: Mapping[str, str], again: Again | None = None
) -> tuple[Change, ...]:
    """What is otherwise in a build with these edits; with ``again``, when that has happened as well.

    ``texts`` are the edited files, by the name that the edits have for them.
    Raises: UnappliableError when that is unknown.
    """
    again = again or Again()
    entries = {each.path: each for each in again.changes if isinstance(each, EntriesAre)}
    ignoring = _ignoring_of(edits, texts)
    if ignoring.added:
        entries |= {each.path: each for each in _left_out(record, ignoring.in_force, entries)}
    sent = _patterns_sent(record, ignoring)
    return (*entries.values(), *sent, *_dockerfile_of(record, texts, again.lines), *again.asked)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ignoring:
    """What edits add to ignore files."""

    added: tuple[str, ...]
    whole: tuple[str, ...]
    """All patterns of the edited file; none where its text is unknown."""

    @property
    def in_force(self) -> tuple[str, ...]:
        return self.whole or self.added


def _ignoring_of(edits: Sequence[Edit], texts: Mapping[str, str]) -> _Ignoring:
    lines = [edit for edit in edits if edit.file.endswith(_IGNORE_FILES)]
    added = read_docker_ignorefile("\n".join(line for edit in lines for line in edit.after))
    return _Ignoring(added=tuple(added), whole=tuple(_as_edited(lines, texts)) if added else ())


def _patterns_sent(record: BuildRecord, ignoring: _Ignoring) -> tuple[Change, ...]:
    """The patterns that a client sends with the context, where this one sent any."""
    if not ignoring.added or record.context is None or not record.context.excludes:
        return ()
    return (PatternsAre(patterns=ignoring.whole or (*record.context.excludes, *ignoring.added)),)


def _dockerfile_of(
    record: BuildRecord, texts: Mapping[str, str], lines: Sequence[tuple[str, str]]
) -> tuple[Change, ...]:
    """The edited Dockerfile, with the lines that change again; nothing where neither is so."""
    text = next((text for name, text in texts.items() if not name.endswith(_IGNORE_FILES)), None)
    if lines:
        text = with_lines(text if text is not None else record.request.dockerfile or "", lines)
    return () if text is None else (DockerfileIs(text=text),)


def _as_edited(lines: Sequence[Edit], texts: Mapping[str, str]) -> tuple[str, ...]:
    """All patterns of an ignore file in which a line is replaced: later exceptions count. None where
    lines only follow the others."""
    file = next((edit.file for edit in lines if edit.before), "")
    return read_docker_ignorefile(texts[file]) if file in texts else ()


def with_lines(text: str, lines: Sequence[tuple[str, str]]) -> str:
    """A Dockerfile with lines as they were before. Raises: UnappliableError when one is not there."""
    rows = text.split("\n")
    bare = [row.removesuffix("\r") for row in rows]
    for new, old in lines:
        if new not in bare:
            raise UnappliableError(f"the Dockerfile has no line `{new}`")
        place = bare.index(new)
        rows[place], bare[place] = old + ("\r" if rows[place].endswith("\r") else ""), old
    return "\n".join(rows)


def _left_out(
    record: BuildRecord, patterns: tuple[str, ...], others: Mapping[str, EntriesAre]
) -> Iterator[EntriesAre]:
    """Entries that the new patterns leave out. Raises: UnappliableError."""
    sender = sender_of(record)
    if record.context is None or sender is None or sender.rules.ignores not in _LIKE_MOBY:
        raise UnappliableError("how this client reads its ignore file is not predicted")
    try:
        matcher = moby_matcher(patterns)
        sent = {context_path(entry.name) for entry in record.context.entries}
        for path in sorted(sent | others.keys()):
            if matcher.excludes(path):
                yield EntriesAre(path=path, entries=())
    except UsageError as error:
        raise UnappliableError(error.message) from error
