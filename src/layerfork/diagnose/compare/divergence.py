"""A place where the reader left the writer's path, before anybody says why."""

from dataclasses import dataclass
from enum import StrEnum

from layerfork.diagnose.compare.parts import Difference
from layerfork.record.cachekey import CacheKey
from layerfork.record.change import Change


class Reason(StrEnum):
    """What kind of miss a site is."""

    OTHER_CACHE = "other-cache"
    """The two builds used separate caches."""
    CACHE_OFF = "cache-off"
    """The reader was told not to use a cache."""
    KEY = "key"
    """The keys differ, or a step was added, removed or moved."""
    EQUAL_KEYS = "equal-keys"
    """Nothing differs, and yet the step was not reused."""
    UNKNOWN_KEYS = "unknown-keys"
    """Nothing known differs, but the keys are not known completely."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """One step that did not share the writer's result for a reason of its own."""

    step: int
    """Index of the reader's step; 0 when the reader's record has no steps."""
    writer_step: int | None
    """Index of the writer's step; None when it has none for this one."""
    reason: Reason
    parts: tuple[Difference, ...] = ()
    """Differing parts of the step's own key."""
    structure: tuple[Difference, ...] = ()
    """Steps that were added, removed or moved just before this one, or this one itself."""
    origins: tuple[Difference, ...] = ()
    """Variables with other values that the step's text was expanded with."""
    same_text: bool = False
    """The step's own text in the Dockerfile is the same in both builds."""
    added: tuple[int, ...] = ()
    """Indexes of further steps right after this one that only the reader has."""
    removed: tuple[int, ...] = ()
    """Indexes of the writer's steps that the reader lacks before this one."""
    known: bool = True
    """Both keys are known completely."""
    direct: bool = True
    """Every step that this one builds on is shared, so its own key decided."""
    given: tuple[Change, ...] = ()
    """What the sites above were undone with before this one was looked at."""
    reader_key: CacheKey | None = None
    """The reader's key with that undone; None for the key that it really had."""
    consequences: tuple[int, ...] = ()
    """Later steps that were executed only because of this site."""

    @property
    def differences(self) -> tuple[Difference, ...]:
        return self.structure + self.parts
