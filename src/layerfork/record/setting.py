"""Settings as they are in force, for people who ask where a value comes from."""

from dataclasses import dataclass
from enum import Enum

CONFIG_SCHEMA = "layerfork/config/1"
Value = str | int | float | bool | tuple[str, ...] | None


class Origin(Enum):
    """Where a value comes from; a command line comes before all of them."""

    ENVIRONMENT = "environment"
    FILE = "file"
    DEFAULT = "default"


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingRow:
    """One option of one command."""

    command: str
    """``records prune``."""
    option: str
    """``max-lost``: its name on the command line and in a file."""
    value: Value
    """As it is said; None where there is none. Secrets hidden."""
    origin: Origin
    place: str = ""
    """The variable, or the file with the line; empty for a default."""
    variable: str
    """The variable that sets it for this command."""
    from_file: bool
    """Whether a file may set it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsReport:
    """Everything that settings say here."""

    file: str = ""
    """Path of the file from the working directory; empty without one."""
    rows: tuple[SettingRow, ...]
    clients: tuple[tuple[str, str], ...] = ()
    """The clients that the file describes: name and command. They run only when ``--client`` names them."""
    unknown: tuple[str, ...] = ()
    """Variables that are set, look like settings and are none."""
