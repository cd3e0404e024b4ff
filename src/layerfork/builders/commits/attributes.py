"""Files of a commit that a checkout writes otherwise than git keeps them.

Source: git Documentation/gitattributes.txt, v2.47.0: ``eol=crlf`` writes other ends of lines, ``ident`` puts
an id in, ``filter`` runs a program (Git LFS is one), ``working-tree-encoding`` writes another encoding. The
rules that a machine has of its own (core.autocrlf, core.attributesFile) are those of a fresh git: none.
"""

import re
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from layerfork.builders.commits.git import output_of
from layerfork.builders.commits.history import Repository
from layerfork.builders.commits.objects import TreeRow, texts_of

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
        output_of(repository.directory, "read-tree", commit, env=env)
        asked = "".join(f"{path}\0" for path in paths).encode("utf-8", "surrogateescape")
        top = repository.directory.joinpath(*[".."] * repository.prefix.count("/"))
        answer = output_of(
            top, "check-attr", "--cached", "-z", "--stdin", *_NAMES, asked=asked, env=env
        ).decode("utf-8", "surrogateescape")
    found: dict[str, dict[str, str]] = {}
    words = answer.split("\0")[:-1]
    for path, name, value in zip(words[::3], words[1::3], words[2::3], strict=True):
        found.setdefault(path, {})[name] = value
    return found
