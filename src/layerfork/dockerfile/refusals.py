"""What builders refuse of an instruction that can be read, and the flags that they take."""

import csv
import re
from collections.abc import Callable

from layerfork.dockerfile.gotext import lower, parse_duration_ns, parse_int32, trim, upper
from layerfork.dockerfile.heredoc import opens_heredoc
from layerfork.dockerfile.words import KEYWORDS, Arguments, BadInstructionError
from layerfork.releases import Grammar

Flags = tuple[tuple[str, str], ...]

BOOLEAN_FLAGS = frozenset({"link", "keep-git-dir", "parents", "unpack"})
REPEATED_FLAGS = frozenset({"exclude", "mount", "device"})
_TIMES = ("interval", "timeout", "start-period", "start-interval")
FLAGS: dict[str, frozenset[str]] = {
    "ADD": frozenset({"chown", "chmod", "link", "keep-git-dir", "checksum", "exclude", "unpack"}),
    "COPY": frozenset({"chown", "from", "chmod", "link", "exclude", "parents"}),
    "FROM": frozenset({"platform"}),
    "HEALTHCHECK": frozenset({*_TIMES, "retries"}),
    "RUN": frozenset({"mount", "network", "security", "device"}),
}
_FLAGS_SINCE_HEREDOCS = frozenset(
    {"checksum", "device", "exclude", "keep-git-dir", "link", "parents", "start-interval", "unpack"}
)
_FLAGS_UNREAD = frozenset({"ARG", "STOPSIGNAL"})
"""Builders never look at the flags of these."""
_CHOICES = {"network": ("default", "none", "host"), "security": ("insecure", "sandbox")}
_MIN_TIME_NS = 1_000_000
_STAGE_NAME = re.compile(r"[a-z][a-z0-9-_.]*")
_AS = re.compile("[aA][sS\u017f]")
"""U+017F is an s to whom compares without case, as Go does."""


def check(arguments: Arguments, grammar: Grammar) -> Flags:
    """The flags of an instruction: name without dashes, and value; a bare boolean flag is ``true``.

    Raises: BadInstructionError.
    """
    keyword = arguments.keyword
    if keyword not in KEYWORDS:
        raise BadInstructionError(f"unknown instruction {keyword or 'of no letters'}")
    _CHECKS.get(keyword, _pass)(arguments)
    if keyword in ("ADD", "COPY") and opens_heredoc(arguments.words[-1], grammar):
        raise BadInstructionError(f"{keyword} takes no here-document as its destination")
    if keyword in _FLAGS_UNREAD or _is_healthcheck_none(arguments):
        return ()
    flags = _parse_flags(keyword, arguments.raw_flags, _known_flags(keyword, grammar))
    _check_values(keyword, flags)
    return flags


def stage_name(words: tuple[str, ...]) -> str:
    """The name that a FROM gives its stage, in small letters; empty without.

    Raises: BadInstructionError.
    """
    if len(words) == 1:
        return ""
    if len(words) != 3 or not _AS.fullmatch(words[1]):
        raise BadInstructionError("FROM takes an image, or an image and AS with a stage name")
    name = lower(words[2])
    if not _STAGE_NAME.fullmatch(name):
        raise BadInstructionError(
            f"invalid stage name {words[2]!r}",
            "begin it with a letter and use letters, digits, - _ and . only",
        )
    return name


def loose_flags(raw_flags: tuple[str, ...]) -> Flags:
    """Flags of an instruction that are not checked yet: an ONBUILD trigger."""
    cut = (raw.removeprefix("--").partition("=") for raw in raw_flags)
    return tuple((name, value if equals else "true") for name, equals, value in cut)


def _known_flags(keyword: str, grammar: Grammar) -> frozenset[str]:
    known = FLAGS.get(keyword, frozenset())
    return known if grammar.heredocs else known - _FLAGS_SINCE_HEREDOCS


def _parse_flags(keyword: str, raw_flags: tuple[str, ...], known: frozenset[str]) -> Flags:
    flags: list[tuple[str, str]] = []
    for raw in raw_flags:
        if raw == "--":
            break
        if not raw.startswith("--"):
            raise BadInstructionError(f"{keyword} has {raw!r} where a flag is needed")
        name, equals, value = raw[2:].partition("=")
        if name not in known:
            raise BadInstructionError(f"{keyword} has no flag --{name}")
        if name not in REPEATED_FLAGS and name in dict(flags):
            raise BadInstructionError(f"flag --{name} is given twice")
        flags.append((name, _flag_value(name, bool(equals), value)))
    return tuple(flags)


