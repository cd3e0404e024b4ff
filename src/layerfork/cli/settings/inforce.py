"""What is in force: every option of every command, as a command without options would get it."""

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import click
from click.core import ParameterSource

from layerfork.cli.settings.allowed import SETTINGS
from layerfork.cli.settings.fromfile import default_map, place_of
from layerfork.cli.settings.variables import option_name, options_of, variables_of
from layerfork.record.machine import Origin, SettingRow, SettingsReport, Value
from layerfork.record.secrets import looks_secret
from layerfork.settingsfile import SettingsFile

_OF_TEMPLATES = ("LAYERFORK_RUN", "LAYERFORK_BASELINE_BRANCH", "LAYERFORK_PACKAGE", "LAYERFORK_TOKEN")
"""What the files of integrations/ read."""
_OTHER_VARIABLES = ("LAYERFORK_ENGINE_DIR", "LAYERFORK_DEBIAN_MIRROR", "LAYERFORK_VERIFY", *_OF_TEMPLATES)
"""Those that no option stands for."""
_PREFIX = "LAYERFORK_"
_ORIGINS = {ParameterSource.ENVIRONMENT: Origin.ENVIRONMENT, ParameterSource.DEFAULT_MAP: Origin.FILE}


def report_settings(
    commands: Mapping[str, click.Command], file: SettingsFile | None, clients: Sequence[tuple[str, str]]
) -> SettingsReport:
    """Raises: UsageError for whatever is wrong anywhere in the file."""
    rows = tuple(row for name, command in commands.items() for row in _top(name, command, file, commands))
    known = {name for row in rows for name in variables_of(row.command.split(), row.option)}
    unknown = {name for name in os.environ if name.startswith(_PREFIX)} - known - set(_OTHER_VARIABLES)
    return SettingsReport(
        file=file.shown if file else "", rows=rows, clients=tuple(clients), unknown=tuple(sorted(unknown))
    )


def _top(
    name: str, command: click.Command, file: SettingsFile | None, commands: Mapping[str, click.Command]
) -> Iterator[SettingRow]:
    values = default_map(file, command, name, tuple(commands)) if file else {}
    return _rows(command, (name,), values, file)


def _rows(
    command: click.Command, path: tuple[str, ...], values: Mapping[str, Any], file: SettingsFile | None
) -> Iterator[SettingRow]:
    context = click.Context(command, default_map=dict(values))
    for option in options_of(command):
        yield _row(option, context, path, file)
    if isinstance(command, click.Group):
        for name, below in command.commands.items():
            yield from _rows(below, (*path, name), values.get(name, {}), file)


def _row(
    option: click.Option, context: click.Context, path: tuple[str, ...], file: SettingsFile | None
) -> SettingRow:
    name = option_name(option)
    value, source = option.consume_value(context, {})
    origin = _ORIGINS.get(source, Origin.DEFAULT)
    variables = variables_of(path, name)
    place = ""
    if origin is Origin.ENVIRONMENT:
        place = next(each for each in variables if os.environ.get(each))
    elif origin is Origin.FILE and file:
        place = place_of(file, path, name)
    return SettingRow(
        command=" ".join(path),
        option=name,
        value=_plain(option, value),
        origin=origin,
        place=place,
        variable=variables[0],
        from_file=name in SETTINGS,
    )


def _plain(option: click.Option, value: object) -> Value:
    """For eyes: no sentinels of click's, no secrets."""
    if option.multiple:
        return tuple(map(_hidden, value)) if isinstance(value, list | tuple) else ()
    if option.is_flag:
        return value is True or (
            isinstance(value, str) and bool(click.types.BOOL.convert(value, option, None))
        )
    if isinstance(value, str):
        return _hidden(value) or None
    return value if isinstance(value, int | float) else None


def _hidden(text: str) -> str:
    """``TOKEN=…``, ``type=s3,secret_access_key=…``; nothing of an address with a password."""
    name, equals, value = text.partition("=")
    if equals and looks_secret(name, value):
        return f"{name}=…"
    if looks_secret("", text):
        return "…"
    first, comma, others = text.partition(",")
    return f"{first},{_hidden(others)}" if comma else text
