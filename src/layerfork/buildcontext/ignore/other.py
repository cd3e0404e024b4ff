"""Ignore files as dockerode and podman-py apply them.

Source: balena-io-modules/dockerignore index.js @ 1.0.2 and apocas/dockerode lib/util.js @ v5.0.1 with
mafintosh/tar-fs index.js @ 3.1.0; containers/podman-py podman/api/tar_utils.py @ 5.8.0.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatch

from layerfork.buildcontext.gopath import clean
from layerfork.buildcontext.ignore.docker_go import read_ignorefile
from layerfork.buildcontext.walk import ScannedTree


@dataclass(frozen=True, slots=True, kw_only=True)
class _BalenaRule:
    exception: bool
    parts: tuple[str, ...]
    regex: re.Pattern[str]


def dockerode_paths(tree: ScannedTree, ignore_text: str, listed: Iterable[str]) -> set[str]:
    """Paths that dockerode sends for ``{context, src}``; ``listed`` is ``src``.

    The listed names are filtered by the ignore file. Below a listed directory the filter is asked about
    absolute paths, so there only patterns that begin with ``**`` can match.
    """
    rules = _read_rules(ignore_text)
    top = str(tree.root.absolute())
    pending = [path for path in listed if not _excludes(rules, path)]
    sent: set[str] = set()
    while pending:
        path = pending.pop()
        sent.add(path)
        for name, _ in tree.directories.get(path, ()):
            below = f"{path}/{name}" if path != "." else name
            if not _excludes(rules, f"{top}/{below}"):
                pending.append(below)
    return sent


def _read_rules(text: str) -> list[_BalenaRule]:
    rules = []
    # A byte order mark is no comment and no blank to it, but a part of the first pattern.
    for pattern in read_ignorefile(text.replace("\ufeff", "\0", 1)):
        pattern = clean(pattern.replace("\0", "\ufeff"))
        exception = pattern.startswith("!")
        body = pattern[1:] if exception else pattern
        if body:
            regex = re.compile(_balena_regex(body))
            rules.append(_BalenaRule(exception=exception, parts=tuple(body.split("/")), regex=regex))
    return rules


def _excludes(rules: list[_BalenaRule], path: str) -> bool:
    parents = path.split("/")[:-1]
    excluded = False
    for rule in rules:
        matched = rule.regex.search(path) is not None
        if not matched and parents:
            depths: Iterable[int] = (len(rule.parts),)
            if "**" in rule.parts:
                depths = range(sum(part != "**" for part in rule.parts), len(parents) + 1)
            matched = any(
                depth <= len(parents) and rule.regex.search("/".join(parents[:depth])) is not None
                for depth in depths
            )
        if matched:
            excluded = not rule.exception
    return excluded


def _balena_regex(pattern: str) -> str:
    """Only dots and dollars are escaped: other special characters keep their meaning by mistake."""
    regex, position = "^", 0
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
        elif char in ".$":
            regex += "\\" + char
        elif char == "\\" and position < len(pattern):
            regex += re.escape(pattern[position])
            position += 1
        else:
            regex += char if char != "\\" else r"\\"
    return regex + "$"


def podman_py_paths(tree: ScannedTree, ignore_text: str) -> set[str]:
    """Paths that podman-py sends: plain fnmatch on whole paths, no exceptions; an excluded directory
    takes all below it along. Only files, directories and links pass."""
    lines = (line.strip() for line in ignore_text.splitlines())
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
