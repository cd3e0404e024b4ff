"""Option values that several subcommands share."""

import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from typing import IO, TYPE_CHECKING, Any, TypeVar

import click

from layerfork.errors import UsageError

if TYPE_CHECKING:
    from layerfork.reporters.reporter import Kind, Look, Reporter

Command = TypeVar("Command", bound=Callable[..., Any])


def parse_pairs(
    values: Sequence[str], option: str, environment: Mapping[str, str] | None = None
) -> tuple[tuple[str, str], ...]:
    """``NAME=VALUE`` as pairs; a bare NAME takes its value from the environment.

    One that the environment does not have either is left out, as docker leaves it out.
    Source: docker/cli opts/env.go and cli/command/image/build.go @ v26.1.5, docker/buildx
    commands/build.go (listToMap) @ v0.13.1.
    Raises: UsageError.
    """
    pairs = []
    for each in values:
        name, equals, value = each.partition("=")
        if name and not equals and environment is not None:
            if name not in environment:
                continue
            value, equals = environment[name], "="
        if not name or not equals:
            raise UsageError(f"{option} {each!r} is not NAME=VALUE", hint=f"write {option} NAME=VALUE")
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


class FormatType(click.ParamType["Reporter"]):
    """An output format, by its name; formats are imported only when one is needed."""

    name = "format"

    def __init__(self, kind: "Kind") -> None:
        """``kind`` is what the command has to render."""
        self._kind = kind

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        """``[text|json]``."""
        return f"[{'|'.join(self._formats())}]"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> "Reporter":
        formats = self._formats()
        if value not in formats:
            self.fail(f"{value!r} is not one of {', '.join(map(repr, formats))}.", param, ctx)
        return formats[value]

    def _formats(self) -> "dict[str, Reporter]":
        from layerfork.reporters.formats import formats_for

        return formats_for(self._kind)


def format_option(kind: "Kind") -> Callable[[Command], Command]:
    """``--format``: the parameter ``form`` is the `Reporter` of the format."""
    return click.option(
        "--format", "form", type=FormatType(kind), default="text", show_default=True, help="Output."
    )


def look_of(stream: IO[Any], *, verbose: bool = False) -> "Look":
    """How to print to a stream."""
    from layerfork.reporters.reporter import Look

    width = shutil.get_terminal_size().columns if stream.isatty() else None
    return Look(color=use_color(stream), width=width, verbose=verbose)


verbose_option = click.option(
    "-v", "--verbose", is_flag=True, help="Everything: whole lists, and differences that do not matter."
)
