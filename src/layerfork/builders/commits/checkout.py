"""A commit as a client would send a fresh checkout of it."""

import os
import re
import stat
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from itertools import islice
from pathlib import Path
from posixpath import dirname, join, normpath

from layerfork.builders.commits.commitlist import Commit, Repository, output_of
from layerfork.builders.commits.objects import Blob, Blobs, TreeRow, Trees, texts_of
from layerfork.context.clientrules import ContextRules
from layerfork.context.hashing.contents import File, HashedFiles
from layerfork.context.hashing.digestcache import Content
from layerfork.context.manifest import NEWEST_DOCKER_PY, ReadContext, read_tree
from layerfork.context.walk import Problem, Row, ScannedTree
from layerfork.keys.buildkit.content_digest import Contents
from layerfork.keys.buildkit.recordkeys import UnknownContentError
from layerfork.record.context import ContextEntry, Digest

# Files of a commit that a checkout writes otherwise than git keeps them.
#
# Source: git Documentation/gitattributes.txt, v2.47.0: ``eol=crlf`` writes other ends of lines, ``ident``
# puts an id in, ``filter`` runs a program (Git LFS is one), ``working-tree-encoding`` writes another
# encoding. The rules that a machine has of its own (core.autocrlf, core.attributesFile) are those of a fresh
# git: none.

ATTRIBUTES_FILE = ".gitattributes"
_NAMES = ("text", "eol", "ident", "filter", "working-tree-encoding")
_TELLING = re.compile(rb"\b(?:eol|crlf|ident|filter|working-tree-encoding)\b")
_NONE = frozenset({"unspecified", "unset"})


def converted_files(repository: Repository, commit: str, rows: Sequence[TreeRow]) -> Mapping[str, str]:
    """Which files a checkout writes in another form, and by what attribute. Raises: UsageError."""
    rules = [row.object_id for row in rows if row.path.rpartition("/")[2] == ATTRIBUTES_FILE]
    if not any(_TELLING.search(text) for text in texts_of(repository, rules).values()):
        return {}
    return _converted(
        _attributes_of(repository, commit, (row.path for row in rows if row.mode >> 12 == 0o10))
    )


