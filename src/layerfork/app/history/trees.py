"""What the context of a build held that was not recorded: the files of the commit that it was made of."""

import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from layerfork.app.predict.tree import rules_of_named
from layerfork.builders.commits.checkout import CheckedOut, Sending, check_out
from layerfork.builders.commits.commitlist import find_commit, find_repository
from layerfork.builders.commits.objects import Blobs, Trees
from layerfork.builders.imports.drafts import NO_CONTEXT
from layerfork.context.clientrules import Ignores, find_rules
from layerfork.errors import LayerforkError
from layerfork.keys.buildkit.sources import SCHEME, GitSource, git_source
from layerfork.record.context import ContextManifest, Transport
from layerfork.record.record import BuildRecord

REVISION = "vcs:revision"
_DIRECTORY = "vcs:localdir:"
CONTEXT_DIRECTORY = f"{_DIRECTORY}context"
DOCKERFILE_DIRECTORY = f"{_DIRECTORY}dockerfile"
"""Attributes that buildx adds to a build of a working tree: the commit that was checked out, and the
directories from the top of the working tree, those of named contexts too. A directory outside it has none.
Source: docker/buildx build/git.go @ v0.10.0 to v0.36.1. Whether files differ from the commit is only looked
at with ``BUILDX_GIT_CHECK_DIRTY``; then the revision ends in ``-dirty``."""
DIRTY = "-dirty"
_DIFFERED = "files differed from the commit when it was built"
_OUTSIDE = "lay outside of the commit's working tree"
_NAMED, _LOCAL = "context:", "local:"
_GIT_ADDRESS = re.compile(r"(?:[a-z]+://)?(?:[^@/]*@)?(?P<host>[^/:]+(?::[0-9]+(?=/))?)[/:](?P<path>.*)")
"""``https://host/path``, ``ssh://user@host/path`` and ``user@host:path``, a ref included."""
_FROM_GIT = replace(find_rules("buildkit"), ignores=Ignores.NONE, ignore_files=())
"""BuildKit checks a commit out as root, and applies no ignore file to it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """The files that a build's context held, as far as they are known."""

    revision: str = ""
    """The commit, hexadecimal; empty when the build names none."""
    record: BuildRecord
    """The build with the commit's files as its context, or as it was."""
    why_not: str = ""
    """Why the files are not known; empty when they are."""
    doubt: str = ""
    """Why files were or may have been others than those of the commit; empty when nothing says so."""
    unmodelled: Mapping[str, str]
    """Paths whose content only a real checkout has, and why. What git has of them stands for it."""
    readers: frozenset[int] = frozenset()
    """Steps that read a context; known only where layers of the image were looked at."""
    shown: Mapping[int, bool] = field(default_factory=dict)
    """Of these steps those whose files are those of the image's layers; whether these say all that a key
    reads."""


