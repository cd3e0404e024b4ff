"""The settings of a project: ``layerfork.toml``, or ``[tool.layerfork]`` in ``pyproject.toml``."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from layerfork.errors import UsageError

FILE_NAME = "layerfork.toml"
PROJECT_NAME = "pyproject.toml"
_IN_PROJECT = ("tool", "layerfork")
_LARGEST_BYTES = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsFile:
    """One file with settings."""

    path: Path
    table: Mapping[str, Any]
    """What it says: the whole of layerfork.toml, or what is below ``[tool.layerfork]``."""
    text: str
    inside: tuple[str, ...] = ()
    """The tables of the file that ``table`` is below."""

    @property
    def shown(self) -> str:
        """Its path from the working directory."""
        return os.path.relpath(self.path)

    def place(self, *keys: str) -> str:
        """``layerfork.toml:4``: the line at which a key of ``table`` begins; the file alone where there is
        none, as for a table that only its subtables name."""
        wanted = (*self.inside, *keys)
        line = next((line for line, found in _statements(self.text) if found[: len(wanted)] == wanted), None)
        return self.shown if line is None else f"{self.shown}:{line}"


def find_settings(directory: Path) -> SettingsFile | None:
    """The settings of the nearest directory that has some, from this one up to the root of its git
    repository; outside of a repository only this one is looked at.

    Raises: UsageError when a file cannot be read, or a directory has two with settings.
    """
    for place in _upward(directory):
        found = [each for each in (_layerfork_file(place), _project_file(place)) if each is not None]
        if len(found) > 1:
            raise UsageError(
                f"{found[0].shown} and {found[1].shown} both have settings",
                hint=f"keep one: move [tool.layerfork] into {FILE_NAME}, or the other way round",
            )
        if found:
            return found[0]
    return None


def _upward(directory: Path) -> tuple[Path, ...]:
    places = (directory, *directory.parents)
    root = next((index for index, place in enumerate(places) if os.path.lexists(place / ".git")), 0)
    return places[: root + 1]


def _layerfork_file(directory: Path) -> SettingsFile | None:
    path = directory / FILE_NAME
    if not os.path.lexists(path):
        return None
    text = _read(path)
    return SettingsFile(path=path, table=_parse(path, text), text=text)


def _project_file(directory: Path) -> SettingsFile | None:
    """Other programs' faults in this file are not ours to find: it is parsed when it names layerfork."""
    path = directory / PROJECT_NAME
    text = _read(path) if path.is_file() else ""
    if "layerfork" not in text:
        return None
    table: Any = _parse(path, text)
    for name in _IN_PROJECT:
        table = table.get(name) if isinstance(table, dict) else None
    if table is None:
        return None
    if not isinstance(table, dict):
        raise UsageError(f"{os.path.relpath(path)}: tool.layerfork is not a table", hint="[tool.layerfork]")
    return SettingsFile(path=path, table=table, text=text, inside=_IN_PROJECT)


def _read(path: Path) -> str:
    try:
        if not path.is_file():
            raise UsageError(f"cannot read {path}: it is not a file", hint="move it away")
        with path.open("rb") as file:
            content = file.read(_LARGEST_BYTES + 1)
        if len(content) > _LARGEST_BYTES:
            raise UsageError(f"cannot read {path}: it is larger than 1 MiB", hint="move it away")
        return content.decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read {path}: {error}", hint="fix it, or move it away") from error


def _parse(path: Path, text: str) -> dict[str, Any]:
    import tomllib  # late: most directories have no settings

    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise UsageError(f"cannot read {path}: {error}", hint="fix it, or move it away") from error


def _statements(text: str) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Of a file that parses, the line of each table header and each key, with its keys from the top.

    A statement is the fewest lines that parse by themselves: a line that does not goes on in the next.
    """
    import tomllib  # late: most directories have no settings

    header: tuple[str, ...] = ()
    begun: list[str] = []
    for number, line in enumerate(text.split("\n"), 1):
        begun.append(line)
        try:
            read = tomllib.loads("\n".join(begun))
        except tomllib.TOMLDecodeError:
            continue
        if read:
            is_header = begun[0].lstrip().startswith("[")
            header = tuple(_keys(read, arrays=True)) if is_header else header
            yield number - len(begun) + 1, header if is_header else (*header, *_keys(read, arrays=False))
        begun = []


def _keys(read: object, *, arrays: bool) -> Iterator[str]:
    """The keys of a statement: of a header all, of ``a.b = {c = 1}`` those that stand before the ``=``, and
    those of an inline table with one key, which stands on the same line."""
    while True:
        if isinstance(read, list) and arrays:
            read = read[0]
        if not isinstance(read, dict) or len(read) != 1:
            return
        ((key, read),) = read.items()
        yield str(key)
