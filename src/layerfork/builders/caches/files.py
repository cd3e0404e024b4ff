"""Contents of a recorded context's files, as long as they are on disk what was sent."""

import os
import stat
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

from layerfork.keys.buildkit.content_digest import Contents
from layerfork.keys.buildkit.recordkeys import UnknownContentError
from layerfork.record.context import ContextEntry
from layerfork.record.gopath import context_path

_PIECE_BYTES = 1 << 20
_DIGEST_BYTES = 32


def contents_in(directory: str, edited: frozenset[str] = frozenset()) -> Contents:
    """Reads files of a context from the directory that it was sent from; empty for a directory unknown.

    ``edited`` are paths of files whose content is to be one that no cache has.
    Raises (when read): UnknownContentError for a file that is gone, or holds something else by now.
    """

    def read(entry: ContextEntry) -> Iterator[bytes]:
        if edited and context_path(entry.name) in edited:
            yield os.urandom(_DIGEST_BYTES)
            return
        if entry.size == 0:
            return
        if not directory or entry.content is None:
            raise UnknownContentError
        yield from _pieces(Path(directory) / os.fsdecode(entry.name_bytes), entry.content)

    return read


def _pieces(path: Path, expected: str) -> Iterator[bytes]:
    digest = sha256()
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(handle, "rb", buffering=0) as file:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                raise UnknownContentError
            while piece := file.read(_PIECE_BYTES):
                digest.update(piece)
                yield piece
    except OSError as error:
        raise UnknownContentError from error
    if f"sha256:{digest.hexdigest()}" != expected:
        raise UnknownContentError
