"""The earlier build that another one is compared with, or predicted from."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """The earlier build that one is compared with, of those that are known."""

    id: str
    recorded_at: str
    """RFC 3339, UTC."""
    age_s: float
    """From its start to the start of the build that is compared with it."""
    command: str = ""
    """That it was recorded of. Secrets hidden."""
    ran_in: str = ""
    """Working directory of that command."""
    engine: str = ""
    """Version of the engine that built it."""
    shared_steps: int | None = None
    """Steps of the build whose keys, and all keys above, it has as well; None when nobody counted."""
    steps: int = 0
    """Steps of the build."""
    known: int = 0
    """Builds that it was chosen from; 0 when a person named it."""
