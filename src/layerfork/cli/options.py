"""Option values that several subcommands share."""

import os
from collections.abc import Mapping, Sequence
from typing import IO, Any

import click

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


def to_stderr(line: str) -> None:
    """Say something without touching standard output."""
    click.echo(f"layerfork: {line}", err=True)


engine_option = click.option(
    "--engine",
    default="",
    metavar="NAME",
    help="private: a clean engine of our own; host: the one that DOCKER_HOST, DOCKER_CONTEXT or the "
    "current docker context names. Default: host if it answers, else private.",
)
format_option = click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True, help="Output."
)
verbose_option = click.option(
    "-v", "--verbose", is_flag=True, help="Everything: whole lists, and differences that do not matter."
)