def _converted(values: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for path, own in values.items():
        if own["filter"] not in _NONE:
            found[path] = f"filter={own['filter']}"
        elif own["working-tree-encoding"] not in _NONE:
            found[path] = f"working-tree-encoding={own['working-tree-encoding']}"
        elif own["ident"] == "set":
            found[path] = "ident"
        elif own["eol"] == "crlf" and own["text"] != "unset":
            found[path] = "eol=crlf"
    return found


def _attributes_of(
    repository: Repository, commit: str, paths: Iterable[str]
) -> Mapping[str, Mapping[str, str]]:
    """By a commit's own rules: they are read from an index that is thrown away."""
    with tempfile.TemporaryDirectory() as directory:
        env = {"GIT_INDEX_FILE": str(Path(directory) / "index")}
        output_of(repository.place, "read-tree", commit, env=env)
        asked = "".join(f"{path}\0" for path in paths).encode("utf-8", "surrogateescape")
        answer = output_of(
            repository.top, "check-attr", "--cached", "-z", "--stdin", *_NAMES, asked=asked, env=env
        ).decode("utf-8", "surrogateescape")
    found: dict[str, dict[str, str]] = {}
    words = answer.split("\0")[:-1]
    for path, name, value in zip(words[::3], words[1::3], words[2::3], strict=True):
        found.setdefault(path, {})[name] = value
    return found


UMASK = 0o022
_SUBMODULE = 0o160000
_MODES = {0o040000: 0o040755, 0o120000: 0o120777, 0o100755: 0o100755, _SUBMODULE: 0o100644}
"""What a checkout makes of git's modes; any other file is 0644."""
_GIT = ".git"
_MOST_LINKS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """How a build's client sends its context."""

    rules: ContextRules
    docker_py: tuple[int, int] = NEWEST_DOCKER_PY
    dockerfile: str = "Dockerfile"
    """Path of the Dockerfile from the context's directory."""
    sends_git: bool = False
    """The recorded build sent git's own directory: a checkout has another one after each commit."""
    git_is_new: bool = False
    """With ``sends_git``: all of it counts as different at each commit, as it is in a clone. Else
    nothing is said of it."""
    as_in_git: bool = False
    """Of a file whose content only a real checkout has, what git keeps stands for it: the same as long as git
    has the same, and another one where it has not. Else its content is unknown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedOut:
    """What the client would send of a commit."""

    read: ReadContext
    unmodelled: Mapping[str, str]
    """Paths in the context whose content only a real checkout has, and why."""
    dockerfile: str | None
    """Text of the Dockerfile; None when the commit has none."""


def check_out(
    repository: Repository, commit: Commit, sending: Sending, trees: Trees, blobs: Blobs
) -> CheckedOut:
    """Read a commit. Raises: UsageError for a malformed ignore pattern, and what git says."""
    every = trees.rows(commit.id)
    prefix = repository.prefix
    own = _below(prefix, every)
    unmodelled = dict(_unmodelled(repository, commit, every, sending))
    known = blobs.find(row.object_id for row in own.values() if _is_file(row) or _is_link(row))
    links = [row.object_id for row in every.values() if _is_link(row)]
    contents = texts_of(repository, links)
    targets = {
        path: os.fsdecode(contents[row.object_id])
        for path, row in every.items()
        if _is_link(row) and row.object_id in contents
    }
    names = [name.format(sending.dockerfile) for name in sending.rules.ignore_files]
    dockerfile, *ignores = _texts(repository, every, targets, [sending.dockerfile, *names])
    read = read_tree(
        _tree(repository, own, known, targets, sending, _time_of(commit)),
        sending.rules,
        next((text for text in ignores if text is not None), b"").decode("utf-8", "surrogateescape"),
        lambda files: _contents(
            files, own, known, {} if sending.as_in_git else unmodelled, _made(commit, own, sending)
        ),
        dockerfile=sending.dockerfile,
        docker_py=sending.docker_py,
        umask=UMASK,
    )
    # Of what is not modelled nothing is known but that it is there: that much is complete.
    read = replace(read, manifest=replace(read.manifest, complete=True))
    return CheckedOut(
        read=read,
        unmodelled={path: unmodelled[path] for path in read.paths if path in unmodelled},
        dockerfile=None if dockerfile is None else dockerfile.decode("utf-8", "replace"),
    )


def _below(prefix: str, rows: Mapping[str, TreeRow]) -> Mapping[str, TreeRow]:
    if not prefix:
        return rows
    return {path.removeprefix(prefix): row for path, row in rows.items() if path.startswith(prefix)}


def _is_file(row: TreeRow) -> bool:
    return row.mode >> 12 == 0o10


def _is_link(row: TreeRow) -> bool:
    return row.mode >> 12 == 0o12


def _unmodelled(
    repository: Repository, commit: Commit, rows: Mapping[str, TreeRow], sending: Sending
) -> Iterator[tuple[str, str]]:
    """Paths in the context whose content only a real checkout has, and why."""
    converted = converted_files(repository, commit.id, tuple(rows.values()))
    for path, row in rows.items():
        reason = "submodule" if row.mode == _SUBMODULE else converted.get(path, "")
        if reason and path.startswith(repository.prefix):
            yield path.removeprefix(repository.prefix), reason
    if sending.sends_git and not sending.git_is_new:
        yield _GIT, "git's own directory"


def _texts(
    repository: Repository, rows: Mapping[str, TreeRow], targets: Mapping[str, str], names: Sequence[str]
) -> list[bytes | None]:
    """Contents of files by their paths from the context's directory; links to files are followed."""
    found = [_file_at(rows, targets, normpath(repository.prefix + name)) for name in names]
    texts = texts_of(repository, [row.object_id for row in found if row is not None])
    return [None if row is None else texts.get(row.object_id) for row in found]


def _file_at(rows: Mapping[str, TreeRow], targets: Mapping[str, str], path: str) -> TreeRow | None:
    for _ in range(_MOST_LINKS):
        row = rows.get(path)
        if row is None or not _is_link(row):
            return row if row is not None and _is_file(row) else None
        path = normpath(join(dirname(path), targets.get(path, "")))
    return None


def _contents(
    files: list[File],
    rows: Mapping[str, TreeRow],
    known: Mapping[str, Blob],
    unmodelled: Mapping[str, str],
    made: Mapping[str, Content],
) -> HashedFiles:
    """Of a file whose content is not modelled nothing is known; ``made`` are those that stand for others."""
    contents: dict[str, Content] = {}
    problems: list[Problem] = []
    for path, _ in files:
        blob = known.get(rows[path].object_id) if path in rows else None
        if path in made:
            contents[path] = made[path]
        elif path in unmodelled or blob is None:
            problems.append(
                Problem(path=path, reason=unmodelled.get(path, "the repository has no such blob"))
            )
        else:
            contents[path] = blob[0], True
    return HashedFiles(contents=contents, problems=problems, read=[])


def _made(commit: Commit, rows: Mapping[str, TreeRow], sending: Sending) -> Mapping[str, Content]:
    """What stands for git's own directory, of each commit another content, and for submodules."""
    made = {_GIT: _stand_in(f"git's own directory at {commit.id}")} if sending.git_is_new else {}
    if sending.as_in_git:
        modules = {path: row.object_id for path, row in rows.items() if row.mode == _SUBMODULE}
        made |= {path: _stand_in(f"submodule at {object_id}") for path, object_id in modules.items()}
    return made


def _stand_in(text: str) -> Content:
    return Digest("sha256:" + sha256(text.encode()).hexdigest()), True


def _tree(
    repository: Repository,
    rows: Mapping[str, TreeRow],
    known: Mapping[str, Blob],
    targets: Mapping[str, str],
    sending: Sending,
    mtime_ns: int,
) -> ScannedTree:
    """What a walk would find. A submodule, and git's own directory, appear as files of unknown content."""
    root = repository.place.stat()
    directories: dict[str, list[Row]] = {".": []}
    made: dict[tuple[int, int], os.stat_result] = {}
    for path, row in rows.items():
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
        targets={path.removeprefix(repository.prefix): target for path, target in targets.items()},
    )


