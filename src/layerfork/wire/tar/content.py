"""Digests of one archive entry's content while it passes."""

from collections.abc import Callable
from hashlib import sha256
from typing import Any

from layerfork.record.context import ContentSource, ContextEntry, Digest
from layerfork.wire.tar.kept import MAX_BYTES
from layerfork.wire.tar.sparse import SparseHash, SparseMap

HeaderSum = Callable[[ContextEntry], bytes]
"""The bytes that the classic builder hashes for an entry before its content."""


class EntryContent:
    """Hashes the content of an entry, piece by piece, alone and after the builder's header bytes."""

    def __init__(
        self, entry: ContextEntry, *, header_sum: HeaderSum | None, layout: SparseMap | None, captured: bool
    ) -> None:
        """``layout`` is where the sent bytes of a sparse file belong; ``captured`` also keeps them."""
        self.entry = entry
        self.kept = bytearray() if captured else None
        self._alone = sha256()
        self._summed = sha256(header_sum(entry)) if header_sum is not None else None
        self._sparse = SparseHash(layout, _Both(self._hash)) if layout is not None else None

    def update(self, data: memoryview) -> None:
        """The next bytes, as sent."""
        if self._sparse is None:
            self._hash(data)
        else:
            self._sparse.update(data)

    def finish(self) -> ContextEntry:
        """The entry with its digests."""
        summed = self._summed.hexdigest() if self._summed is not None else None
        seal(self.entry, self._alone.hexdigest(), summed)
        return self.entry

    def _hash(self, data: bytes | memoryview) -> None:
        self._alone.update(data)
        if self._summed is not None:
            self._summed.update(data)
        if self.kept is not None:
            self.kept += data[: MAX_BYTES - len(self.kept)]


class _Both:
    """A hash whose update goes to a function."""

    def __init__(self, update: Callable[[bytes | memoryview], None]) -> None:
        self.update = update


_set: Callable[[ContextEntry, str, Any], None] = object.__setattr__


def seal(entry: ContextEntry, content: str | None, tarsum: str | None) -> None:
    """Give an entry that nobody has seen yet its digests (hexadecimal).

    Writes into the frozen value: the header must be an entry before the content passes, and
    copying it costs more than hashing a small file.
    """
    if content is not None:
        _set(entry, "content", Digest("sha256:" + content))
        _set(entry, "content_source", ContentSource.SENT)
    if tarsum is not None:
        _set(entry, "tarsum", Digest("sha256:" + tarsum))
