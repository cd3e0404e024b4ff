"""Settings of options: which may be set, and the environment variables that set them."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

if TYPE_CHECKING:
    from layerfork.settingsfile import SettingsFile

# What a file may set. It may come with a repository that somebody else wrote (docs/security.md).
#
# So it may not: write or remove files (``--output``, ``--store``, ``--apply``), name images, run commands,
# read the environment, use an engine that only this user has, ask addresses (``--cache-from`` sends tokens).

SHARED = ("engine", "format", "max-age", "verbose")
"""Options that mean the same for every command that has them: they may stand above all tables."""
CLIENTS_TABLE = "clients"
"""Its tables are clients of the user's own, not options of `layerfork clients`."""
_WHOSE_ADDRESS_IS_THE_USERS = ("host", "buildkit")


def _any(value: str, file: "SettingsFile") -> str:
    return ""


def _engine(value: str, file: "SettingsFile") -> str:
    kind, colon, _ = value.partition(":")
    if colon and kind in _WHOSE_ADDRESS_IS_THE_USERS:
        return f"which {kind} is meant is said on the command line, or by its own variables"
    return ""


def _client(value: str, file: "SettingsFile") -> str:
    if "=" in value or value in dict(file.table.get(CLIENTS_TABLE, {})):
        return "a client that is a command runs only when it is named on the command line"
    return ""


def _build_arg(value: str, file: "SettingsFile") -> str:
    return "" if "=" in value else "without a value it would be read from the environment: write NAME=VALUE"


def _as_it_is(value: str, file: "SettingsFile") -> str:
    return value


def _path(value: str, file: "SettingsFile") -> str:
    """From the working directory, of what the file says from its own."""
    return os.path.relpath(file.path.parent / value) if value else value


def _path_or_id(value: str, file: "SettingsFile") -> str:
    name = value.rpartition("#")[0] or value
    return _path(value, file) if Path(file.path.parent, name).exists() else value


@dataclass(frozen=True, slots=True)
class Setting:
    """An option that a file may set."""

    why_not: Callable[[str, "SettingsFile"], str] = _any
    """Why this value is not for a file to say; empty when it is."""
    read: Callable[[str, "SettingsFile"], str] = _as_it_is
    """The value as the command line would say it."""


SETTINGS: Mapping[str, Setting] = {
    "engine": Setting(why_not=_engine),
    "client": Setting(why_not=_client),
    "builder": Setting(),
    "load": Setting(read=_path),
    "timeout": Setting(),
    "no-controls": Setting(),
    "file": Setting(read=_path),
    "target": Setting(),
    "build-arg": Setting(why_not=_build_arg),
    "label": Setting(),
    "against": Setting(read=_path_or_id),
    "baseline": Setting(read=_path),
    "allow": Setting(),
    "rule": Setting(),
    "ignore": Setting(),
    "max-lost": Setting(),
    "max-age": Setting(),
    "no-ci": Setting(),
    "format": Setting(),
    "theme": Setting(),
    "verbose": Setting(),
}
"""By the option's name. Everything else is said on the command line, or by its variable."""


# The variables of options: ``LAYERFORK_CHECK_MAX_LOST``, and ``LAYERFORK_ENGINE`` for all that have one.

_OF_ALL = (*SHARED, "store")


def option_name(option: click.Option) -> str:
    """``max-lost`` of ``--max-lost``."""
    return max(option.opts, key=len).lstrip("-")


def options_of(command: click.Command) -> Iterator[click.Option]:
    """Those that settings can give a value."""
    return (each for each in command.params if isinstance(each, click.Option) and each.expose_value)


def variables_of(path: Sequence[str], option: str) -> tuple[str, ...]:
    """Those of an option of the command ``("records", "prune")``; the first that is set counts."""
    own = "_".join(("layerfork", *path, option))
    names = (own, f"layerfork_{option}") if option in _OF_ALL else (own,)
    return tuple(name.upper().replace("-", "_") for name in names)


def with_variables(command: click.Command, *path: str) -> click.Command:
    """The command, and those below it, with the variables of their options."""
    for option in options_of(command):
        option.envvar = variables_of(path, option_name(option))
    if isinstance(command, click.Group):
        for name, below in command.commands.items():
            with_variables(below, *path, name)
    return command


def variable_meant(error: click.ClickException) -> str:
    """The variable whose value a command does not take; empty when the value was typed."""
    if not isinstance(error, click.BadParameter) or error.ctx is None or error.param is None:
        return ""
    if error.ctx.get_parameter_source(error.param.name or "") is not ParameterSource.ENVIRONMENT:
        return ""
    names = error.param.envvar or ()
    known = [names] if isinstance(names, str) else names
    return next(filter(os.environ.get, known), "")
