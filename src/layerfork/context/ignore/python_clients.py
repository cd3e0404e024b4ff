"""``.dockerignore`` as docker-py (1.6 to 7.2) and podman-py read and apply it."""

import posixpath
import re
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import lru_cache

from layerfork.context.ignore.regexps import linear_match, malformed
from layerfork.context.walk import ScannedTree

# ``.dockerignore`` as docker-py reads and applies it, from 1.6 to 7.2.
#
# Source: docker/docker-py docker/utils/{build,fnmatch,utils}.py and docker/api/build.py @ 1.6.0, 1.10.6,
# 2.7.0, 3.7.3, 4.4.4, 5.0.3, 6.1.3, 7.1.0, 7.2.0. The rules of 3.6 hold unchanged to 7.2.

IGNORE_FILE = ".dockerignore"
Version = tuple[int, int]


def docker_py_paths(tree: ScannedTree, ignore_text: str, dockerfile: str, version: Version) -> set[str]:
    """Paths that docker-py sends of a directory. ``dockerfile`` is its path inside the context.

    Raises: UsageError for a pattern that makes a malformed expression: docker-py then fails.
    """
    if version >= (3, 6):
        return set(_PatternWalk(tree=tree, patterns=_read_stripped(ignore_text, dockerfile)).paths())
    patterns = [line for line in ignore_text.splitlines() if line]
    if version >= (2, 7):
        patterns = [pattern.lstrip("/") for pattern in patterns]
    exceptions = [pattern[1:] for pattern in patterns if pattern.startswith("!")]
    excludes = [pattern for pattern in patterns if not pattern.startswith("!")]
    includes = [*exceptions, dockerfile, IGNORE_FILE]
    if version < (1, 7):
        return _paths_of_1_6(tree, excludes, includes)
    match = _match_2_7 if version >= (2, 0) else _match_1_10
    walk = _IncludeWalk(
        tree=tree,
        excludes=excludes,
        includes=includes,
        match=match,
        looks_for_children=version >= (2, 0),
        has_exceptions=bool(exceptions),
    )
    sent = set(walk.paths())
    return sent | {dockerfile} if tree.find(dockerfile) is not None else sent


def _read_stripped(text: str, dockerfile: str) -> list["_Pattern"]:
    lines = (line.strip() for line in text.splitlines())
    words = [line for line in lines if line and not line.startswith("#")]
    patterns = [_pattern(word) for word in (*words, f"!{dockerfile}")]
    return [*(pattern for pattern in patterns if pattern.parts), _pattern(f"!{IGNORE_FILE}")]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pattern:
    exception: bool
    parts: tuple[str, ...]
    text: str


def _pattern(word: str) -> _Pattern:
    exception = word.startswith("!")
    parts: list[str] = []
    for part in (word[1:] if exception else word).strip().split("/"):
        if part == "..":
            del parts[-1:]
        elif part not in ("", "."):
            parts.append(part)
    return _Pattern(exception=exception, parts=tuple(parts), text="/".join(parts))


@dataclass(frozen=True, slots=True, kw_only=True)
class _PatternWalk:
    """3.6 and later: of the patterns that match a path, or its parent at their own depth, the last counts."""

    tree: ScannedTree
    patterns: list[_Pattern]

    def paths(self) -> Iterator[str]:
        pending = ["."]
        while pending:
            for path in _paths_in(self.tree, pending.pop()):
                excluded = self._excludes(path)
                if not excluded:
                    yield path
                if path in self.tree.directories and (not excluded or self._may_keep_below(path)):
                    pending.append(path)

    def _excludes(self, path: str) -> bool:
        parents = path.split("/")[:-1]
        excluded = False
        for pattern in self.patterns:
            matched = _docker_py_match(path, pattern.text)
            if not matched and parents and len(pattern.parts) <= len(parents):
                matched = _docker_py_match("/".join(parents[: len(pattern.parts)]), pattern.text)
            if matched:
                excluded = not pattern.exception
        return excluded

    def _may_keep_below(self, path: str) -> bool:
        return any(pattern.exception and pattern.text.startswith(path) for pattern in self.patterns)


def _docker_py_match(name: str, pattern: str) -> bool:
    """docker-py's own fnmatch: case does not count, ``*`` stops at slashes, ``**`` does not."""
    return _translate(pattern.lower())(name.lower())


