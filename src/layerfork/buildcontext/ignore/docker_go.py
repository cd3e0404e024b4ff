"""``.dockerignore`` as Docker's Go programs read and apply it: docker CLI, buildx, engine, podman.

Source: moby/patternmatcher patternmatcher.go and ignorefile/ignorefile.go @ 5a6d842 (the same rules
as moby/moby pkg/fileutils since 20.10; earlier ones looked at one parent directory only).
"""

import re
from dataclasses import dataclass

from layerfork.buildcontext import gopath
from layerfork.errors import UsageError


def read_ignorefile(text: str) -> tuple[str, ...]:
    """Patterns of an ignore file, cleaned; an exception keeps its ``!``."""
    patterns = []
    for line in text.removeprefix("\ufeff").split("\n"):
        if line.startswith("#"):
            continue
        pattern = line.strip()
        if not pattern:
            continue
        inverted = pattern.startswith("!")
        if inverted:
            pattern = pattern[1:].strip()
        if pattern:
            pattern = gopath.clean(pattern)
            if len(pattern) > 1 and pattern.startswith("/"):
                pattern = pattern[1:]
        patterns.append("!" * inverted + pattern)
    return tuple(patterns)


@dataclass(frozen=True, slots=True, kw_only=True)
class GoPattern:
    """One pattern, ready to match."""

    text: str
    """Cleaned, without ``!``."""
    exception: bool
    """Paths that match are kept after all."""
    regex: re.Pattern[str]

    def matches(self, path: str) -> bool:
        return self.regex.match(path) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class GoMatcher:
    """An ordered list of patterns: of those that match a path or a parent of it the last decides."""

    patterns: tuple[GoPattern, ...]

    @property
    def has_exceptions(self) -> bool:
        return any(pattern.exception for pattern in self.patterns)

    def excludes(self, path: str) -> bool:
        """Whether a path (relative, no ``./``) is left out, judged alone. The root never is.

        Source: moby/patternmatcher patternmatcher.go:MatchesOrParentMatches @ 5a6d842.
        """
        if path == "." or not self.patterns:
            return False
        lineage = _lineage(path)
        excluded = False
        for pattern in self.patterns:
            if pattern.exception == excluded and any(map(pattern.matches, lineage)):
                excluded = not pattern.exception
        return excluded

    def decide(self, path: str, parent: tuple[bool, ...] | None) -> tuple[bool, tuple[bool, ...]]:
        """Whether a walk leaves a path out, and what the walk hands on to what lies below it.

        ``parent`` is what the parent directory handed on; None below the root, and below a directory
        that was not asked about: then all parents are. Where exceptions come before what they except
        from, a walk may decide otherwise than `excludes`.
        Source: moby/patternmatcher patternmatcher.go:MatchesUsingParentResults @ 5a6d842.
        """
        excluded = False
        state = []
        lineage = _lineage(path) if parent is None else [path]
        for index, pattern in enumerate(self.patterns):
            matched = parent is not None and parent[index]
            if not matched and pattern.exception == excluded:
                matched = any(map(pattern.matches, lineage))
            state.append(matched)
            if matched:
                excluded = not pattern.exception
        return excluded, tuple(state)

    def may_keep_below(self, directory: str) -> bool:
        """Whether an exception may keep something below a directory that is itself left out.

        Wildcards in it are compared as text. Source: moby/go-archive archive.go:Tarballer.Do @ v0.1.0.
        """
        prefix = directory + "/"
        return any(p.exception and (p.text + "/").startswith(prefix) for p in self.patterns)

    def may_keep_below_in_transfer(self, directory: str) -> bool:
        """As `may_keep_below`, for BuildKit's transfer: there any wildcard may keep anything.

        Source: tonistiigi/fsutil filter.go:NewFilterFS @ 6d9dc2e.
        """
        exceptions = [p.text.removesuffix("/**").removesuffix("/*") for p in self.patterns if p.exception]
        if any(re.search(r"[*\[\]?^\\]", text) for text in exceptions):
            return True
        return any((text + "/").startswith(directory + "/") for text in exceptions)


def _lineage(path: str) -> list[str]:
    """A path and all directories above it."""
    parts = path.split("/")
    return ["/".join(parts[:depth]) for depth in range(len(parts), 0, -1)]


def go_matcher(patterns: tuple[str, ...]) -> GoMatcher:
    """A matcher for patterns as `read_ignorefile` gives them.

    Raises: UsageError for a pattern that Go refuses.
    """
    compiled = (_compile(pattern) for pattern in patterns)
    return GoMatcher(patterns=tuple(pattern for pattern in compiled if pattern is not None))


def _compile(pattern: str) -> GoPattern | None:
    text = pattern.strip()
    if not text:
        return None
    text = gopath.clean(text)
    exception = text.startswith("!")
    if exception:
        text = text[1:]
        if not text:
            raise UsageError('illegal ignore pattern "!"', "write a path after the !, or drop the line")
    if not gopath.is_valid_pattern(text):
        raise UsageError(f"malformed ignore pattern {pattern!r}", "close its [ or escape it with \\")
    return GoPattern(text=text, exception=exception, regex=re.compile(_regex(text), re.DOTALL))


def _regex(pattern: str) -> str:
    """A pattern as an anchored expression; ``**`` crosses slashes, a last ``**`` takes everything."""
    regex, position = "", 0
    while position < len(pattern):
        char = pattern[position]
        position += 1
        if char == "*" and pattern.startswith("*", position):
            position += 1
            slash = pattern.startswith("/", position)
            # A first ``**`` before plain text is a bare suffix: ``**foo`` takes ``xfoo`` too.
            suffix = not regex and not slash and not re.search(r"[*?\\\[\]]", pattern[position:])
            position += slash
            regex += ".*" if position == len(pattern) or suffix else "(?:.*/)?"
        elif char == "*":
            regex += "[^/]*"
        elif char == "?":
            regex += "[^/]"
        elif char == "\\" and position < len(pattern):
            regex += re.escape(pattern[position])
            position += 1
        elif char == "[":
            end = _class_end(pattern, position)
            body = pattern[position:end].replace("[", r"\[")
            regex += f"[{body}]"
            position = end + 1
        else:
            regex += re.escape(char)
    return regex + r"\Z"


def _class_end(pattern: str, position: int) -> int:
    """Index of the ``]`` that closes a class; Go's own check has made sure that there is one."""
    while pattern[position] != "]":
        position += 2 if pattern[position] == "\\" else 1
    return position
