"""A scratch clone of a repository: what is looked at and changed is never the clone that was named."""

import os
import posixpath
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from layerfork.builders.commits.commitlist import Commit, Repository, commits_of, output_of
from layerfork.errors import UsageError
from layerfork.lint.dockerfiles import OpenedDockerfile
from layerfork.lint.linter import dockerfiles_below


@dataclass(frozen=True, slots=True, kw_only=True)
class Clone:
    """A scratch clone with its newest commit checked out."""

    name: str
    place: Path
    commits: tuple[Commit, ...]
    """Along first parents, the oldest first."""

    @property
    def store(self) -> Path:
        """Where its objects are."""
        return self.place / ".git"

    def repository(self, context: str) -> Repository:
        """As seen from a context's directory, which need not be there in every commit: git is run in it."""
        directory = self.place / context
        directory.mkdir(parents=True, exist_ok=True)
        prefix = "" if context == "." else f"{context}/"
        return Repository(directory=directory, prefix=prefix, store=self.store)


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """A Dockerfile, and the directory that is sent with it, both from the top."""

    dockerfile: str
    context: str

    @property
    def inside(self) -> str:
        """The Dockerfile from the context's directory."""
        return posixpath.relpath(self.dockerfile, self.context)


_PLAIN = {"GIT_LFS_SKIP_SMUDGE": "1", "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull}
"""No settings of this machine, and nothing is fetched."""


def make_clone(source: Path, name: str, place: Path, most: int) -> Clone:
    """Clone it with its newest commits. Raises: UsageError with what git says."""
    words = ("clone", "--quiet", "--shared", "--no-checkout", str(source.resolve()), str(place))
    output_of(place.parent, *words, env={**_PLAIN, "GIT_ALLOW_PROTOCOL": "file"})
    # A file whose blob is not there stays out of the checkout, which lint reads; predictions read blobs.
    with suppress(UsageError):
        output_of(place, "checkout", "--quiet", "--force", "HEAD", env=_PLAIN)
    return Clone(name=name, place=place, commits=newest(place, "HEAD", most))


def check_source(source: Path) -> None:
    """Raises: UsageError for what is no repository."""
    if not source.is_dir():
        raise UsageError(f"there is no directory {source}", "name local clones")
    if not ((source / ".git").exists() or (source / "HEAD").is_file()):
        raise UsageError(f"{source} is no git repository of its own", "name the top of a local clone")


def name_of(source: Path) -> str:
    """``owner/name`` of the place that a clone came from, where that is a URL; else its directory's name."""
    try:
        url = _said(source, "config", "--default", "", "--get", "remote.origin.url").removesuffix(".git")
    except UsageError:
        url = ""
    parts = re.split(r"[/:]+", url)
    return "/".join(parts[-2:]) if re.search(r"://|@", url) and len(parts) > 2 else source.resolve().name


def newest(place: Path, head: str, most: int) -> tuple[Commit, ...]:
    """The newest commits before a head, and the one that these follow. Raises: UsageError."""
    names = _said(place, "rev-list", "--first-parent", "--max-count", str(most + 1), head).split()
    oldest = _said(place, "show", "--no-patch", "--format=%ct", names[-1])
    first = Commit(id=names[-1], committed_at=int(oldest), subject="")
    repository = Repository(directory=place, prefix="", store=place / ".git")
    later = commits_of(repository, f"{names[-1]}..{names[0]}") if len(names) > 1 else ()
    return (first, *(each for each in later if each.id in set(names)))


def _said(place: Path, *words: str) -> str:
    """What git says there. Raises: UsageError with its own message."""
    return output_of(place, *words).decode("utf-8", "replace").strip()


def find_built(clone: Clone) -> Sequence[Built]:
    """What its newest commit has to build: of several contexts that a Dockerfile may have, the first."""
    found = (_built(clone.place, each) for each in dockerfiles_below(clone.place))
    known = {each.dockerfile: each for each in found if each is not None}
    return sorted(known.values(), key=lambda each: (each.dockerfile.count("/"), each.dockerfile))


def _built(top: Path, opened: OpenedDockerfile) -> Built | None:
    context = opened.contexts[0].root
    if not context.is_relative_to(top) or not opened.source.path.is_relative_to(context):
        return None
    return Built(
        dockerfile=opened.source.path.relative_to(top).as_posix(),
        context=context.relative_to(top).as_posix(),
    )
