"""Reads layerfork.toml: clients of the user's own."""

import tomllib
from collections.abc import Mapping
from pathlib import Path

from layerfork.clients.own import OwnCommand
from layerfork.errors import UsageError

FILE_NAME = "layerfork.toml"


def described_clients(directory: Path) -> Mapping[str, OwnCommand]:
    """Clients of the ``[clients.NAME]`` tables of a directory's layerfork.toml; none without the file.

    Raises: UsageError naming the file and what is wrong with it.
    """
    path = directory / FILE_NAME
    try:
        tables = tomllib.loads(path.read_text("utf-8")).get("clients", {})
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise UsageError(f"cannot read {path}: {error}", hint="fix it, or move it away") from error
    return {str(name): _described(path, str(name), table) for name, table in dict(tables).items()}


def _described(path: Path, name: str, table: object) -> OwnCommand:
    if not isinstance(table, dict) or not all(isinstance(value, str) for value in table.values()):
        raise UsageError(
            f"{path}: [clients.{name}] is not a table of texts",
            hint='write command = "make image TAG={tag}", and version = "…" if you like',
        )
    unknown = set(table) - {"command", "version"}
    if unknown or "command" not in table:
        what = f"does not know {', '.join(sorted(unknown))}" if unknown else "has no command"
        raise UsageError(f"{path}: [clients.{name}] {what}", hint="it takes command and version")
    return OwnCommand(**table)