@lru_cache(maxsize=256)
def _translate(pattern: str) -> Callable[[str], bool]:
    """Whether a name matches. For ``*a*a*a*b`` Python's own expressions take for ever, and docker-py, which
    uses them, stands still (seen up to 7.2); here RE2 says the same in linear time."""
    regex, position = "", 0
    while position < len(pattern):
        char = pattern[position]
        position += 1
        if char == "*" and pattern.startswith("*", position):
            position += 1
            position += pattern.startswith("/", position)
            regex += ".*" if position >= len(pattern) else "(.*/)?"
        elif char == "*":
            regex += "[^/]*"
        elif char == "?":
            regex += "[^/]"
        elif char == "[":
            end = pattern.find("]", position + (2 if pattern.startswith("!", position) else 1))
            if end < 0:
                regex += r"\["
                continue
            body = pattern[position:end].replace("\\", "\\\\").replace("[", "\\[")
            body = "^" + body[1:] if body.startswith("!") else body
            body = "\\" + body if body.startswith("^") and not pattern.startswith("!", position) else body
            regex += f"[{body}]"
            position = end + 1
        else:
            regex += re.escape(char)
    return _match_of(regex, pattern)


def _match_of(regex: str, pattern: str) -> Callable[[str], bool]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # sets that a later Python may read otherwise
            compiled = re.compile(regex + "$")
    except re.error as error:
        raise malformed(pattern) from error
    linear = linear_match(regex)
    return linear or (lambda name: compiled.match(name) is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class _IncludeWalk:
    """1.10 to 3.5: excluded unless some exception matches, wherever it stands in the file."""

    tree: ScannedTree
    excludes: list[str]
    includes: list[str]
    match: Callable[[str, str], bool]
    looks_for_children: bool
    has_exceptions: bool

    def paths(self) -> Iterator[str]:
        pending = ["."]
        while pending:
            for path in _paths_in(self.tree, pending.pop()):
                included = self._includes(path)
                if included:
                    yield path
                if path in self.tree.directories and self._enters(path, included):
                    pending.append(path)

    def _includes(self, path: str) -> bool:
        if not any(self.match(path, pattern) for pattern in self.excludes):
            return True
        return any(self.match(path, pattern) for pattern in self.includes)

    def _enters(self, path: str, included: bool) -> bool:
        if self.looks_for_children:
            return included or any((each + "/").startswith(path + "/") for each in self.includes)
        return included or self.has_exceptions


def _paths_in(tree: ScannedTree, directory: str) -> Iterator[str]:
    prefix = "" if directory == "." else f"{directory}/"
    return (prefix + name for name, _ in tree.directories[directory])


def _paths_of_1_6(tree: ScannedTree, excludes: list[str], includes: list[str]) -> set[str]:
    """1.6: everything that no pattern matches, and what exceptions match with its parents."""
    everything = [path for path, _ in tree.walk()]
    kept = {path for path in everything if not any(_match_1_6(path, each) for each in excludes)}
    for path in everything:
        if any(_match_1_6(path, each) for each in includes):
            parts = path.split("/")
            kept.update("/".join(parts[:end]) for end in range(1, len(parts) + 1))
    return kept


def _match_1_6(path: str, pattern: str) -> bool:
    pattern = pattern.rstrip("/")
    depth = len(pattern.split("/"))
    return fnmatch("/".join(path.split("/")[:depth]), pattern)


def _match_1_10(path: str, pattern: str) -> bool:
    pattern = pattern.rstrip("/")
    pattern = posixpath.normpath(pattern) if pattern else pattern
    depth = len(pattern.split("/"))
    return fnmatch("/".join(path.split("/")[:depth]), pattern)


def _match_2_7(path: str, pattern: str) -> bool:
    pattern = pattern.rstrip("/")
    pattern = posixpath.normpath(pattern) if pattern else pattern
    depth = None if "**" in pattern else len(pattern.split("/"))
    return _docker_py_match("/".join(path.split("/")[:depth]), pattern)


# Ignore files as podman-py applies them.
#
# Source: containers/podman-py podman/api/tar_utils.py @ 5.8.0.


def podman_py_paths(tree: ScannedTree, ignore_text: str) -> set[str]:
    """Paths that podman-py sends: plain fnmatch on whole paths, no exceptions; an excluded directory
    takes all below it along. Only files, directories and links pass."""
    lines = (line.strip() for line in re.split("\r\n|\r|\n", ignore_text))
    patterns = [line for line in lines if line and not line.startswith("#")]
    sent: set[str] = set()
    pending = ["."]
    while pending:
        directory = pending.pop()
        for name, status in tree.directories[directory]:
            path = name if directory == "." else f"{directory}/{name}"
            kind = status.st_mode & 0o170000
            if kind not in (0o100000, 0o040000, 0o120000) or any(fnmatch(path, each) for each in patterns):
                continue
            sent.add(path)
            if path in tree.directories:
                pending.append(path)
    return sent