def _time_of(commit: Commit) -> int:
    """A time that stands for that of a checkout, nanoseconds since 1970: no two commits have the same."""
    return commit.committed_at * 10**9 + int(commit.id[:7], 16)


def _status(mode: int, size: int, root: os.stat_result, mtime_ns: int) -> os.stat_result:
    """Of a file that the owner of the working tree checked out."""
    times = {"st_mtime_ns": mtime_ns, "st_ctime_ns": mtime_ns, "st_rdev": 0}
    return os.stat_result((mode, 0, 0, 1, root.st_uid, root.st_gid, size, 0, 0, 0), times)


# Contents of a commit's files, as BuildKit's content keys need them.

MOST_BYTES = 64 << 20
"""Of one file; larger ones are not read. At most this many bytes and files are requested at a time."""
MOST_FILES = 1_000


def contents_of(repository: Repository, blobs: Blobs, entries: Sequence[ContextEntry]) -> Contents:
    """Reads files of a context that a commit would send from git's objects, some that follow along with each.

    Raises (when read): UnknownContentError for a file that is no blob as it is; UsageError.
    """
    ids = {digest: object_id for object_id, (digest, _) in blobs.find(()).items()}
    files = [each for each in entries if each.content in ids and 0 < each.size <= MOST_BYTES]
    places = {each.content: place for place, each in enumerate(files)}
    read: dict[str, bytes] = {}

    def following(place: int) -> Iterator[str]:
        room = MOST_BYTES
        for each in islice(files, place, place + MOST_FILES):
            room -= each.size
            if room < 0:
                return
            if each.content is not None:
                yield ids[each.content]

    def content(entry: ContextEntry) -> Iterator[bytes]:
        if entry.size == 0:
            return
        if entry.content is None or entry.content not in places:
            raise UnknownContentError
        object_id = ids[entry.content]
        if object_id not in read:
            read.clear()
            read.update(texts_of(repository, following(places[entry.content])))
        if object_id not in read:
            raise UnknownContentError
        yield read[object_id]

    return content
