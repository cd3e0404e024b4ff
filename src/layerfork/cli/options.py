"""Options that several subcommands share, their values, and how a command line is taken apart."""

import contextlib
import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, TypeVar

import click

from layerfork.cli.output import is_terminal, say
from layerfork.errors import LayerforkError, UsageError
from layerfork.record.visible import visible_line

if TYPE_CHECKING:
    from layerfork.record.cause import CausePage
    from layerfork.report.formats import Format
    from layerfork.report.rendering import Kind, Look

_AGE_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
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


def use_color(stream: IO[Any] | None) -> bool:
    """Whether to colour this stream: a terminal, and NO_COLOR unset (https://no-color.org)."""
    return is_terminal(stream) and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def to_stderr(line: str) -> None:
    """Say one line without touching standard output."""
    say(f"layerfork: {visible_line(line)}")


engine_option = click.option(
    "--engine",
    default="",
    metavar="NAME",
    help="private: a clean engine of our own; host: the one that DOCKER_HOST, DOCKER_CONTEXT or the "
    "current docker context names. Default: host if it answers, else private.",
)


class AgeType(click.ParamType[float]):
    """``7d``: a number and a unit."""

    name = "age"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Seconds."""
        found = re.fullmatch(r"(\d+(?:\.\d+)?)([smhdw])", str(value))
        if found is None:
            self.fail(f"invalid age {value!r} (expected e.g. 7d, 12h, 30m, 90s or 2w).", param, ctx)
        return float(found[1]) * _AGE_UNITS[found[2]]


class FormatType(click.ParamType["Format"]):
    """An output format, by its name; formats are imported only when one is needed."""

    name = "format"

    def __init__(self, *kinds: "Kind") -> None:
        """``kinds`` are what the command may have to render."""
        self._kinds = kinds

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        """``[text|json]``."""
        return f"[{'|'.join(self.formats())}]"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> "Format":
        formats = self.formats()
        if value not in formats and value in self.every_format():
            command = ctx.command.name if ctx else "this command"
            hint = f"choose from {', '.join(formats)}"
            self.fail(f"`--format {value}` is not available for {command}: {hint}.", param, ctx)
        if value not in formats:
            self.fail(f"{value!r} is not one of {', '.join(map(repr, formats))}.", param, ctx)
        return formats[value]

    def formats(self) -> "dict[str, Format]":
        """By name."""
        from layerfork.report.formats import formats_for  # late: start-up

        return formats_for(*self._kinds)

    def every_format(self) -> frozenset[str]:
        """Names of formats, whether or not the command has them."""
        from layerfork.report.formats import FORMATS  # late: start-up

        return frozenset(form.name for form in FORMATS)


def format_option(*kinds: "Kind") -> Callable[[Command], Command]:
    """``--format``: the parameter ``form`` is the `Format` of the format."""
    return click.option(
        "--format", "form", type=FormatType(*kinds), default="text", show_default=True, help="Output."
    )


class ReportType(FormatType):
    """``FORMAT:FILE``: an output format, and the file to write it to."""

    name = "report"

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        return "FORMAT:FILE"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        form, colon, file = value.partition(":")
        if not (colon and file):
            self.fail(f"{value!r} is not FORMAT:FILE, such as html:report.html.", param, ctx)
        return super().convert(form, param, ctx), checked_output(file)


def report_option(kind: "Kind") -> Callable[[Command], Command]:
    """``--report``: the parameter ``also`` are formats with the file that each is written to."""
    return click.option(
        "--report",
        "also",
        multiple=True,
        type=ReportType(kind),
        help=f"Write this format to a file as well, such as {_EXAMPLES.get(kind, _EXAMPLE)}; repeatable.",
    )


_EXAMPLE = "html:report.html or junit:forks.xml"
_EXAMPLES: "Mapping[Kind, str]" = {"lints": "sarif:lint.sarif or junit:lint.xml"}
"""Of ``--report``, by what a command renders, where not every format has something to say of it."""


def checked_output(file: str) -> Path:
    """A file to write at the end, checked at the beginning.

    Raises: UsageError.
    """
    path = Path(file)
    if path.is_dir():
        raise UsageError(f"{file} is a directory", hint="name a file")
    if not path.parent.is_dir():
        raise UsageError(
            f"{file} cannot be written: there is no directory {path.parent}",
            hint="name a file in a directory that exists",
        )
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise UsageError(
            f"{file} cannot be written: permission denied", hint="name a file that you may write to"
        )
    return path


@contextlib.contextmanager
def reports_written(
    also: "Sequence[tuple[Format, Path]]", kind: "Kind", reports: Sequence[Any]
) -> Iterator[None]:
    """Write what ``--report`` asked for, after the output, even if the output failed.

    Raises: LayerforkError when a file cannot be written.
    """
    try:
        yield
    finally:
        for form, path in also:
            write_text(path, form.render(kind, reports, look_of(None)))


def write_text(path: Path, text: str) -> None:
    """Write a whole file. Raises: LayerforkError."""
    write_bytes(path, text.encode("utf-8", "backslashreplace"))


def write_bytes(path: Path, data: bytes) -> None:
    """Write a whole file, a new one for the user alone whatever the umask: it tells what a record tells.

    Raises: LayerforkError.
    """
    try:
        is_new = not path.exists()
        with open(path, "wb", opener=_for_the_owner) as file:
            if is_new:
                os.fchmod(file.fileno(), 0o600)
            file.write(data)
    except OSError as error:
        raise LayerforkError(
            f"cannot write {path}: {error.strerror}", hint="choose a place with room that you may write to"
        ) from error


def _for_the_owner(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_CLOEXEC, 0o600)


def look_of(stream: IO[Any] | None, *, verbose: bool = False) -> "Look":
    """How to print to a stream."""
    from layerfork.report.rendering import Look  # late: start-up

    width = shutil.get_terminal_size().columns if is_terminal(stream) else None
    return Look(
        color=use_color(stream), width=width, verbose=verbose, root=source_root(os.environ), page=_page
    )


_ROOTS = ("GITHUB_WORKSPACE", "CI_PROJECT_DIR")
"""Where GitHub Actions and GitLab have the repository."""


def source_root(environment: Mapping[str, str]) -> str:
    """The directory that paths in reports are relative to: the repository's, else the working directory.

    Symbolic links are resolved, as in records.
    """
    here = os.path.realpath(os.curdir)  # one that is gone, too
    for name in _ROOTS:
        root = os.path.realpath(environment[name]) if environment.get(name) else ""
        if root and f"{here}/".startswith(f"{root.rstrip('/')}/"):
            return root
    places = (Path(here), *Path(here).parents)
    return next((str(place) for place in places if (place / ".git").exists()), here)


def _page(code: str) -> "CausePage | None":
    """What the manual says; nothing where it is not there, or says nothing of a code."""
    from layerfork.app.explain import page_of  # late: start-up

    try:
        return page_of(code)
    except LayerforkError:
        return None


verbose_option = click.option(
    "-v", "--verbose", is_flag=True, help="Everything: whole lists, and differences that do not matter."
)
