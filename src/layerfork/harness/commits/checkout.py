"""A commit as a client would send a fresh checkout of it, by a git with its defaults and a umask of 022."""

import os
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from posixpath import normpath

from layerfork.buildcontext.clientrules import ContextRules
from layerfork.buildcontext.hashing.contents import File, HashedFiles
from layerfork.buildcontext.hashing.digestcache import Content
from layerfork.buildcontext.manifest import NEWEST_DOCKER_PY, ReadContext, read_tree
from layerfork.buildcontext.walk import Problem, Row, ScannedTree
from layerfork.harness.commits.attributes import converted_files
from layerfork.harness.commits.history import Commit, Repository
from layerfork.harness.commits.objects import Blob, Blobs, TreeRow, rows_of, texts_of

UMASK = 0o022
_SUBMODULE = 0o160000
_MODES = {0o040000: 0o040755, 0o120000: 0o120777, 0o100755: 0o100755, _SUBMODULE: 0o100644}
"""What a checkout makes of git's modes; any other file is 0644."""
_GIT = ".git"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """How a build's client sends its context."""

    rules: ContextRules
    docker_py: tuple[int, int] = NEWEST_DOCKER_PY
    dockerfile: str = "Dockerfile"
    """What the client calls the Dockerfile: its path in the context, or with BuildKit its name."""
    dockerfile_at: str = "Dockerfile"
    """Where it lies, from the context's directory."""
    sends_git: bool = False
    """The recorded build sent git's own directory: a checkout has another one after each commit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedOut:
    """What the client would send of a commit."""

    read: ReadContext
    unmodelled: Mapping[str, str]
    """Paths in the context whose content only a real checkout has, and why."""
    dockerfile: str | None
    """Text of the Dockerfile; None when the commit has none."""


def check_out(repository: Repository, commit: Commit, sending: Sending, blobs: Blobs) -> CheckedOut:
    """Read a commit. Raises: UsageError for a malformed ignore pattern, and what git says."""
    rows = tuple(rows_of(repository, commit.id))
    prefix = repository.prefix
    own = [row for row in rows if row.path.startswith(prefix) and row.path != prefix]
    converted = converted_files(repository, commit.id, rows)
    unmodelled = {
        row.path.removeprefix(prefix): reason
        for row in own
        if (reason := "submodule" if row.mode == _SUBMODULE else converted.get(row.path, ""))
    }
    if sending.sends_git:
        unmodelled[_GIT] = "git's own directory"
    known = blobs.find(row.object_id for row in own if row.mode >> 12 in (0o10, 0o12))
    named = {name.format(sending.dockerfile): None for name in sending.rules.ignore_files}
    ids = {row.path.removeprefix(prefix): row.object_id for row in own}
    links = [row for row in own if row.mode >> 12 == 0o12]
    place = normpath(prefix + sending.dockerfile_at)
    dockerfile_id = next((row.object_id for row in rows if row.path == place and row.mode >> 12 == 0o10), "")
    wanted = [ids[name] for name in named if name in ids]
    texts = texts_of(repository, [*wanted, *filter(None, [dockerfile_id]), *(row.object_id for row in links)])
    targets = {
        row.path.removeprefix(prefix): os.fsdecode(texts[row.object_id])
        for row in links
        if row.object_id in texts
    }
    tree = _tree(repository, own, known, targets, sending, _time_of(commit))
    ignore = next((texts[ids[name]] for name in named if ids.get(name) in texts), b"")
    read = read_tree(
        tree,
        sending.rules,
        ignore.decode("utf-8", "surrogateescape"),
        lambda files: _contents(files, ids, known, unmodelled),
        dockerfile=sending.dockerfile,
        docker_py=sending.docker_py,
        umask=UMASK,
    )
    # Of what is not modelled nothing is known but that it is there: that much is complete.
    read = replace(read, manifest=replace(read.manifest, complete=True))
    sent = set(read.paths)
    dockerfile = texts.get(dockerfile_id)
    return CheckedOut(
        read=read,
        unmodelled={path: reason for path, reason in unmodelled.items() if path in sent},
        dockerfile=None if dockerfile is None else dockerfile.decode("utf-8", "replace"),
    )


def _contents(
    files: list[File], ids: Mapping[str, str], known: Mapping[str, Blob], unmodelled: Mapping[str, str]
) -> HashedFiles:
    """Of a file whose content is not modelled nothing is known."""
    contents: dict[str, Content] = {}
    problems: list[Problem] = []
    for path, _ in files:
        blob = known.get(ids.get(path, ""))
        if path in unmodelled or blob is None:
            problems.append(
                Problem(path=path, reason=unmodelled.get(path, "the repository has no such blob"))
            )
        else:
            contents[path] = blob[0], True
    return HashedFiles(contents=contents, problems=problems, read=[])


def _tree(
    repository: Repository,
    rows: Sequence[TreeRow],
    known: Mapping[str, Blob],
    targets: Mapping[str, str],
    sending: Sending,
    mtime_ns: int,
) -> ScannedTree:
    """What a walk would find. A submodule, and git's own directory, stand there as a file nobody knows."""
    root = repository.directory.stat()
    directories: dict[str, list[Row]] = {".": []}
    made: dict[tuple[int, int], os.stat_result] = {}
    prefix = repository.prefix
    for row in rows:
        path = row.path.removeprefix(prefix)
        if row.mode == stat.S_IFDIR:
            directories[path] = []
        _, size = known.get(row.object_id, ("", 0))
        key = (row.mode, size)
        if key not in made:
            made[key] = _status(_MODES.get(row.mode, 0o100644), size, root, mtime_ns)
        directory, _, name = path.rpartition("/")
        directories[directory or "."].append((name, made[key]))
    if sending.sends_git:
        directories["."].append((_GIT, _status(0o100644, 0, root, mtime_ns)))
    for own in directories.values():
        own.sort(key=lambda row: os.fsencode(row[0]))
    return ScannedTree(
        root=repository.directory,
        root_status=_status(0o040755, 0, root, mtime_ns),
        directories=directories,
        targets=targets,
    )


def _time_of(commit: Commit) -> int:
    """A time that stands for that of a checkout, nanoseconds since 1970: no two commits have the same."""
    return commit.committed_at * 10**9 + int(commit.id[:7], 16)


def _status(mode: int, size: int, root: os.stat_result, mtime_ns: int) -> os.stat_result:
    """Of a file that the owner of the working tree checked out."""
    times = {"st_mtime_ns": mtime_ns, "st_ctime_ns": mtime_ns, "st_rdev": 0}
    return os.stat_result((mode, 0, 0, 1, root.st_uid, root.st_gid, size, 0, 0, 0), times)
