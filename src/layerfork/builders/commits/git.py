"""Runs git on a repository: only to read, and nothing is fetched."""

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from layerfork.builders.git import git_command
from layerfork.builders.process import ProgramMissingError, end_group, spawn
from layerfork.errors import UsageError


def output_of(
    directory: Path,
    *words: str,
    asked: bytes = b"",
    env: Mapping[str, str] | None = None,
    settings: tuple[str, ...] = (),
) -> bytes:
    """What git answers, run in a directory, with ``asked`` on its standard input.

    Raises: UsageError with git's own message.
    """
    with running(directory, *words, asked=asked, env=env, settings=settings) as answer:
        return answer.read()


@contextmanager
def running(
    directory: Path,
    *words: str,
    asked: bytes = b"",
    env: Mapping[str, str] | None = None,
    settings: tuple[str, ...] = (),
) -> Iterator[IO[bytes]]:
    """Git while it answers; it is gone afterwards.

    Raises: UsageError where git is missing, and with git's own message where it fails.
    """
    with tempfile.NamedTemporaryFile() as question, tempfile.TemporaryFile() as errors:
        question.write(asked)
        question.flush()
        command = git_command(
            *words, directory=directory, env=env, settings=settings, stdin=Path(question.name)
        )
        read_end, write_end = os.pipe()
        with os.fdopen(read_end, "rb") as answer:
            try:
                process = spawn(command, stdout=write_end, stderr=errors)
            except ProgramMissingError as error:
                raise UsageError(f"{error}", "install git: commits are read with it") from error
            finally:
                os.close(write_end)
            try:
                yield answer
                code = process.wait()
            finally:
                end_group(process)
        if code:
            errors.seek(0)
            said = errors.read().decode(errors="replace").strip().splitlines() or [f"it ended with {code}"]
            raise UsageError(f"git {words[0]}: {said[-1]}", f"try it yourself: git -C {directory} {words[0]}")
