"""What kind of change a difference is, apart from the path that it happened to."""

from layerfork.explain.difference import Difference

DECIDED_BY_CLIENT = frozenset({"entry-name", "mode-type-bits", "uid", "gid", "owner-name"})
"""Causes that a client's own code decides, for all entries alike."""


def signature_of(difference: Difference) -> tuple[str, ...] | None:
    """Equal for differences that one change of the client makes; None for any other difference."""
    if difference.cause not in DECIDED_BY_CLIENT:
        return None
    if difference.cause == "entry-name":
        return difference.cause, *name_change(difference)
    return difference.cause, difference.base_field, repr(difference.writer), repr(difference.reader)


def name_change(difference: Difference) -> tuple[str, ...]:
    """What stands before and after the path in both names as sent, without an end that is equal."""
    before, after = _affixes(difference.writer, difference.path)
    reader_before, reader_after = _affixes(difference.reader, difference.path)
    ends = () if after == reader_after else (after, reader_after)
    return before, reader_before, *ends


def _affixes(name: str | None, path: str) -> tuple[str, str]:
    if name is None:
        return "", ""
    before, found, after = name.partition(path)
    return (before, after) if path and found else (name, "")
