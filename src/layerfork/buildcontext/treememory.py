"""What a directory held when it was last read, so that an unchanged one need not be read again.

Kept are the names and statuses of all that a client sends and of every directory that was listed. A directory
in which nothing came, went or was renamed has the times that it had: its names are the known ones, and need
not be listed. Every name's status is asked for.
"""

import os
from collections.abc import Iterator
from pathlib import Path

from layerfork.buildcontext.clientrules import ContextRules
from layerfork.buildcontext.hashing.cachefile import read_columns, write_columns
from layerfork.buildcontext.hashing.contents import RACY_NS
from layerfork.buildcontext.hashing.digestcache import cache_file
from layerfork.buildcontext.hashing.snapshot import columns_of, read_statuses
from layerfork.buildcontext.manifest import ReadContext, read_ignore_text
from layerfork.buildcontext.walk import no_collection

_FORM = "layerfork tree memory 1"
_ENDING = ".tree"
_REAL_NAMES = "real"

Reading = tuple[str, str, tuple[int, int], int, str]
"""How a directory is read: all but its files that decides what is sent of it."""


def reading_of(
    root: Path, rules: ContextRules, dockerfile: str, docker_py: tuple[int, int], umask: int
) -> Reading:
    """The arguments of `read_context`, and the ignore file's text."""
    return rules.id, dockerfile, docker_py, umask, read_ignore_text(root, rules, dockerfile)


def recall_note(caches: Path, root: Path, reading: Reading) -> str | None:
    """What was noted of the directory, if all that would be sent of it is as it was; else None."""
    with no_collection():
        columns = read_columns(cache_file(caches, root, _ENDING), _FORM)
        if columns is None or columns[0] != reading:
            return None
        _, note, names, statuses = columns
        return note if read_statuses(os.fspath(root), names) == statuses else None


def note_tree(caches: Path, read: ReadContext, rules: ContextRules, reading: Reading, note: str) -> bool:
    """Note something of a directory as it was read; whether it could be.

    It cannot where something could not be read, or changed so recently that its times prove nothing; nor
    where a client sends names of owners, which are not in the directory.
    """
    tree = read.tree
    if read.problems or rules.owner_names == _REAL_NAMES:
        return False
    with no_collection():
        names = list(_names(read))
        find = tree.find
        statuses = [
            found
            for directory, own in names
            for name in own
            if (found := find(name if directory == "." else f"{directory}/{name}")) is not None
        ]
        settled_ns = tree.began_ns - RACY_NS
        if any(each.st_mtime_ns >= settled_ns or each.st_ctime_ns >= settled_ns for each in statuses):
            return False
        columns = columns_of(statuses)
        if columns is None:
            return False
        return write_columns(cache_file(caches, tree.root, _ENDING), _FORM, reading, note, names, columns)


def _names(read: ReadContext) -> Iterator[tuple[str, list[str]]]:
    """The root, then in each directory what is sent and what was listed.

    What is left out may change: a directory that nobody enters has new times whenever something comes or goes
    in it, as ``.git`` does.
    """
    directories, sent = read.tree.directories, set(read.paths)
    yield ".", ["."]
    for directory, rows in directories.items():
        prefix = "" if directory == "." else directory + "/"
        own = [name for name, _ in rows if prefix + name in sent or prefix + name in directories]
        if own:
            yield directory, own
