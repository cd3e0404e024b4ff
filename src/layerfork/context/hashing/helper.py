"""A second process that takes a share of the work on very many small files."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import ModuleType

from layerfork.context.hashing import files as hashing
from layerfork.context.hashing.digestcache import Content
from layerfork.record.context import Digest

WORTH_FILES = 4_000
"""From so many small files on, the start of a process is the smaller cost."""

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
