"""A directory as a client would send it: its ignore rules applied, attributes changed, contents hashed."""

import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from stat import S_ISREG

from layerfork.context.clientrules import ContextRules, Ignores
from layerfork.context.hashing.contents import File, HashedFiles, hash_files
from layerfork.context.hashing.digestcache import DigestCache
from layerfork.context.ignore.dockerode import dockerode_paths
from layerfork.context.ignore.ignorefile import (
    DOCKER_IGNORE,
    read_containers_ignorefile,
    read_docker_ignorefile,
)
from layerfork.context.ignore.moby import MobyMatcher, OldMobyMatcher, moby_matcher, old_moby_matcher
from layerfork.context.ignore.python_clients import docker_py_paths, podman_py_paths
from layerfork.context.projectfiles import read_ignore_text
from layerfork.context.selection import (
    buildkit_paths,
    classic_cli_paths,
    old_buildkit_paths,
    old_classic_cli_paths,
    podman_remote_paths,
)
from layerfork.context.sending import sent_entries
from layerfork.context.walk import Problem, Prune, ScannedTree, scan
from layerfork.record.context import ContextManifest, Transport
from layerfork.record.gopath import context_path

NEWEST_DOCKER_PY = (7, 2)
_NOT_UTF8 = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadContext:
    """What came of reading a directory."""

    manifest: ContextManifest
    """Files that could not be read have no content digest; ``complete`` is then False."""
    tree: ScannedTree = field(compare=False, repr=False)
    paths: Sequence[str] = field(compare=False, repr=False)
    """What of the tree the client sends."""
    problems: tuple[Problem, ...] = ()


def read_context(
    root: Path,
    rules: ContextRules,
    dockerfile: str = "Dockerfile",
    docker_py: tuple[int, int] = NEWEST_DOCKER_PY,
    umask: int = 0o022,
    cache: DigestCache | None = None,
) -> ReadContext:
    """Read a directory as a client with these rules would send it.

    ``dockerfile`` is its path inside the context, ``docker_py`` the version where that is the client.
    Raises: UsageError when the root is no readable directory or an ignore pattern is malformed.
    """
    ignore_text = read_ignore_text(root, rules, dockerfile)
    return read_tree(
        scan(root, _prune(rules, ignore_text)),
        rules,
        ignore_text,
        lambda files: hash_files(os.fspath(root), files, cache),
        dockerfile=dockerfile,
        docker_py=docker_py,
        umask=umask,
    )


def read_tree(
    tree: ScannedTree,
    rules: ContextRules,
    ignore_text: str,
    hashed_files: Callable[[list[File]], HashedFiles],
    *,
    dockerfile: str = "Dockerfile",
    docker_py: tuple[int, int] = NEWEST_DOCKER_PY,
    umask: int = 0o022,
) -> ReadContext:
    """A tree as `read_context` would read it from a directory, wherever its files' contents are.

    Raises: UsageError when an ignore pattern is malformed.
    """
    paths = _kept_paths(tree, rules, ignore_text, dockerfile, docker_py)
    find = tree.statuses.get
    files = [
        (path, status) for path in paths if (status := find(path)) is not None and S_ISREG(status.st_mode)
    ]
    hashed = hashed_files(files)
    entries = sent_entries(tree, paths, rules, hashed.contents, umask)
    problems = (*tree.problems, *hashed.problems)
    # In a tar the file itself goes along, and the engine reads it again.
    applied = rules.transport is not Transport.TAR or any(
        context_path(entry.name) == DOCKER_IGNORE for entry in entries
    )
    return ReadContext(
        manifest=ContextManifest(
            transport=rules.transport,
            entries=entries,
            excludes=_recorded_patterns(ignore_text, rules) if applied else (),
            complete=not problems,
        ),
        tree=tree,
        paths=paths,
        problems=problems,
    )


def _recorded_patterns(ignore_text: str, rules: ContextRules) -> tuple[str, ...]:
    """Patterns as the builder will read them; to Go, a byte that is not UTF-8 is U+FFFD."""
    read = read_containers_ignorefile if rules.reads_as_podman else read_docker_ignorefile
    return read(_NOT_UTF8.sub("\ufffd", ignore_text))


def _prune(rules: ContextRules, ignore_text: str) -> Prune | None:
    """Directories that no client with these rules would enter: they need not be listed."""
    make = _PRUNING.get(rules.ignores)
    if make is None:
        return None
    matcher = make(read_docker_ignorefile(ignore_text))
    return None if matcher.has_exceptions or not matcher.rules else matcher.excludes


_PRUNING: dict[Ignores, Callable[[tuple[str, ...]], MobyMatcher | OldMobyMatcher]] = {
    Ignores.MOBY_TAR: moby_matcher,
    Ignores.MOBY_TRANSFER: moby_matcher,
    Ignores.MOBY_20_10_TAR: old_moby_matcher,
    Ignores.MOBY_20_10_TRANSFER: old_moby_matcher,
}
"""Dialects whose walks enter no directory that is left out, unless there are exceptions."""


def _kept_paths(
    tree: ScannedTree, rules: ContextRules, text: str, dockerfile: str, docker_py: tuple[int, int]
) -> list[str]:
    select = _SELECTIONS.get(rules.ignores)
    if select is not None:
        return select(tree, text, dockerfile)
    if rules.ignores is Ignores.DOCKER_PY:
        return sorted(docker_py_paths(tree, text, dockerfile, docker_py))
    return list(tree.statuses)


_SELECTIONS: dict[Ignores, Callable[[ScannedTree, str, str], list[str]]] = {
    Ignores.MOBY_TAR: classic_cli_paths,
    Ignores.MOBY_20_10_TAR: old_classic_cli_paths,
    Ignores.MOBY_TRANSFER: lambda tree, text, _: buildkit_paths(tree, text),
    Ignores.MOBY_20_10_TRANSFER: lambda tree, text, _: old_buildkit_paths(tree, text),
    Ignores.PODMAN_REMOTE: podman_remote_paths,
    Ignores.DOCKERODE: lambda tree, text, _: sorted(
        dockerode_paths(tree, text, [name for name, _ in tree.directories["."]])
    ),
    Ignores.PODMAN_PY: lambda tree, text, _: sorted(podman_py_paths(tree, text)),
}
"""What each dialect sends of a tree, given the ignore file's text and the Dockerfile's path."""
