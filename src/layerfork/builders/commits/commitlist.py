"""The commits of a range, as git lists them."""

import os
import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

from layerfork.builders.commits.git import git_command
from layerfork.builders.process import ProgramMissingError, end_group, spawn
from layerfork.errors import LayerforkError, UsageError

_SOME_ID = re.compile(r"[0-9a-f]{7,64}")
_WHOLE_ID = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")

# Runs git on a repository: only to read, and nothing is fetched.


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """One commit."""

    id: str
    """Hexadecimal, whole."""
    committed_at: int
    """Seconds since 1970."""
    subject: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Repository:
    """A directory in a git repository's working tree."""

    directory: Path
    prefix: str
    """Its path below the top of the working tree, with a slash at the end; empty for the top."""
    store: Path
    """Where the repository's objects are, whichever of its working trees this is."""

    @property
    def place(self) -> Path:
        """Where git is run: the directory, or what is left above it where the working tree has lost it."""
        return next(each for each in (self.directory, *self.directory.parents) if each.is_dir())

    def below(self, directory: str) -> "Repository":
        """A directory below this one, which is the top; the working tree may have it no more."""
        if directory == ".":
            return self
        return replace(self, directory=self.directory / directory, prefix=f"{directory}/")

    @property
    def top(self) -> Path:
        """The top of the working tree, links followed."""
        directory = self.directory.resolve()
        depth = self.prefix.count("/")
        return directory.parents[depth - 1] if depth else directory


def find_repository(directory: Path) -> Repository:
    """The repository that a directory lies in. Raises: UsageError when it lies in none."""
    if not directory.is_dir():
        raise UsageError(f"there is no directory {directory}", "name the build's context directory")
    answer = output_of(
        directory, "rev-parse", "--path-format=absolute", "--show-prefix", "--git-common-dir"
    ).decode("utf-8", "surrogateescape")
    prefix, _, store = answer.removesuffix("\n").partition("\n")
    return Repository(directory=directory, prefix=prefix, store=Path(store))


def find_below(repository: Repository, directory: Path) -> Repository | None:
    """Another directory of the same working tree; None for one that lies elsewhere."""
    try:
        found = find_repository(directory)
    except LayerforkError:
        return None
    return found if found.top == repository.top else None


def commits_of(repository: Repository, wanted: str) -> tuple[Commit, ...]:
    """Commits of a range like ``main~20..main``, the oldest first, along first parents.

    Raises: UsageError when it is no range, or nothing is in it.
    """
    if ".." not in wanted:
        raise UsageError(f"{wanted} is not a range of commits", f"write {wanted}~10..{wanted}")
    answer = output_of(
        repository.place,
        "log",
        "--first-parent",
        "--reverse",
        "-z",
        "--no-show-signature",
        "--no-color",
        "--format=%H %ct %s",
        "--end-of-options",
        wanted,
        "--",
    )
    commits = tuple(map(_commit, answer.decode("utf-8", "replace").split("\0")[:-1]))
    if not commits:
        raise UsageError(f"{wanted} contains no commits", "name the older commit first: OLD..NEW")
    return commits


def commit_id(repository: Repository, name: str) -> str:
    """The whole id of a commit that a hexadecimal id names, whole or abbreviated; empty when there is none.

    A branch or tag of that name is not it.
    """
    if not _SOME_ID.fullmatch(name):
        return ""
    try:
        answer = output_of(repository.directory, "rev-parse", "--verify", "--quiet", f"{name}^{{commit}}")
    except LayerforkError:
        return ""
    found = answer.decode("ascii", "replace").strip()
    return found if found.startswith(name) else ""


def find_commit(repository: Repository, revision: str) -> Commit:
    """The commit of a whole hexadecimal id. Raises: UsageError when the repository does not have it."""
    missing = UsageError(
        f"the repository does not have the commit {revision[:12]}",
        "fetch it (a shallow clone lacks older commits), or name the repository that has it",
    )
    if not _WHOLE_ID.fullmatch(revision):
        raise missing
    try:
        answer = output_of(
            repository.place,
            "log",
            "-1",
            "--no-show-signature",
            "--no-color",
            "--format=%H %ct %s",
            revision,
        )
    except UsageError as error:
        raise missing from error
    return _commit(answer.decode("utf-8", "replace").rstrip("\n"))


def _commit(row: str) -> Commit:
    name, when, subject = row.split(" ", 2)
    return Commit(id=name, committed_at=int(when), subject=subject)
