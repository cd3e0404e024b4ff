"""What was probably meant by a line of an ignore file that matches nothing."""

import re

_COMMENT = re.compile(r"\s+#\s")


def before_comment(pattern: str) -> str:
    """The pattern in front of what looks like a comment, and is none: ``.git`` of ``.git  # history``; empty
    where there is none.

    Source: moby/patternmatcher ignorefile/ignorefile.go:ReadAll @ v0.6.0 and openshift/imagebuilder
    builder.go:ParseIgnore @ v1.2.21: only a line that begins with ``#`` is a comment.
    """
    comment = _COMMENT.search(pattern)
    return pattern[: comment.start()] if comment is not None else ""


def comment_of(line: str) -> str:
    """``# history`` of ``.git  # history``, as a line of its own; empty where there is none."""
    comment = _COMMENT.search(line)
    return line[comment.start() :].strip() if comment is not None else ""


def mended(line: str, pattern: str) -> str:
    """The pattern to write instead of a line that was meant to leave out what ``pattern`` does, and does not;
    empty where the line is none. Of a line that meant more than that, what it meant.

    No program takes quotes off a pattern: the sources are those of `before_comment`.
    """
    text = line.strip()
    if text.startswith(("#", "!")):
        return ""
    bare = before_comment(text) or text
    if len(bare) > 1 and bare[0] == bare[-1] and bare[0] in "\"'":
        bare = bare[1:-1]
    if bare == text or _without_place(bare) != _without_place(pattern):
        return ""
    return bare if bare.startswith("**/") else pattern


def _without_place(pattern: str) -> str:
    return pattern.removeprefix("**/").removeprefix("./").removesuffix("/**").strip("/")
