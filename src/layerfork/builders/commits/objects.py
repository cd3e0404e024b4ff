"""Trees and blobs of a repository."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import IO

from layerfork.builders.commits.commitlist import Repository, output_of, running
from layerfork.context.hashing.digestcache import cache_file, read_columns, write_columns
from layerfork.errors import UsageError
from layerfork.record.context import Digest

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


class Trees:
    """Paths of commits, one after the other: of the next one git is only asked what is otherwise."""

    def __init__(self, repository: Repository) -> None:
        self._directory = repository.place
        self._commit = ""
        self._rows: dict[str, TreeRow] = {}

    def rows(self, commit: str) -> Mapping[str, TreeRow]:
        """Every path of a commit with its row; directories come before what they hold. Raises: UsageError."""
        if self._commit:
            self._rows = self._changed(commit)
        else:
            self._rows = {row.path: row for row in self._listed(commit)}
        self._commit = commit
        return self._rows

    def _listed(self, commit: str) -> Iterator[TreeRow]:
        for row in self._ask("ls-tree", "-r", "-t", "-z", "--full-tree", commit):
            head, _, path = row.partition("\t")
            mode, _, object_id = head.split(" ")
            yield TreeRow(mode=int(mode, 8), object_id=object_id, path=path)

    def _changed(self, commit: str) -> dict[str, TreeRow]:
        """Source: git Documentation/diff-format.txt, "RAW OUTPUT FORMAT", v2.47.0."""
        words = iter(self._ask("diff-tree", "-r", "-t", "-z", "--raw", "--no-renames", self._commit, commit))
        changed = [(*head.split(" "), path) for head, path in zip(words, words, strict=True)]
        # A file in a directory's place is one path that goes and one that comes, in any order.
        gone = {path for *_, status, path in changed if status == "D"}
        rows = {path: row for path, row in self._rows.items() if path not in gone}
        for _, mode, _, object_id, status, path in changed:
            if status != "D":
                rows[path] = TreeRow(mode=int(mode, 8), object_id=object_id, path=path)
        return rows

    def _ask(self, *words: str) -> list[str]:
        return output_of(self._directory, *words).decode("utf-8", "surrogateescape").split("\0")[:-1]


def texts_of(repository: Repository, names: Iterable[str]) -> dict[str, bytes]:
    """Contents of blobs, by the names that they were asked by: an id, or ``COMMIT:PATH``.

    What is not there is absent. For small ones. Raises: UsageError.
    """
    asked = [name for name in dict.fromkeys(names) if "\n" not in name]
    found: dict[str, bytes] = {}
    if not asked:
        return found
    with running(repository.place, "cat-file", "--batch", asked=_lines(asked)) as answer:
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
        with running(self._repository.place, "cat-file", "--batch", asked=_lines(ids)) as answer:
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
