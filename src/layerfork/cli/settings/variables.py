"""The variables of options: ``LAYERFORK_CHECK_MAX_LOST``, and ``LAYERFORK_ENGINE`` for all that have one."""

import os
from collections.abc import Iterator, Sequence

import click
from click.core import ParameterSource

from layerfork.cli.settings.allowed import SHARED

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
    return next((name for name in ([names] if isinstance(names, str) else names) if os.environ.get(name)), "")
