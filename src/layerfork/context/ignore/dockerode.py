"""Ignore files as dockerode applies them.

Source: balena-io-modules/dockerignore index.js @ v1.0.2; apocas/dockerode lib/util.js @ v5.0.1 with
mafintosh/tar-fs index.js @ 3.1.0.
"""

import posixpath
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from layerfork.context.ignore.gopatterns import wildcard_expression
from layerfork.context.ignore.regexps import BLANK, js_regexp
from layerfork.context.walk import ScannedTree
from layerfork.record.gopath import clean

_ESCAPED = ".$"
"""Other special characters keep their meaning, by mistake."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rule:
    exception: bool
    parts: tuple[str, ...]
    matches: Callable[[str], bool]


def dockerode_paths(tree: ScannedTree, ignore_text: str, listed: Iterable[str]) -> set[str]:
    """Paths that dockerode sends for ``{context, src}``; ``listed`` is ``src``.

    The listed names are filtered by the ignore file. Below a listed directory the filter is asked about
    absolute paths, so there only patterns that begin with ``**`` can match.
    Raises: UsageError for a pattern that JavaScript refuses, or that is not modelled.
    """
    rules = list(_read_rules(ignore_text))
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


def _read_rules(text: str) -> Iterator[_Rule]:
    for line in re.split("\r?\n", text):
        pattern = line.strip(BLANK)
        if line.startswith("#") or not pattern:
            continue
        exception = pattern.startswith("!")
        pattern = _relative(pattern[1:].strip(BLANK) if exception else pattern).strip(BLANK)
        if exception:
            pattern = posixpath.normpath("!" + pattern)
            exception = pattern.startswith("!")
            pattern = pattern.removeprefix("!")
        if pattern:
            yield _Rule(
                exception=exception,
                parts=tuple(pattern.split("/")),
                matches=js_regexp(f"^{wildcard_expression(pattern, _ESCAPED)}$"),
            )


def _relative(pattern: str) -> str:
    if not pattern:
        return ""
    cleaned = clean(pattern)
    return cleaned[1:] if len(cleaned) > 1 and cleaned.startswith("/") else cleaned


def _excludes(rules: list[_Rule], path: str) -> bool:
    parents = path.split("/")[:-1]
    excluded = False
    for rule in rules:
        matched = rule.matches(path)
        if not matched and parents:
            matched = any(
                depth <= len(parents) and rule.matches("/".join(parents[:depth]))
                for depth in _depths(rule, len(parents))
            )
        if matched:
            excluded = not rule.exception
    return excluded


def _depths(rule: _Rule, deepest: int) -> Iterable[int]:
    """How many of the directories above are asked about; ``**`` stands for any number of names."""
    if "**" not in rule.parts:
        return (len(rule.parts),)
    return range(sum(part != "**" for part in rule.parts), deepest + 1)
