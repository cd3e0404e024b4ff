"""What a machine has: engines, clients, and the builds that `layerfork why` keeps."""

from dataclasses import dataclass

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
