"""Clients of the user's own, as the settings file describes them."""

from collections.abc import Mapping
from pathlib import Path

from layerfork.builders.clients.own import OwnCommand
from layerfork.errors import UsageError
from layerfork.settingsfile import SettingsFile, find_settings

_TABLE = "clients"


def described_clients(directory: Path) -> Mapping[str, OwnCommand]:
    """Clients of the ``[clients.NAME]`` tables of a directory's settings; none without a file.

    Raises: UsageError naming the file and what is wrong with it.
    """
    file = find_settings(directory)
    tables = file.table.get(_TABLE, {}) if file else {}
    if file and not isinstance(tables, dict):
        raise UsageError(f"{file.place(_TABLE)}: clients is not a table", hint="write [clients.NAME]")
    return {name: _described(file, name, table) for name, table in tables.items() if file}


def _described(file: SettingsFile, name: str, table: object) -> OwnCommand:
    place = file.place(_TABLE, name)
    if not isinstance(table, dict) or not all(isinstance(value, str) for value in table.values()):
        raise UsageError(
            f"{place}: [clients.{name}] is not a table of texts",
            hint='write command = "make image TAG={tag}", and version = "…" if you like',
        )
    unknown = set(table) - {"command", "version"}
    if unknown or "command" not in table:
        what = f"does not know {', '.join(sorted(unknown))}" if unknown else "has no command"
        raise UsageError(f"{place}: [clients.{name}] {what}", hint="it takes command and version")
    return OwnCommand(**table)
