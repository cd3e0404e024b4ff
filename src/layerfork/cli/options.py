"""Option values that several subcommands share."""

import os
from collections.abc import Mapping, Sequence
from typing import IO, Any

from layerfork.errors import UsageError


def parse_pairs(
    words: Sequence[str], option: str, environment: Mapping[str, str] | None = None
) -> tuple[tuple[str, str], ...]:
    """``NAME=VALUE`` words as pairs; a bare NAME takes its value from the environment, as docker does.

    Raises: UsageError.
    """
    pairs = []
    for word in words:
        name, equals, value = word.partition("=")
        if not equals and environment is not None and name in environment:
            value, equals = environment[name], "="
        if not name or not equals:
            raise UsageError(f"{option} {word!r} is not NAME=VALUE", hint=f"write {option} NAME=VALUE")
        pairs.append((name, value))
    return tuple(pairs)


def use_color(stream: IO[Any]) -> bool:
    """Whether to colour this stream: a terminal, and NO_COLOR unset (https://no-color.org)."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
