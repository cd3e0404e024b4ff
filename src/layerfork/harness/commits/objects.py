"""Trees and blobs of a repository."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import IO

from layerfork.buildcontext.hashing.cachefile import read_columns, write_columns
from layerfork.buildcontext.hashing.digestcache import cache_file
from layerfork.errors import UsageError
from layerfork.harness.commits.git import output_of, running
from layerfork.harness.commits.history import Repository
from layerfork.model.context import Digest

_FORM = "layerfork blobs 1"
_ENDING = ".blobs"
_PIECE_BYTES = 1 << 20
_LIMIT_BLOBS = 1_000_000

Blob = tuple[Digest, int]
"""SHA-256 and size of a blob's content."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeRow:
    """One path of a commit."""

    mode: int
    """As git keeps it: 040000 a directory, 100644 and 100755 files, 120000 a link, 160000 a submodule."""
    object_id: str
    path: str
    """From the top. Bytes that are not UTF-8 are surrogates."""


def rows_of(repository: Repository, commit: str) -> Iterator[TreeRow]:
    """Every path of a commit, directories before what they hold. Raises: UsageError."""
    answer = output_of(repository.directory, "ls-tree", "-r", "-t", "-z", "--full-tree", commit)
    for row in answer.decode("utf-8", "surrogateescape").split("\0")[:-1]:
        head, _, path = row.partition("\t")
        mode, _, object_id = head.split(" ")
        yield TreeRow(mode=int(mode, 8), object_id=object_id, path=path)


def texts_of(repository: Repository, names: Iterable[str]) -> dict[str, bytes]:
    """Contents of blobs, by the names that they were asked by: an id, or ``COMMIT:PATH``.

    What is not there is absent. For small ones. Raises: UsageError.
    """
    asked = [name for name in dict.fromkeys(names) if "\n" not in name]
    found: dict[str, bytes] = {}
    with running(repository.directory, "cat-file", "--batch", asked=_lines(asked)) as answer:
        for name in asked:
            kind, size = _head(answer)
            if size is not None:
                content = answer.read(size)
                answer.read(1)
                if kind == "blob":
                    found[name] = content
    return found


class Blobs:
    """SHA-256 of blobs' contents: each is read once, and remembered by its id."""

    def __init__(self, repository: Repository, caches: Path) -> None:
        self._repository = repository
        self._file = cache_file(caches, repository.store, _ENDING)
        columns = read_columns(self._file, _FORM)
        self._known: dict[str, Blob] = columns[0] if columns is not None else {}
        self._changed = False

    def find(self, ids: Iterable[str]) -> Mapping[str, Blob]:
        """At least these blobs; those that the repository does not have are absent. Raises: UsageError."""
        unknown = [each for each in dict.fromkeys(ids) if each not in self._known]
        if unknown:
            self._changed = True
            self._known.update(self._read(unknown))
        return self._known

    def save(self) -> None:
        """Keep what was learnt. A full disk is no error."""
        if self._changed and len(self._known) <= _LIMIT_BLOBS:
            write_columns(self._file, _FORM, self._known)
            self._changed = False

    def _read(self, ids: list[str]) -> Iterator[tuple[str, Blob]]:
        with running(self._repository.directory, "cat-file", "--batch", asked=_lines(ids)) as answer:
            for each in ids:
                _, size = _head(answer)
                if size is not None:
                    yield each, (_hash(answer, size), size)
                    answer.read(1)


def _lines(names: Iterable[str]) -> bytes:
    return "".join(f"{name}\n" for name in names).encode("utf-8", "surrogateescape")


def _head(answer: IO[bytes]) -> tuple[str, int | None]:
    """Kind and size of what comes; no size for what is missing.

    Source: git Documentation/git-cat-file.txt, "BATCH OUTPUT", v2.47.0.
    """
    head = answer.readline().decode("utf-8", "surrogateescape")
    words = head.removesuffix("\n").rsplit(" ", 2)
    if len(words) == 3 and words[2].isdecimal():
        return words[1], int(words[2])
    if not head.endswith("\n"):
        raise UsageError("git cat-file ended early", "look at the repository with git fsck")
    return "", None


def _hash(answer: IO[bytes], size: int) -> Digest:
    digest = sha256()
    while size:
        piece = answer.read(min(size, _PIECE_BYTES))
        if not piece:
            raise UsageError("git cat-file ended early", "look at the repository with git fsck")
        digest.update(piece)
        size -= len(piece)
    return Digest("sha256:" + digest.hexdigest())
