"""Splits a difference that is two causes in one value."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from layerfork.explain.claims.wording import parse_mode
from layerfork.explain.compare.differences import Difference

PERMISSION_BITS = 0o7777


def refine(differences: Iterable[Difference]) -> tuple[Difference, ...]:
    """Differences with modes split into permission bits and file-type bits."""
    return tuple(part for difference in differences for part in _split_mode(difference))


def _split_mode(difference: Difference) -> Iterator[Difference]:
    writer = None if difference.writer is None else parse_mode(difference.writer)
    reader = None if difference.reader is None else parse_mode(difference.reader)
    if difference.cause != "mode" or writer is None or reader is None:
        yield difference
        return
    other_type = (writer ^ reader) & ~PERMISSION_BITS
    other_permission = (writer ^ reader) & PERMISSION_BITS
    if not other_type:
        yield difference
    elif not other_permission:
        yield replace(difference, cause="mode-type-bits")
    else:
        yield replace(
            difference, writer=_octal(writer & PERMISSION_BITS), reader=_octal(reader & PERMISSION_BITS)
        )
        yield replace(
            difference,
            cause="mode-type-bits",
            writer=_octal(writer & ~PERMISSION_BITS),
            reader=_octal(reader & ~PERMISSION_BITS),
        )


def _octal(number: int) -> str:
    return f"0{number:03o}"
