"""What a machine has and what is in force on it: engines, clients, kept builds, health, settings."""

from dataclasses import dataclass
from enum import Enum, StrEnum

ENGINES_SCHEMA = "layerfork/engines/1"
CLIENTS_SCHEMA = "layerfork/clients/1"
STORED_SCHEMA = "layerfork/stored/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Obstacle:
    """One thing that keeps an engine or a client from running here."""

    what: str
    remedy: str = ""
    """What a person can do about it: a command where there is one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineRow:
    """One engine of the table."""

    id: str
    """What to write after ``--engine``."""
    title: str
    """``Docker Engine 26.1``."""
    origin: str = ""
    """``Debian trixie``, or the address of an engine that runs already."""
    version: str = ""
    """Full version; empty while it is not known: the engine was not fetched, or does not answer."""
    builders: tuple[str, ...] = ()
    image_store: str = ""
    """``graphdriver`` or ``containerd``; empty when unknown."""
    oldest_api: str = ""
    newest_api: str = ""
    components: tuple[tuple[str, str], ...] = ()
    """Name and version of its programs, as far as they are known."""
    obstacles: tuple[Obstacle, ...] = ()

    @property
    def ready(self) -> bool:
        return not self.obstacles


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientRow:
    """One client of the table."""

    id: str
    title: str
    version: str = ""
    """Pinned, or that of the toolchain here; empty when there is none."""
    builders: tuple[str, ...]
    obstacles: tuple[Obstacle, ...] = ()

    @property
    def ready(self) -> bool:
        return not self.obstacles


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRow:
    """One build that is kept to compare later ones with."""

    id: str
    recorded_at: str
    """RFC 3339, UTC."""
    builder: str
    outcome: str
    steps: int
    hits: int
    size_bytes: int
    """Of its file."""
    command: str
    """What asked for it. Secrets hidden."""
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """What became of one thing that was asked for."""

    name: str
    error: str = ""
    """Why it could not be brought, with what to do; empty when it is there now."""


# What a machine can run, and what on it would tint results.

DOCTOR_SCHEMA = "layerfork/doctor/1"


class Health(StrEnum):
    """How one thing is."""

    OK = "ok"
    NOTE = "note"
    """It works, and makes builds or their keys other than elsewhere."""
    ABSENT = "absent"
    """It is not there, and only some commands need it."""
    UNKNOWN = "unknown"
    """It did not say in time."""
    MISSING = "missing"
    """Nothing can be built without it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthRow:
    """One thing of a machine."""

    area: str
    """``engines``, ``programs``, ``settings`` …: rows of one area stand together."""
    name: str
    health: Health
    what: str
    """A version or a value, or what is wrong with it."""
    remedy: str = ""
    """What a person can do: a command where there is one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DoctorReport:
    """The whole machine."""

    rows: tuple[HealthRow, ...]

    @property
    def ready(self) -> bool:
        """Whether nothing that is needed is missing."""
        return all(row.health is not Health.MISSING for row in self.rows)


# Settings as they are in force, for people who ask where a value comes from.

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
