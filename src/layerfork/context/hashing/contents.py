"""Content digests of files: read and hashed, with a second process for very many, or taken from the cache."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import ModuleType

from layerfork.context.hashing import filedigests as hashing
from layerfork.context.hashing.digestcache import RACY_NS, Content, DigestCache, Status
from layerfork.context.hashing.filedigests import read_file
from layerfork.context.walk import Problem, no_collection
from layerfork.record.context import Digest

WORTH_FILES = 4_000
"""From this many small files on, the start of a process is the smaller cost."""

Answers = Sequence[Content | None]
"""For each file its content, or None where the helper could not read it."""


@contextmanager
def aside(program: ModuleType, asked: bytes) -> Iterator[Callable[[], bytes | None]]:
    """Have a module's file run as a program while the context is open; it is gone when that closes.

    The program needs nothing but the standard library, and reads ``asked`` from its standard input. What is
    given waits for its end, and gives what it wrote; None when it came to nothing.
    """
    with tempfile.TemporaryFile() as question, tempfile.TemporaryFile() as answered:
        question.write(asked)
        question.seek(0)
        argv = [sys.executable, "-I", "-S", str(program.__file__)]
        with subprocess.Popen(argv, stdin=question, stdout=answered, stderr=subprocess.DEVNULL) as process:

            def wait() -> bytes | None:
                code = process.wait()
                answered.seek(0)
                return None if code else answered.read()

            try:
                yield wait
            finally:
                process.kill()


@contextmanager
def hashing_aside(root: str, files: Sequence[tuple[str, os.stat_result]]) -> Iterator[Callable[[], Answers]]:
    """Have files hashed while the context is open. What is given waits for all answers.

    They are None for every file when the helper came to nothing.
    """
    names = [root, *(argument for path, status in files for argument in (str(status.st_size), path))]
    with aside(hashing, os.fsencode("\0".join(names) + "\0")) as wait:
        yield lambda: _answers(wait(), len(files))


def _answers(rows: bytes | None, count: int) -> Answers:
    if rows is None or len(rows) != count * hashing.ANSWER.size:
        return [None] * count
    return [
        (Digest("sha256:" + digest.hex()), kind == hashing.PLAIN) if kind else None
        for digest, kind in hashing.ANSWER.iter_unpack(rows)
    ]


# Content digests of files: read and hashed, or taken from the cache while the files' status is the same.

_LARGE_BYTES = 1 << 18
"""Files from this size on are read in threads. Below, handing over the GIL at every call costs more than it
gains: two threads need a third more CPU time for small files and hardly less time."""

File = tuple[str, os.stat_result]
"""Path of a regular file below the tree's root, and its status."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HashedFiles:
    """What became known of regular files, by path."""

    contents: dict[str, Content]
    problems: list[Problem]
    """Files that could not be read; they have no content."""
    read: list[File]
    """Files that the cache did not know."""


def hash_files(root: str, files: Iterable[File], cache: DigestCache | None = None) -> HashedFiles:
    """SHA-256 of the contents of files below a directory. The cache then holds these files and no others."""
    cache = DigestCache() if cache is None else cache
    settled_ns = time.time_ns() - RACY_NS
    with no_collection():
        contents, unknown = split(cache, files)
        problems, learnt = _read_all(root, unknown, contents, settled_ns)
        if unknown or len(contents) != len(cache.known):
            known = cache.known
            cache.known = {path: known[path] for path in contents if path in known} | learnt
            cache.changed = True
    return HashedFiles(contents=contents, problems=problems, read=unknown)


def split(cache: DigestCache, files: Iterable[File]) -> tuple[dict[str, Content], list[File]]:
    """Contents of the files whose status is still the one they had, and the other files."""
    contents: dict[str, Content] = {}
    others: list[File] = []
    known = cache.known.get
    for path, status in files:
        found = known(path)
        # As in `_status`, without the call.
        if found is not None and found[0] == (
            status.st_size,
            status.st_mtime_ns,
            status.st_ctime_ns,
            status.st_ino,
        ):
            contents[path] = found[1]
        else:
            others.append((path, status))
    return contents, others


def _status(status: os.stat_result) -> Status:
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino


def _read_all(
    root: str, files: list[File], contents: dict[str, Content], settled_ns: int
) -> tuple[list[Problem], dict[str, tuple[Status, Content]]]:
    """Add the contents of files; gives what failed, and what may be remembered.

    A digest is only remembered of files that have not changed since ``settled_ns``: the status of others may
    lie.
    """
    problems: list[Problem] = []
    large = [each for each in files if each[1].st_size >= _LARGE_BYTES]
    _read_large(root, large, contents, problems)
    _read_small(root, [each for each in files if each[1].st_size < _LARGE_BYTES], contents, problems)
    learnt = {
        path: (_status(status), contents[path])
        for path, status in files
        if path in contents and status.st_mtime_ns < settled_ns and status.st_ctime_ns < settled_ns
    }
    return problems, learnt


def _read_large(root: str, files: list[File], contents: dict[str, Content], problems: list[Problem]) -> None:
    """Read large files in threads: nothing but the kernel and the hash counts there."""
    if not files:
        return
    from concurrent.futures import ThreadPoolExecutor  # late: start-up

    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        for done in [pool.submit(_read, root, [each], contents, problems) for each in files]:
            done.result()


def _read_small(root: str, files: list[File], contents: dict[str, Content], problems: list[Problem]) -> None:
    """Read many small files, half of them in a process of its own where that pays."""
    half = len(files) // 2 if len(files) >= WORTH_FILES and (os.cpu_count() or 1) > 1 else len(files)
    if half == len(files):
        _read(root, files, contents, problems)
        return
    with hashing_aside(root, files[half:]) as wait:
        _read(root, files[:half], contents, problems)
        answers = list(zip(files[half:], wait(), strict=True))
    contents.update((path, content) for (path, _), content in answers if content is not None)
    # What cannot be read is asked for again, for the reason.
    _read(root, (file for file, content in answers if content is None), contents, problems)


def _read(root: str, files: Iterable[File], contents: dict[str, Content], problems: list[Problem]) -> None:
    """Read files one by one."""
    for path, status in files:
        try:
            digest, plain = read_file(f"{root}/{path}", status.st_size)
        except OSError as error:
            problems.append(Problem(path=path, reason=error.strerror or str(error)))
            continue
        contents[path] = Digest("sha256:" + digest.hexdigest()), plain
