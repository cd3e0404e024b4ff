"""What a cache cost in one build, and what the reused steps saved."""

from dataclasses import dataclass
from enum import StrEnum


class TransferKind(StrEnum):
    """What was moved."""

    IMPORT = "import"
    """The manifest and the config of a cache that the build may use."""
    PULL = "pull"
    """Layers of steps that were reused."""
    EXPORT = "export"
    """A cache, prepared and written."""
    LOAD = "load"
    """The image, sent to the client as a tarball (``--load``)."""
    CONTEXT = "context"
    """Files of the context, sent to the builder."""

    @property
    def is_of_cache(self) -> bool:
        """Whether a build without a cache would not have spent it."""
        return self in (TransferKind.IMPORT, TransferKind.PULL, TransferKind.EXPORT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """One part of what a build spent on moving things."""

    kind: TransferKind
    name: str = ""
    """Of an import the place, of an export BuildKit's word for it: ``registry``, ``client directory``."""
    seconds: float | None = None
    """None when unknown. Parts may overlap, so they need not add up to `Balance.cost_s`."""
    size_bytes: int | None = None
    """What was moved; None when unknown. Of a log, rounded as it was printed."""
    stored_bytes: int | None = None
    """Of an export to a registry: the cache's size there, with what was there before; None if unknown."""
    writing_s: float | None = None
    """Of an export: the seconds in which layers and manifests were written. The rest of its time BuildKit
    prepared them: it computed differences of files and compressed them. None when unknown."""
    failed: bool = False
    """It ended with an error."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """Seconds and bytes of one build."""

    transfers: tuple[Transfer, ...]
    """In order of their kinds."""
    cost_s: float | None = None
    """Seconds in which the cache was imported, pulled or exported, each counted once; None when unknown."""
    cost_is_most: bool = False
    """Nothing shows which transfers ran at the same time: it is their sum."""
    reused: int = 0
    """Steps that were reused."""
    untimed: int = 0
    """Those of `reused` whose time is unknown."""
    saved_s: float | None = None
    """Seconds that the reused steps took when they were built, steps that ran at the same time counted once.
    None when no time is known; at least so much where `untimed` is not 0."""

    @property
    def has_cost(self) -> bool:
        """Whether a cache was moved at all, as far as the build shows it."""
        return any(each.kind.is_of_cache for each in self.transfers)

    @property
    def costs_more(self) -> bool:
        """Whether this build, which imported a cache and reused steps, would have been faster without.

        Only where everything is known, and the difference is clear: a second, and a tenth.
        """
        imported = any(each.kind is TransferKind.IMPORT and not each.failed for each in self.transfers)
        if not (imported and self.reused) or self.untimed or self.cost_is_most:
            return False
        if self.cost_s is None or self.saved_s is None:
            return False
        return self.cost_s > self.saved_s * 1.1 + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreadExport:
    """An exported cache that none of the later builds that are known imported."""

    id: str
    """Of the build."""
    recorded_at: str
    """RFC 3339, UTC: when the build began."""
    place: str
    """Where it was exported to: ``registry example.com/app:cache``."""
    seconds: float | None
    """That all exports of the build took; None when unknown."""
    later: int
    """How many later builds are known; at least one."""
