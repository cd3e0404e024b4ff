"""What a change of names is, apart from the path that it happened to."""

from layerfork.diagnose.compare.parts import Difference


def is_name(difference: Difference) -> bool:
    """The name of an entry as sent, or the name of one and the same file in a hard link to it."""
    if difference.cause == "entry-name":
        return True
    return difference.cause == "hardlink" and _linked_file(difference) != ""


def _linked_file(difference: Difference) -> str:
    """The file that a hard link names in two spellings; empty when it names two files."""
    writer, reader = _clean(difference.writer or ""), _clean(difference.reader or "")
    return writer if writer == reader else ""


def _clean(name: str) -> str:
    return "/".join(piece for piece in name.split("/") if piece not in ("", "."))


def name_change(difference: Difference) -> tuple[str, ...]:
    """What stands before and after the path in both names as sent, without an end that is equal."""
    path = difference.path if difference.cause == "entry-name" else _linked_file(difference)
    return name_change_of(difference.writer, difference.reader, path)


def name_change_of(writer: str | None, reader: str | None, path: str) -> tuple[str, ...]:
    """As `name_change`, of two names of one path."""
    before, after = _affixes(writer, path)
    reader_before, reader_after = _affixes(reader, path)
    ends = () if after == reader_after else (after, reader_after)
    return before, reader_before, *ends


def _affixes(name: str | None, path: str) -> tuple[str, str]:
    if name is None:
        return "", ""
    before, found, after = name.partition(path)
    return (before, after) if path and found else (name, "")
