"""Content digests of files, remembered between runs as long as the files' status stays the same."""

import contextlib
import hashlib
import marshal
import os
import tempfile
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from layerfork.buildcontext.walk import Problem, ScannedTree, attribute_names, no_collection
from layerfork.model.context import Digest

_FORMAT = ("layerfork content digests", 2)
_RACY_NS = 2 * 10**9
"""A file that changed so shortly before it was read may change again within the clock's tick."""
_LARGE_BYTES = 1 << 18
"""Files from this size on are read in threads: their hashing lets other threads run."""
_PIECE_BYTES = 1 << 20

Known = tuple[int, int, int, int, Digest, bool]
"""Size, modification time, change time and inode of a file, the digest that it had with them, and whether
it was plain: without extended attributes. A new attribute is a new change time."""


File = tuple[str, os.stat_result]
"""Path of a regular file below the tree's root, and its status."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HashedFiles:
    """What became known of regular files, by path."""

    digests: dict[str, Digest]
    plain: set[str]
    """Files that have no extended attributes."""
    problems: list[Problem]
    """Files that could not be read; they have no digest."""


@dataclass(slots=True, kw_only=True)
class DigestCache:
    """Digests of one directory tree's files by path. Use one for one root."""

    known: dict[str, Known] = field(default_factory=dict)
    changed: bool = False

    def split(self, files: Iterable[File]) -> tuple[HashedFiles, list[File]]:
        """What is known of the files whose status is still the one they had, and the other files."""
        digests: dict[str, Digest] = {}
        plain: set[str] = set()
        others: list[File] = []
        known = self.known
        for path, status in files:
            found = known.get(path)
            if (
                found is not None
                and found[1] == status.st_mtime_ns
                and found[2] == status.st_ctime_ns
                and found[0] == status.st_size
                and found[3] == status.st_ino
            ):
                digests[path] = found[4]
                if found[5]:
                    plain.add(path)
            else:
                others.append((path, status))
        return HashedFiles(digests=digests, plain=plain, problems=[]), others


def load_cache(file: Path) -> DigestCache:
    """The cache that `save_cache` wrote; an empty one when there is none or it cannot be read."""
    try:
        with no_collection():
            form, known = marshal.loads(file.read_bytes())
    except (OSError, ValueError, EOFError, TypeError):
        return DigestCache()
    return DigestCache(known=known) if form == _FORMAT and isinstance(known, dict) else DigestCache()


def save_cache(cache: DigestCache, file: Path) -> None:
    """Write the cache beside its place and move it there. A full disk or a read-only one is no error."""
    if not cache.changed:
        return
    with contextlib.suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=file.parent, delete=False) as out:
            out.write(marshal.dumps((_FORMAT, cache.known)))
        Path(out.name).replace(file)
        cache.changed = False


def hash_files(tree: ScannedTree, files: Iterable[File], cache: DigestCache | None = None) -> HashedFiles:
    """SHA-256 of the contents of files."""
    cache = DigestCache() if cache is None else cache
    hashed, unknown = cache.split(files)
    hasher = _Hasher(
        prefix=f"{os.fspath(tree.root)}/",
        hashed=hashed,
        known=cache.known,
        settled_ns=time.time_ns() - _RACY_NS,
    )
    large = [each for each in unknown if each[1].st_size >= _LARGE_BYTES]
    with ThreadPoolExecutor(max_workers=os.cpu_count()) if large else contextlib.nullcontext() as pool:
        waiting = [pool.submit(hasher.add, [each]) for each in large] if pool is not None else []
        hasher.add(each for each in unknown if each[1].st_size < _LARGE_BYTES)
        for each in waiting:
            each.result()
    cache.changed = cache.changed or bool(unknown)
    return hashed


@dataclass(frozen=True, slots=True, kw_only=True)
class _Hasher:
    prefix: str
    hashed: HashedFiles
    known: dict[str, Known]
    settled_ns: int
    """A digest is only remembered of files that have not changed since then: the status of others may lie."""

    def add(self, files: Iterable[File]) -> None:
        """Read files one by one. Written for speed: most contexts are very many small files."""
        prefix, settled_ns, flags = self.prefix, self.settled_ns, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
        digests, plain, known = self.hashed.digests, self.hashed.plain, self.known
        buffer = memoryview(bytearray(_PIECE_BYTES))
        for path, status in files:
            try:
                handle = os.open(prefix + path, flags)
                try:
                    digest = Digest("sha256:" + _sha256(handle, status.st_size, buffer))
                    is_plain = not attribute_names(handle)
                finally:
                    os.close(handle)
            except OSError as error:
                self.hashed.problems.append(Problem(path=path, reason=error.strerror or str(error)))
                continue
            digests[path] = digest
            if is_plain:
                plain.add(path)
            modified, changed = status.st_mtime_ns, status.st_ctime_ns
            if modified < settled_ns and changed < settled_ns:
                known[path] = (status.st_size, modified, changed, status.st_ino, digest, is_plain)


def _sha256(handle: int, size: int, buffer: memoryview) -> str:
    count = os.readv(handle, (buffer,))
    digest = hashlib.sha256(buffer[:count])
    if count == size < _PIECE_BYTES:
        return digest.hexdigest()
    while count:
        count = os.readv(handle, (buffer,))
        digest.update(buffer[:count])
    return digest.hexdigest()
