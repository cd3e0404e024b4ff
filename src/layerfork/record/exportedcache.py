"""A cache that BuildKit exported: its records with their links, and its layers, which are never read."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

from layerfork.record.context import Digest

CACHE_SCHEMA = "layerfork/cache/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheLink:
    """What one input of a record may be: another record of the same cache, by its position."""

    record: int
    selector: str = ""
    """Digest of the paths that are read of it; empty where the whole of it, or its content, counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheLayer:
    """A blob of the cache, as its manifest describes it."""

    digest: Digest
    size_bytes: int | None = None
    """None where the manifest lacks it: BuildKit then drops the results that need it."""
    diff_id: str = ""
    created_at: str = ""
    gone: bool | None = None
    """Whether the blob is missing where the cache is stored; None when that was not checked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheResult:
    """The layers of one record."""

    layers: tuple[int, ...]
    """Positions of layers, the lowest first."""
    created_at: str = ""
    """RFC 3339, as written in the cache."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedRecord:
    """One key of the cache. Without inputs it is a source, or the content of files that a step reads."""

    digest: Digest
    inputs: tuple[tuple[CacheLink, ...], ...] = ()
    """For each input of the operation the records that it may be."""
    result: CacheResult | None = None
    """The newest; None when the key was exported without its layers."""

    @property
    def layers(self) -> tuple[int, ...]:
        """Positions of its layers, the lowest first; empty without a result."""
        return self.result.layers if self.result else ()

    @property
    def created_at(self) -> str:
        """When its result was made; empty without one."""
        return self.result.created_at if self.result else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedCache:
    """A whole exported cache."""

    source: str
    """Where it was read: a directory, or a reference. No credentials."""
    manifest: Digest | None = None
    """Of the manifest or index that was read first; None where the place has none."""
    inline: bool = False
    """It lies in the config of an image."""
    records: tuple[ExportedRecord, ...] = ()
    layers: tuple[CacheLayer, ...] = ()
    notes: tuple[str, ...] = ()
    """What BuildKit would ignore in it, in words."""

    @property
    def unused_layers(self) -> tuple[int, ...]:
        """Layers without a record."""
        used = {layer for record in self.records for layer in record.layers}
        return tuple(number for number in range(len(self.layers)) if number not in used)

    @property
    def dead_ends(self) -> tuple[int, ...]:
        """Records without layers that no other record builds on: nothing can be reused through them."""
        linked = {link.record for record in self.records for links in record.inputs for link in links}
        return tuple(
            number
            for number, record in enumerate(self.records)
            if record.result is None and number not in linked
        )


class CacheRole(StrEnum):
    """How a record of a cache relates to a step."""

    OPERATION = "operation"
    """The step's own operation: reused when the record has layers."""
    SOURCE = "source"
    """An image or repository that the step begins with."""
    CONTENT = "content"
    """The content of the files that the step reads."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordUse:
    """The step of a recorded build that a record of a cache belongs to."""

    step: int
    """Index of the step, from 1."""
    instruction: str = ""
    role: CacheRole
    certain: bool = True
    """False where the content of files would have to be known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepSize:
    """What the layers of one step take in a cache."""

    step: int
    """Index of the step, from 1."""
    stage: str
    """Name of its stage, or its number."""
    instruction: str
    size_bytes: int | None
    """None where the manifest does not have it."""
    in_image: bool | None
    """Whether the image that the build made has them as well; None when that is unknown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheSizes:
    """Where the bytes of a cache come from, by the steps of a recorded build."""

    base_bytes: int
    """Layers of base images that the cache holds."""
    steps: tuple[StepSize, ...]
    other_bytes: int
    """Layers that belong to no step of this build."""

    @property
    def image_bytes(self) -> int:
        """Of steps of the image: what ``mode=min`` exports beside base images."""
        return sum(each.size_bytes or 0 for each in self.steps if each.in_image)

    @property
    def beyond_image_bytes(self) -> int:
        """Of steps of other stages: what ``mode=max`` adds. ``mode=min`` exports them as well where the
        builder has exported them before: it takes what is ready to be sent.
        Source: moby/buildkit solver/types.go (CacheExportModeMin) @ v0.13.2, v0.32.2; measured with 0.13 and
        0.25."""
        return sum(each.size_bytes or 0 for each in self.steps if each.in_image is False)


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheReport:
    """An exported cache to show: `layerfork cache inspect`."""

    cache: ExportedCache
    read_at: str
    """When it was read, RFC 3339: ages count from then."""
    record: str = ""
    """The file of the recorded build that it was compared with; empty for none."""
    uses: Mapping[int, RecordUse] = field(default_factory=dict)
    """By position of the record in the cache."""
    missing: tuple[tuple[int, str, str], ...] = ()
    """Steps of the recorded build without a usable record: index, instruction, and why."""
    sizes: CacheSizes | None = None
    """By the steps of the recorded build; None without one."""
    max_age_s: float | None = None
    """Records that are older are marked; None marks none."""

    def age_s(self, record: ExportedRecord) -> float | None:
        """How old the result of a record was when the cache was read; None when that is unknown."""
        try:
            made = datetime.fromisoformat(record.created_at)
        except ValueError:
            return None
        made = made if made.tzinfo else made.replace(tzinfo=UTC)
        return max(0.0, (datetime.fromisoformat(self.read_at) - made).total_seconds())

    def is_over_age(self, record: ExportedRecord) -> bool:
        """Whether it is known to be older than the limit."""
        age_s = self.age_s(record)
        return self.max_age_s is not None and age_s is not None and age_s > self.max_age_s
