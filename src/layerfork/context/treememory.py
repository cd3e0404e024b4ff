"""What a directory held when it was last read, so that an unchanged one need not be read again.

Kept are the names and statuses of all that a client sends and of every directory that was listed. A directory
in which nothing came, went or was renamed has the times that it had: its names are the known ones, and need
not be listed. Every name's status is asked for.
"""

import marshal
import os
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from layerfork.context.clientrules import ContextRules, find_rules
from layerfork.context.hashing.columns import encoded
from layerfork.context.hashing.digestcache import RACY_NS, cache_file, read_columns, write_columns
from layerfork.context.hashing.statuses import columns_of, no_other_work, read_statuses
from layerfork.context.projectfiles import read_ignore_text
from layerfork.context.walk import Row, no_collection

if TYPE_CHECKING:
    from layerfork.context.manifest import ReadContext

_FORM = "layerfork tree memory 3"
_ENDING = ".tree"
_REAL_NAMES = "real"

Reading = tuple[str, str, tuple[int, int], int, str]
"""How a directory is read: all but its files that decides what is sent of it."""


def reading_of(
    root: Path, rules: ContextRules, dockerfile: str, docker_py: tuple[int, int], umask: int
) -> Reading:
    """The arguments of `read_context`, and the ignore file's text."""
    return rules.id, dockerfile, docker_py, umask, read_ignore_text(root, rules, dockerfile)


def known_tree(caches: Path, root: Path, umask: int, meanwhile: Callable[[], object] = no_other_work) -> str:
    """The name of the tree that `note_tree` gave, if all that would be sent of it is as it was; else empty.

    ``umask`` is that of this process; ``meanwhile`` is done while others ask for statuses.
    """
    with no_collection():
        columns = read_columns(cache_file(caches, root, _ENDING), _FORM)
        if columns is None:
            return ""
        reading, names, statuses, name = columns
        rules_id, dockerfile, docker_py, *_ = reading
        try:
            rules = find_rules(rules_id)
        except KeyError:
            return ""
        if reading != reading_of(root, rules, dockerfile, docker_py, umask):
            return ""
        return name if read_statuses(os.fspath(root), names, meanwhile) == statuses else ""


def note_tree(caches: Path, read: "ReadContext", rules: ContextRules, reading: Reading) -> str:
    """Remember a directory as it was read; gives a name for this state of it, empty where there is none.

    There is none where something could not be read, or changed so recently that its times prove nothing; nor
    where a client sends names of owners, which are not in the directory.
    """
    tree = read.tree
    if read.problems or rules.owner_names == _REAL_NAMES:
        return ""
    with no_collection():
        own = list(_rows(read))
        statuses = [status for _, rows in own for _, status in rows]
        settled_ns = tree.began_ns - RACY_NS
        if any(each.st_mtime_ns >= settled_ns or each.st_ctime_ns >= settled_ns for each in statuses):
            return ""
        columns = columns_of(statuses)
        if columns is None:
            return ""
        names = encoded((directory, [name for name, _ in rows]) for directory, rows in own)
        # Version 0 refers to nothing that it wrote before: equal values are equal bytes.
        name = sha256(marshal.dumps((reading, names), 0) + columns).hexdigest()
        file = cache_file(caches, tree.root, _ENDING)
        return name if write_columns(file, _FORM, reading, names, columns, name) else ""


def _rows(read: "ReadContext") -> Iterator[tuple[str, list[Row]]]:
    """The root, then in each directory what is sent and what was listed.

    What is left out may change: a directory that is not walked has new times whenever something comes or goes
    in it, as ``.git`` does.
    """
    directories, sent = read.tree.directories, set(read.paths)
    yield ".", [(".", read.tree.root_status)]
    for directory, rows in directories.items():
        prefix = "" if directory == "." else directory + "/"
        own = [row for row in rows if prefix + row[0] in sent or prefix + row[0] in directories]
        if own:
            yield directory, own
