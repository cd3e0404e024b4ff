"""From an instruction's line to its flags and arguments; what builders refuse is refused here.

Source: moby/buildkit frontend/dockerfile/parser/line_parsers.go and instructions/{parse,bflag}.go
@ 73ed6825c. Flags are the union of what the builders of all versions know: which builder refuses
which flag is not decided here.
"""

import json
import re
from dataclasses import dataclass

from layerfork.dockerfile.gotext import SPACES, lower, trim, upper
from layerfork.dockerfile.parse.words import BLANKS, split_flags, split_words

BOOLEAN_FLAGS = {"link", "keep-git-dir", "parents", "unpack"}
REPEATED_FLAGS = {"exclude", "mount", "device"}
FLAGS: dict[str, frozenset[str]] = {
    "ADD": frozenset({"chown", "chmod", "link", "keep-git-dir", "checksum", "exclude", "unpack"}),
    "COPY": frozenset({"chown", "from", "chmod", "link", "exclude", "parents"}),
    "FROM": frozenset({"platform"}),
    "HEALTHCHECK": frozenset({"interval", "timeout", "start-period", "start-interval", "retries"}),
    "RUN": frozenset({"mount", "network", "security", "device"}),
}
KEYWORDS = frozenset(
    {"ADD", "ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "FROM", "HEALTHCHECK"}
    | {"LABEL", "MAINTAINER", "ONBUILD", "RUN", "SHELL", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR"}
)
_ONE_ARGUMENT = {"MAINTAINER", "WORKDIR", "USER", "STOPSIGNAL"}
_MAYBE_JSON = {"RUN", "CMD", "ENTRYPOINT", "SHELL"}


class BadInstructionError(Exception):
    """An instruction that no builder accepts; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arguments:
    """A line taken apart."""

    keyword: str
    flags: tuple[tuple[str, str], ...] = ()
    words: tuple[str, ...] = ()
    pairs: tuple[tuple[str, str | None], ...] = ()
    json: bool = False
    rest: str = ""
    """Everything after the flags, trimmed."""


def keyword_of(text: str) -> str:
    """The keyword of an instruction's text, in capitals; empty when there is no text."""
    return upper(lower(_split_keyword(text)[0]))


def _split_keyword(text: str) -> tuple[str, str]:
    """The first word as written, and what follows the blanks after it."""
    head = BLANKS.split(trim(text), maxsplit=1)
    return head[0], head[1] if len(head) == 2 else ""


def parse_arguments(line: str, escape: str) -> Arguments:
    """Take a logical line apart.

    Raises: BadInstructionError.
    """
    keyword = keyword_of(line)
    if keyword not in KEYWORDS:
        raise BadInstructionError(f"unknown instruction {_split_keyword(line)[0]}")
    raw_flags, rest = split_flags(_split_keyword(line)[1], escape)
    rest = trim(rest)
    flags = tuple(_parse_flags(keyword, raw_flags))
    if keyword in ("ENV", "LABEL"):
        pairs = _name_values(keyword, rest, escape)
        return Arguments(keyword=keyword, flags=flags, pairs=tuple(pairs), rest=rest)
    if keyword == "ARG":
        pairs = _optional_values(rest, escape)
        return Arguments(keyword=keyword, flags=flags, pairs=tuple(pairs), rest=rest)
    words, is_json = _split(keyword, rest)
    _check_count(keyword, words, is_json)
    return Arguments(keyword=keyword, flags=flags, words=tuple(words), json=is_json, rest=rest)


def _split(keyword: str, rest: str) -> tuple[list[str], bool]:
    if keyword == "HEALTHCHECK":
        kind, _, command = _partition_blank(rest)
        words, is_json = _maybe_json(command, as_list=False)
        return ([kind, *words] if kind else []), is_json
    if keyword in _MAYBE_JSON:
        return _maybe_json(rest, as_list=False)
    if keyword in ("ADD", "COPY", "VOLUME"):
        return _maybe_json(rest, as_list=True)
    if keyword in _ONE_ARGUMENT or keyword == "ONBUILD":
        return ([rest] if rest else []), False
    return (BLANKS.split(rest) if rest else []), False


def _partition_blank(text: str) -> tuple[str, str, str]:
    match = re.search(f"[{SPACES}]+", text)
    if match is None:
        return text, "", ""
    return text[: match.start()], match[0], text[match.end() :]


def _maybe_json(rest: str, as_list: bool) -> tuple[list[str], bool]:
    """An array of strings, or else the text as one word or as words between blanks."""
    if rest.startswith("["):
        try:
            array = json.loads(rest)
        except ValueError:
            array = None
        if isinstance(array, list):
            if not all(isinstance(word, str) for word in array):
                raise BadInstructionError(
                    "when using JSON array syntax, arrays must be comprised of strings only"
                )
            return array, True
    if not rest:
        return [], False
    return (BLANKS.split(rest) if as_list else [rest]), False


def _parse_flags(keyword: str, raw_flags: list[str]) -> list[tuple[str, str]]:
    flags: list[tuple[str, str]] = []
    for raw in raw_flags:
        name, equals, value = raw[2:].partition("=")
        if name not in FLAGS.get(keyword, ()):
            raise BadInstructionError(f"{keyword} has no flag --{name}")
        if name not in REPEATED_FLAGS and name in dict(flags):
            raise BadInstructionError(f"flag --{name} is given twice")
        if name in BOOLEAN_FLAGS:
            value = value.lower() if equals else "true"
            if value not in ("true", "false"):
                raise BadInstructionError(f"flag --{name} takes true or false, not {value!r}")
        elif not equals:
            raise BadInstructionError(f"flag --{name} lacks a value")
        flags.append((name, value))
    return flags


def _name_values(keyword: str, rest: str, escape: str) -> list[tuple[str, str | None]]:
    """Pairs of ENV and LABEL: ``name=value …``, or the old form ``name the whole rest``."""
    words = split_words(rest, escape)
    if not words:
        raise BadInstructionError(f"{keyword} needs a name and a value")
    if "=" not in words[0]:
        name, *value = BLANKS.split(rest, maxsplit=1)
        if not value:
            raise BadInstructionError(f"{keyword} needs a name and a value")
        return [(name, value[0])]
    pairs: list[tuple[str, str | None]] = []
    for word in words:
        name, equals, text = word.partition("=")
        if not equals:
            raise BadInstructionError(f"{keyword} has {word!r} where name=value is needed")
        if not name:
            raise BadInstructionError(f"{keyword} has a value without a name")
        pairs.append((name, text))
    return pairs


def _optional_values(rest: str, escape: str) -> list[tuple[str, str | None]]:
    words = split_words(rest, escape)
    if not words:
        raise BadInstructionError("ARG needs at least one name")
    pairs: list[tuple[str, str | None]] = []
    for word in words:
        name, equals, value = word.partition("=")
        if not name:
            raise BadInstructionError("ARG has a value without a name")
        pairs.append((name, value if equals else None))
    return pairs


def _check_count(keyword: str, words: list[str], is_json: bool) -> None:
    if keyword in ("ADD", "COPY") and len(words) < 2:
        raise BadInstructionError(f"{keyword} needs a source and a destination")
    if keyword == "FROM" and len(words) != 1 and not (len(words) == 3 and words[1].lower() == "as"):
        raise BadInstructionError("FROM takes an image, or an image and AS with a stage name")
    if keyword == "SHELL" and not (is_json and words):
        raise BadInstructionError("SHELL takes a JSON array of at least one word")
    if keyword == "HEALTHCHECK":
        _check_healthcheck(words)
    if not words and keyword in (*_ONE_ARGUMENT, "ONBUILD", "EXPOSE", "VOLUME", "HEALTHCHECK"):
        raise BadInstructionError(f"{keyword} needs an argument")


def _check_healthcheck(words: list[str]) -> None:
    kind = words[0].upper() if words else ""
    if kind == "CMD" and len(words) == 1:
        raise BadInstructionError("HEALTHCHECK CMD needs a command")
    if kind == "NONE" and len(words) > 1:
        raise BadInstructionError("HEALTHCHECK NONE takes no argument")
    if kind not in ("CMD", "NONE", ""):
        raise BadInstructionError(f"HEALTHCHECK takes CMD or NONE, not {words[0]}")
