"""What a machine can run, and what on it would tint results."""

from dataclasses import dataclass
from enum import StrEnum

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
