"""What clients send of a directory, held against its canonical tar."""

from dataclasses import dataclass

from layerfork.record.build import Builder
from layerfork.record.cause import CauseCode

SENDINGS_SCHEMA = "layerfork/pack-check/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class SentDifference:
    """One thing that entries are sent with otherwise, and that the builder's keys read."""

    cause: CauseCode
    entries: int
    """How many of them."""
    path: str
    """The first of them."""
    sent: str
    """What the client sends of it; empty where it sends nothing."""
    packed: str
    """What the tar has of it; empty where it has nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """Clients that send a directory alike, to one builder."""

    clients: tuple[str, ...]
    builder: Builder
    differences: tuple[SentDifference, ...]
    notes: tuple[str, ...] = ()
    """What was not compared, or is never alike, a line each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SendingReport:
    """What every client sends of a directory."""

    context: str
    sendings: tuple[Sending, ...]
    unknown: tuple[str, ...] = ()
    """Clients of which it is not known what they send."""

    @property
    def differs(self) -> bool:
        """Whether a client sends something otherwise."""
        return any(sending.differences for sending in self.sendings)