def _flag_value(name: str, given: bool, value: str) -> str:
    if name not in BOOLEAN_FLAGS:
        if not given:
            raise BadInstructionError(f"flag --{name} lacks a value")
        return value
    truth = lower(value) if given else "true"
    if truth not in ("true", "false"):
        raise BadInstructionError(f"flag --{name} takes true or false, not {value!r}")
    return truth


def _check_values(keyword: str, flags: Flags) -> None:
    for name, value in flags:
        if name in _CHOICES and value not in _CHOICES[name]:
            raise BadInstructionError(f"flag --{name} takes {' or '.join(_CHOICES[name])}, not {value!r}")
        if name == "mount":
            _check_mount(value)
        elif keyword == "HEALTHCHECK":
            _check_number(name, value)


def _check_mount(value: str) -> None:
    """Only what is checked before variables are replaced."""
    try:
        tuple(csv.reader([value], strict=True))
    except csv.Error as error:
        raise BadInstructionError(f"flag --mount is no list of fields: {error}") from error


def _check_number(name: str, value: str) -> None:
    try:
        if name == "retries":
            too_small = bool(value) and parse_int32(value) < 0
        else:
            nanoseconds = parse_duration_ns(value)
            too_small = nanoseconds != 0 and nanoseconds < _MIN_TIME_NS
    except ValueError as error:
        raise BadInstructionError(f"flag --{name}: {error}") from error
    if too_small:
        raise BadInstructionError(f"flag --{name} is too small: {value}")


def _pass(arguments: Arguments) -> None:
    """Nothing to check."""


def _at_least_one(arguments: Arguments) -> None:
    if not (arguments.words or arguments.pairs):
        raise BadInstructionError(f"{arguments.keyword} needs an argument")


def _check_pairs(arguments: Arguments) -> None:
    _at_least_one(arguments)
    if any(not name and value is not None for name, value in arguments.pairs):
        raise BadInstructionError(f"{arguments.keyword} has a value without a name")


def _check_copy(arguments: Arguments) -> None:
    if len(arguments.words) < 2:
        raise BadInstructionError(f"{arguments.keyword} needs a source and a destination")


def _check_from(arguments: Arguments) -> None:
    stage_name(arguments.words)


def _check_shell(arguments: Arguments) -> None:
    if not (arguments.json and arguments.words):
        raise BadInstructionError("SHELL takes a JSON array of at least one word")


def _check_volume(arguments: Arguments) -> None:
    _at_least_one(arguments)
    if not all(map(trim, arguments.words)):
        raise BadInstructionError("VOLUME takes no empty name")


def _check_healthcheck(arguments: Arguments) -> None:
    _at_least_one(arguments)
    kind = upper(arguments.words[0])
    if kind not in ("CMD", "NONE"):
        raise BadInstructionError(f"HEALTHCHECK takes CMD or NONE, not {arguments.words[0]}")
    if kind == "NONE" and len(arguments.words) > 1:
        raise BadInstructionError("HEALTHCHECK NONE takes no argument")
    if kind == "CMD" and len(arguments.words) == 1:
        raise BadInstructionError("HEALTHCHECK CMD needs a command")


def _is_healthcheck_none(arguments: Arguments) -> bool:
    return arguments.keyword == "HEALTHCHECK" and upper(arguments.words[0]) == "NONE"


_CHECKS: dict[str, Callable[[Arguments], None]] = {
    "ADD": _check_copy,
    "ARG": _check_pairs,
    "COPY": _check_copy,
    "ENV": _check_pairs,
    "EXPOSE": _at_least_one,
    "FROM": _check_from,
    "HEALTHCHECK": _check_healthcheck,
    "LABEL": _check_pairs,
    "MAINTAINER": _at_least_one,
    "ONBUILD": _at_least_one,
    "SHELL": _check_shell,
    "STOPSIGNAL": _at_least_one,
    "USER": _at_least_one,
    "VOLUME": _check_volume,
    "WORKDIR": _at_least_one,
}