class CommitTrees:
    """Finds the files of builds in a repository; each commit is read once."""

    def __init__(self, directory: Path, caches: Path, clean: Callable[[str], str]) -> None:
        """``clean`` hides secrets in a Dockerfile as the recorder does.

        Raises: UsageError when git is missing or the directory lies in no repository.
        """
        self._repository = find_repository(find_repository(directory).top)
        self._blobs = Blobs(self._repository, caches)
        self._trees = Trees(self._repository)
        self._read: dict[tuple[str, str, Sending], CheckedOut | str] = {}
        self._clean = clean

    def save(self) -> None:
        """Keep the digests of files for the next time."""
        self._blobs.save()

    def of(self, record: BuildRecord) -> Tree:
        """The build with the files of its commit."""
        revision = dict(record.request.options).get(REVISION, "")
        known = Tree(revision=revision.removesuffix(DIRTY), record=record, unmodelled={})
        if record.context is not None:
            return known
        return self._sent(known, dirty=revision.endswith(DIRTY)) if revision else self._fetched(known)

    def _sent(self, known: Tree, *, dirty: bool) -> Tree:
        """The directories that a client sent."""
        options = dict(known.record.request.options)
        directory, dockerfiles = _places(options)
        if not directory:
            return replace(known, why_not=f"its context {_OUTSIDE}")
        name = Path(known.record.request.dockerfile_name or "Dockerfile").name
        dockerfile = os.path.relpath(Path(dockerfiles or directory, name), directory)
        # A context at the top holds git's own directory, unless it is ignored: another one at each commit.
        at_top = directory == "."
        sending = Sending(
            rules=find_rules("buildkit"), dockerfile=dockerfile, sends_git=at_top, git_is_new=at_top
        )
        found = self._check_out(known.revision, directory, sending)
        if isinstance(found, str):
            return replace(known, why_not=found)
        differs = self._differs(known.record, found)
        named, unmodelled = self._named(known.revision, options)
        doubt = _DIFFERED if dirty else f"{differs}: {_DIFFERED}" if differs else ""
        if not dockerfiles and (differs or DOCKERFILE_DIRECTORY in options):
            doubt = f"its Dockerfile {_OUTSIDE}, and so may its ignore file"
        tree = _with_files(known, found, found.read.manifest)
        return replace(
            tree,
            record=replace(tree.record, named_contexts=named),
            doubt=doubt,
            unmodelled={**found.unmodelled, **unmodelled},
        )

    def _differs(self, record: BuildRecord, found: CheckedOut) -> str:
        """How the commit's Dockerfile differs from the one that was built; empty when it does not."""
        recorded = record.request.dockerfile
        if recorded is None or self._clean(found.dockerfile or "") == recorded:
            return ""
        return (
            "the commit has another Dockerfile than the build"
            if found.dockerfile
            else "the commit has no such Dockerfile"
        )

    def _named(
        self, revision: str, options: Mapping[str, str]
    ) -> tuple[tuple[ContextManifest, ...], Mapping[str, str]]:
        """Named contexts that are directories of the working tree, and what is not modelled of them."""
        manifests: list[ContextManifest] = []
        unmodelled: dict[str, str] = {}
        for key, value in options.items():
            name = value.removeprefix(_LOCAL)
            directory = _inside(options.get(_DIRECTORY + name))
            if not (key.startswith(_NAMED) and value.startswith(_LOCAL) and directory):
                continue
            found = self._check_out(revision, directory, Sending(rules=rules_of_named()))
            if not isinstance(found, str):
                manifests.append(replace(found.read.manifest, name=name))
                unmodelled |= found.unmodelled
        return tuple(manifests), unmodelled

    def _fetched(self, known: Tree) -> Tree:
        """The commit of a git address, which the builder checked out itself."""
        address = dict(known.record.request.options).get("context", "")
        if not ("://" in address or address.startswith("git@")):
            return replace(known, why_not="the build names no commit")
        source = next((each for each in _sources(known.record) if _is_at(each, address)), None)
        if source is None:
            return replace(
                known, why_not="the builder fetched its context itself, and no step read a commit of it"
            )
        if not source.commit:
            return replace(known, why_not=f"its context is {address}, and no commit is known of that")
        known = replace(known, revision=source.commit)
        directory = _inside(source.directory or ".")
        name = os.path.normpath(known.record.request.dockerfile_name or "Dockerfile")
        found = self._check_out(source.commit, directory, Sending(rules=_FROM_GIT, dockerfile=name))
        if isinstance(found, str):
            return replace(known, why_not=found)
        differs = self._differs(known.record, found)
        if differs:
            return replace(known, why_not=f"{differs}, so this is not all that was fetched")
        remote = replace(found.read.manifest, transport=Transport.TAR, remote=address)
        return _with_files(known, found, remote)

    def _check_out(self, revision: str, directory: str, sending: Sending) -> CheckedOut | str:
        """The files of a commit; or why they are not known."""
        asked = (revision, directory, sending)
        if asked not in self._read:
            try:
                commit = find_commit(self._repository, revision)
                repository = self._repository.below(directory)
                as_in_git = replace(sending, as_in_git=True)
                self._read[asked] = check_out(repository, commit, as_in_git, self._trees, self._blobs)
            except LayerforkError as error:
                self._read[asked] = error.message
        return self._read[asked]


def _places(options: Mapping[str, str]) -> tuple[str, str]:
    """The directories of the context and of the Dockerfile; empty for one outside the working tree."""
    return _inside(options.get(CONTEXT_DIRECTORY)), _inside(options.get(DOCKERFILE_DIRECTORY))


def _inside(directory: str | None) -> str:
    """A directory of the working tree from its top; empty for another one."""
    path = os.path.normpath(directory) if directory else ""
    return "" if path.startswith(("/", "..")) else path


def _with_files(known: Tree, found: CheckedOut, manifest: ContextManifest) -> Tree:
    gaps = tuple(gap for gap in known.record.gaps if gap != NO_CONTEXT)
    record = replace(known.record, context=manifest, gaps=gaps)
    return replace(known, record=record, unmodelled=found.unmodelled)


def _sources(record: BuildRecord) -> Iterator[GitSource]:
    """The repositories that the steps of a build read."""
    ops = record.definition.ops if record.definition is not None else ()
    found = (git_source(op.source) for op in ops if op.source is not None)
    return (each for each in found if each is not None)


def _is_at(source: GitSource, address: str) -> bool:
    """Whether a repository, with what is taken of it, is that of an address as a person writes it."""
    named = _GIT_ADDRESS.fullmatch(address)
    if named is None:
        return False
    repository, _, fragment = named["path"].partition("#")
    ref, _, directory = fragment.partition(":")
    same = source.repository == f"{SCHEME}{named['host']}/{repository}"
    return same and (source.ref, source.directory) == (ref, directory)
