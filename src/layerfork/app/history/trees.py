"""What the context of a build held that was not recorded: the files of the commit that it was made of."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from layerfork.builders.commits.checkout import CheckedOut, Sending, check_out
from layerfork.builders.commits.commitlist import find_commit, find_repository
from layerfork.builders.commits.objects import Blobs, Trees
from layerfork.builders.imports.drafts import NO_CONTEXT
from layerfork.context.clientrules import find_rules
from layerfork.errors import LayerforkError
from layerfork.record.record import BuildRecord

REVISION = "vcs:revision"
CONTEXT_DIRECTORY = "vcs:localdir:context"
DOCKERFILE_DIRECTORY = "vcs:localdir:dockerfile"
"""Attributes that buildx adds to a build of a working tree: the commit that was checked out, and the
directories from the top of the working tree.
Source: docker/buildx build/git.go @ v0.10.0 to v0.36.1. Whether files differ from the commit is only looked
at with ``BUILDX_GIT_CHECK_DIRTY``; then the revision ends in ``-dirty``."""
DIRTY = "-dirty"
_FETCHED = "the builder fetched its context itself, from git or a URL, and layerfork does not read that"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """The files that a build's context held, as far as they are known."""

    revision: str = ""
    """The commit, hexadecimal; empty when the build names none."""
    record: BuildRecord
    """The build with the commit's files as its context, or as it was."""
    why_not: str = ""
    """Why the files are not known; empty when they are."""
    unmodelled: Mapping[str, str]
    """Paths whose content only a real checkout has, and why."""


class CommitTrees:
    """Finds the files of builds in a repository; each commit is read once."""

    def __init__(self, directory: Path, caches: Path, clean: Callable[[str], str]) -> None:
        """``clean`` hides secrets in a Dockerfile as the recorder does.

        Raises: UsageError when git is missing or the directory lies in no repository.
        """
        self._repository = find_repository(find_repository(directory).top)
        self._blobs = Blobs(self._repository, caches)
        self._trees: dict[Path, Trees] = {}
        self._read: dict[tuple[str, str, str], CheckedOut | str] = {}
        self._clean = clean

    def save(self) -> None:
        """Keep the digests of files for the next time."""
        self._blobs.save()

    def of(self, record: BuildRecord) -> Tree:
        """The build with the files of its commit."""
        options = dict(record.request.options)
        revision = options.get(REVISION, "")
        known = Tree(revision=revision.removesuffix(DIRTY), record=record, unmodelled={})
        if record.context is not None:
            return known
        if not revision:
            is_remote = "://" in options.get("context", "") or options.get("context", "").startswith("git@")
            return replace(known, why_not=_FETCHED if is_remote else "the build names no commit")
        if revision.endswith(DIRTY):
            return replace(known, why_not="files differed from the commit when it was built")
        if any(key.startswith("context:") and value.startswith("local:") for key, value in options.items()):
            return replace(known, why_not="it has named contexts of directories, which name no commit")
        found = self._check_out(revision, options, record.request.dockerfile_name or "Dockerfile")
        if isinstance(found, str):
            return replace(known, why_not=found)
        recorded = record.request.dockerfile
        if recorded is not None and self._clean(found.dockerfile or "") != recorded:
            what = (
                "the commit has another Dockerfile than the build"
                if found.dockerfile
                else "the commit has no such Dockerfile"
            )
            return replace(known, why_not=f"{what}: files differed from the commit when it was built")
        return replace(
            known,
            record=replace(
                record,
                context=found.read.manifest,
                gaps=tuple(gap for gap in record.gaps if gap != NO_CONTEXT),
            ),
            unmodelled=found.unmodelled,
        )

    def _check_out(self, revision: str, options: Mapping[str, str], name: str) -> CheckedOut | str:
        """The files of a commit; or why they are not known."""
        directory = os.path.normpath(options.get(CONTEXT_DIRECTORY, ""))
        dockerfiles = os.path.normpath(options.get(DOCKERFILE_DIRECTORY, directory))
        if CONTEXT_DIRECTORY not in options or directory.startswith(("/", "..")):
            return "its context lay outside of the commit's working tree"
        if dockerfiles.startswith(("/", "..")):
            return "its Dockerfile lay outside of the commit's working tree"
        dockerfile = os.path.relpath(Path(dockerfiles, Path(name).name), directory)
        asked = (revision, directory, dockerfile)
        if asked not in self._read:
            try:
                self._read[asked] = self._read_commit(*asked)
            except LayerforkError as error:
                self._read[asked] = error.message
        return self._read[asked]

    def _read_commit(self, revision: str, directory: str, dockerfile: str) -> CheckedOut:
        commit = find_commit(self._repository, revision)
        repository = find_repository(self._repository.directory / directory)
        trees = self._trees.setdefault(repository.directory, Trees(repository))
        # A context at the top holds git's own directory, unless it is ignored: another one at each commit.
        at_top = directory == "."
        sending = Sending(
            rules=find_rules("buildkit"), dockerfile=dockerfile, sends_git=at_top, git_is_new=at_top
        )
        return check_out(repository, commit, sending, trees, self._blobs)
