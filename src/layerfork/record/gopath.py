"""Go's path rules, which decide names and patterns in every Docker builder."""

import posixpath
import re
from functools import lru_cache

_WHITE_SPACE = "\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(
    map(chr, range(0x2000, 0x200B))
)
_GLOB = frozenset("*?[\\")


def clean(path: str) -> str:
    """Shortest equal path; ``.`` for an empty one.

    Source: golang/go src/path/filepath/path.go:Clean @ go1.22.
    """
    normal = posixpath.normpath(path) if path else "."
    return normal[1:] if normal.startswith("//") else normal


def context_path(name: str) -> str:
    """Path of an entry relative to the context root, as the engine looks it up: ``./a``, ``/a`` and
    ``a`` are ``a``; the root itself is ``.``.

    Source: moby/moby pkg/tarsum/tarsum.go:Read @ v26.1.5.
    """
    plain = name.removeprefix("./")
    if plain and plain[0] not in "./" and "//" not in plain and "/." not in plain:
        return plain.rstrip("/")
    return clean("/" + name)[1:] or "."


def has_wildcard(path: str) -> bool:
    """Whether COPY takes a source as a pattern; a backslash hides the character after it.

    Source: moby/moby builder/dockerfile/copy_unix.go:containsWildcards @ v26.1.5.
    """
    return re.search(r"[*?\[]", re.sub(r"\\.", "", path, flags=re.DOTALL)) is not None


def has_glob(path: str) -> bool:
    """Whether Go's ``Glob`` takes a path as a pattern; a backslash counts, too.

    Source: golang/go src/path/filepath/match.go:hasMeta @ go1.22.
    """
    return not _GLOB.isdisjoint(path)


def trim_space(text: str) -> str:
    """A text without the white space around it, by Unicode's property: without Python's U+001C to U+001F.

    Source: golang/go src/strings/strings.go:TrimSpace @ go1.22.
    """
    return text.strip(_WHITE_SPACE)


def match(pattern: str, name: str) -> bool:
    """Whether a name matches a shell pattern as a whole; ``*`` and ``?`` stop at slashes.

    A malformed pattern matches nothing.
    Source: golang/go src/path/filepath/match.go:Match @ go1.22.
    """
    compiled = _compile(pattern)
    return compiled is not None and compiled.fullmatch(name) is not None


def is_valid_pattern(pattern: str) -> bool:
    """Whether Go accepts the pattern.

    Source: golang/go src/path/filepath/match.go:Match @ go1.16 to go1.22.
    """
    return _compile(pattern) is not None


def is_valid_beginning(pattern: str) -> bool:
    """Whether Go before 1.16 accepts the pattern when it is asked about a path of one dot.

    It then looks at no more than the first item that is not ``*``.
    Source: golang/go src/path/filepath/match.go:{Match,matchChunk} @ go1.15.
    """
    rest = pattern.lstrip("*")
    if rest.startswith("["):
        return _character_class(rest, 1) is not None
    return rest != "\\"


@lru_cache(maxsize=256)
def _compile(pattern: str) -> re.Pattern[str] | None:
    regex, position = "", 0
    while position < len(pattern):
        char = pattern[position]
        position += 1
        if char == "*":
            regex += "[^/]*"
        elif char == "?":
            regex += "[^/]"
        elif char == "[":
            translated = _character_class(pattern, position)
            if translated is None:
                return None
            text, position = translated
            regex += text
        elif char == "\\":
            if position == len(pattern):
                return None
            regex += re.escape(pattern[position])
            position += 1
        else:
            regex += re.escape(char)
    return re.compile(regex, re.DOTALL)


def _character_class(pattern: str, position: int) -> tuple[str, int] | None:
    """A class after its ``[``, and where it ends; None when malformed. It may match a slash."""
    negated = pattern.startswith("^", position)
    position += negated
    ranges: list[str] = []
    seen = 0
    while not (pattern.startswith("]", position) and seen):
        low = _class_character(pattern, position)
        if low is None:
            return None
        high, position = low
        if pattern.startswith("-", position):
            end = _class_character(pattern, position + 1)
            if end is None:
                return None
            high, position = end
        seen += 1
        if low[0] <= high:
            ranges.append(f"{re.escape(low[0])}-{re.escape(high)}")
    if not ranges:
        return (r"[\s\S]" if negated else r"(?!)"), position + 1
    return f"[{'^' * negated}{''.join(ranges)}]", position + 1


def _class_character(pattern: str, position: int) -> tuple[str, int] | None:
    char = pattern[position : position + 1]
    if char in ("", "-", "]"):
        return None
    if char == "\\":
        position += 1
        char = pattern[position : position + 1]
    is_byte = "\ud800" <= char <= "\udfff"  # not UTF-8
    if not char or is_byte or position + 1 >= len(pattern):
        return None
    return char, position + 1
