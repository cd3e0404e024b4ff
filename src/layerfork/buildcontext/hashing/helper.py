"""A second process that hashes a share of very many small files."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import IO

from layerfork.buildcontext.hashing import files as hashing
from layerfork.buildcontext.hashing.digestcache import Content
from layerfork.model.context import Digest

WORTH_FILES = 4_000
"""From so many small files on, the start of a process is the smaller cost."""

Answers = Sequence[Content | None]
"""For each file its content, or None where the helper could not read it."""


@contextmanager
def hashing_aside(root: str, files: Sequence[tuple[str, os.stat_result]]) -> Iterator["Share"]:
    """Have files hashed while the context is open. The helper is gone when it closes."""
    with tempfile.TemporaryFile() as asked, tempfile.TemporaryFile() as answered:
        names = [root, *(argument for path, status in files for argument in (str(status.st_size), path))]
        asked.write(os.fsencode("\0".join(names) + "\0"))
        asked.seek(0)
        argv = [sys.executable, "-I", "-S", hashing.__file__]
        with subprocess.Popen(argv, stdin=asked, stdout=answered, stderr=subprocess.DEVNULL) as process:
            try:
                yield Share(process, answered, len(files))
            finally:
                process.kill()


class Share:
    """What a helper was given."""

    def __init__(self, process: "subprocess.Popen[bytes]", answered: IO[bytes], count: int) -> None:
        self._process = process
        self._answered = answered
        self._count = count

    def wait(self) -> Answers:
        """All answers; None for every file when the helper came to nothing."""
        code = self._process.wait()
        self._answered.seek(0)
        rows = self._answered.read()
        if code or len(rows) != self._count * hashing.ANSWER.size:
            return [None] * self._count
        return [
            (Digest("sha256:" + digest.hex()), kind == hashing.PLAIN) if kind else None
            for digest, kind in hashing.ANSWER.iter_unpack(rows)
        ]
