"""Settings from a file: what it sets for a command, and the settings in force with where each comes from."""

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from layerfork.cli.settings import CLIENTS_TABLE, SETTINGS, SHARED, option_name, options_of, variables_of
from layerfork.errors import UsageError
from layerfork.record.machine import Origin, SettingRow, SettingsReport, Value
from layerfork.record.secrets import looks_secret
from layerfork.settingsfile import SettingsFile, find_settings


def settings_here() -> SettingsFile | None:
    """The file of the working directory. Raises: UsageError."""
    try:
        return find_settings(Path.cwd())
    except FileNotFoundError:  # a working directory that is gone has no settings
        return None


def default_map(
    file: SettingsFile, command: click.Command, name: str, commands: Sequence[str]
) -> dict[str, Any]:
    """The file's values for the options of one command, by parameter; ``commands`` are the names of all.

    Raises: UsageError for a key that there is not, and for a value that the command would not take.
    """
    for key, value in file.table.items():
        if key not in (*SHARED, *commands, CLIENTS_TABLE):
            raise _unknown(file, (key,), (*SHARED, *commands))
        if key not in SHARED and not isinstance(value, dict):
            raise UsageError(f"{file.place(key)}: {key} is not a table", hint=f"write [{key}]")
    return _values(file, command, (name,))


def _values(file: SettingsFile, command: click.Command, path: tuple[str, ...]) -> dict[str, Any]:
    options = {option_name(option): option for option in options_of(command)}
    below = command.commands if isinstance(command, click.Group) else {}
    table = _table(file, path)
    for key in table:
        if key not in options and key not in below:
            raise _unknown(file, (*path, key), (*(name for name in options if name in SETTINGS), *below))
        if key in options and key not in SETTINGS:
            raise UsageError(
                f"{file.place(*path, key)}: {key} is not for a file to set",
                hint=f"give --{key} on the command line",
            )
    values: dict[str, Any] = {}
    for name, option in options.items():
        keys = next((keys for keys in ((*path, name), (name,)) if _is_said(file, keys)), None)
        if name in SETTINGS and keys and option.name:
            values[option.name] = _value(file, keys, command, option)
    for name, child in below.items():
        values[name] = _values(file, child, (*path, name))
    return values


def _table(file: SettingsFile, path: tuple[str, ...]) -> Mapping[str, Any]:
    """The table of a command; that of `layerfork clients` belongs to clients."""
    table: Any = file.table if path[0] != CLIENTS_TABLE else {}
    for depth, key in enumerate(path, 1):
        table = table.get(key, {})
        if not isinstance(table, dict):
            raise UsageError(f"{file.place(*path[:depth])}: {key} is not a table", hint=f"[{'.'.join(path)}]")
    return {str(key): value for key, value in table.items()}


def _is_said(file: SettingsFile, keys: tuple[str, ...]) -> bool:
    if len(keys) == 1:
        return keys[0] in SHARED and keys[0] in file.table
    return keys[-1] in _table(file, keys[:-1])


def place_of(file: SettingsFile, path: tuple[str, ...], option: str) -> str:
    """Where the file says what an option of a command is."""
    own = (*path, option)
    return file.place(*own) if _is_said(file, own) else file.place(option)


def _value(file: SettingsFile, keys: tuple[str, ...], command: click.Command, option: click.Option) -> Any:
    """As the command line would give it. Raises: UsageError."""
    setting = SETTINGS[option_name(option)]
    said: Any = file.table
    for key in keys:
        said = said[key]
    items = said if option.multiple and isinstance(said, list) else [said]
    for item in items:
        if reason := _wrong_type(option, item):
            raise UsageError(f"{file.place(*keys)}: {keys[-1]} is not {reason}")
        if isinstance(item, str) and (reason := setting.why_not(item, file)):
            raise UsageError(
                f"{file.place(*keys)}: {keys[-1]} {item!r} is not for a file to set", hint=reason
            )
    values = [setting.read(item, file) if isinstance(item, str) else item for item in items]
    value = values if option.multiple else values[0]
    try:
        option.type_cast_value(click.Context(command), value)
    except click.BadParameter as error:
        raise UsageError(f"{file.place(*keys)}: {keys[-1]}: {error.message.rstrip('.')}") from error
    return value


_NUMBERS: tuple[tuple[type[click.ParamType[Any]], tuple[type, ...], str], ...] = (
    (click.types.IntParamType, (int,), "a whole number"),
    (click.types.FloatParamType, (int, float), "a number"),
)
"""Types of options, the types of values that they take, and what messages call them."""


def _wrong_type(option: click.Option, value: object) -> str:
    """The type that a value should have; empty where it has it."""
    taken, name = _type_of(option)
    # In Python true is a whole number, in TOML it is not.
    if isinstance(value, taken) and isinstance(value, bool) == option.is_flag:
        return ""
    return f"{name} or a list of them" if option.multiple else name


def _type_of(option: click.Option) -> tuple[tuple[type, ...], str]:
    if option.is_flag:
        return (bool,), "true or false"
    for kind, taken, name in _NUMBERS:
        if isinstance(option.type, kind):
            return taken, name
    return (str,), "a text"


def _unknown(file: SettingsFile, keys: tuple[str, ...], known: Sequence[str]) -> UsageError:
    from difflib import get_close_matches  # late: start-up

    where = f" in [{'.'.join(keys[:-1])}]" if len(keys) > 1 else ""
    near = get_close_matches(keys[-1], known, n=1)
    hint = f"did you mean {near[0]}?" if near else f"there are: {', '.join(known) or 'none'}"
    return UsageError(f"{file.place(*keys)}: there is no setting {keys[-1]}{where}", hint=hint)


# What is in force: every option of every command, as a command without options would get it.

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
