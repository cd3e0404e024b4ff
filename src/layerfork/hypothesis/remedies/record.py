"""What edited files change in a record: another Dockerfile, and less that is sent."""

from collections.abc import Iterator, Mapping, Sequence

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

_LIKE_MOBY = (Ignores.MOBY_TAR, Ignores.MOBY_TRANSFER, Ignores.MOBY_20_10_TAR, Ignores.MOBY_20_10_TRANSFER)
_IGNORE_FILES = (".dockerignore", ".containerignore")


def changes_of(
    record: BuildRecord, edits: Sequence[Edit], texts: Mapping[str, str], again: Again | None = None
) -> tuple[Change, ...]:
    """What is otherwise in a build with these edits; with ``again``, when that has happened as well.

    ``texts`` are the edited files, by the name that the edits have for them.
    Raises: UnappliableError when nobody can say.
    """
    entries = {each.path: each for each in again.changes if isinstance(each, EntriesAre)} if again else {}
    lines = [edit for edit in edits if edit.file.endswith(_IGNORE_FILES)]
    changes: list[Change] = []
    patterns = read_docker_ignorefile("\n".join(line for edit in lines for line in edit.after))
    if patterns:
        whole = _as_edited(lines, texts)
        entries |= {each.path: each for each in _left_out(record, whole or patterns, entries)}
        if record.context is not None and record.context.excludes:
            changes.append(PatternsAre(patterns=whole or (*record.context.excludes, *patterns)))
    text = next((text for name, text in texts.items() if not name.endswith(_IGNORE_FILES)), None)
    if again and again.lines:
        text = with_lines(text if text is not None else record.request.dockerfile or "", again.lines)
    if text is not None:
        changes.append(DockerfileIs(text=text))
    return (*entries.values(), *changes, *(again.asked if again else ()))


def _as_edited(lines: Sequence[Edit], texts: Mapping[str, str]) -> tuple[str, ...]:
    """All patterns of an ignore file of which a line is replaced: later exceptions count. None where
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
