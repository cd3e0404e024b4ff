"""Changes: what could have been otherwise in a build, as values.

Applied to a BuildRecord a change gives a hypothetical record (`layerfork.hypothesis`); the key models say
what its keys would be. Proof, prediction and remedies ask "what if" in no other way.
"""

from dataclasses import dataclass

from layerfork.record.context import ContextEntry, Transport
from layerfork.record.engine import EngineInfo, ImageFacts
from layerfork.record.llb import Definition
from layerfork.record.record import StepRecord

MAIN_CONTEXT = "context"
"""Name of the context that is no named one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryIs:
    """The first entry of a path has other attributes: ``mode`` of ``a`` is 0644."""

    path: str
    """Cleaned, relative to the context."""
    values: tuple[tuple[str, object], ...]
    """Names of `ContextEntry` fields, and their values."""
    context: str = MAIN_CONTEXT


@dataclass(frozen=True, slots=True, kw_only=True)
class ModeIs:
    """Some bits of the mode of a path's first entry are others: its permissions, or its type bits."""

    path: str
    mask: int
    """Which bits."""
    value: int
    """Within the mask."""
    context: str = MAIN_CONTEXT


@dataclass(frozen=True, slots=True, kw_only=True)
class XattrIs:
    """An extended attribute of a path's first entry has another value; None: there is none of that name."""

    path: str
    name: str
    value: bytes | None
    context: str = MAIN_CONTEXT


@dataclass(frozen=True, slots=True, kw_only=True)
class EntriesAre:
    """The entries that are sent of one path; none: ``.git`` is not sent."""

    path: str
    entries: tuple[ContextEntry, ...]
    context: str = MAIN_CONTEXT


@dataclass(frozen=True, slots=True, kw_only=True)
class TransportIs:
    """A context travels in another way: as a tar, or by file sync, which sends no header of the root."""

    transport: Transport
    context: str = MAIN_CONTEXT


@dataclass(frozen=True, slots=True, kw_only=True)
class PatternsAre:
    """The ignore patterns that go with the context; which entries are sent is another change."""

    patterns: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildArgIs:
    """A build argument is given with this value; None: it is not given."""

    name: str
    value: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelsAre:
    """The labels that the request gives."""

    labels: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LineIs:
    """An instruction of the Dockerfile reads otherwise; an empty text: it is not there."""

    line: int
    """Where it begins, from 1."""
    text: str
    example_line: int = 0
    """Where an instruction of this text begins in the example's Dockerfile; 0 when there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LineAdded:
    """The Dockerfile has one instruction more."""

    before_line: int
    """The instruction that it stands before begins here; 0 is the end of the file."""
    text: str
    example_line: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class DockerfileIs:
    """The whole Dockerfile reads like this."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseImageIs:
    """What a reference of a FROM line means."""

    reference: str
    facts: ImageFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestIs:
    """Something that the request asks for: ``network``, ``platform``, ``target``."""

    field: str
    """A field of `RecordedRequest`."""
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionIs:
    """An option of the request that has no field of its own; None: it is not given."""

    name: str
    value: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineIs:
    """The engine that builds."""

    engine: EngineInfo | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceIs:
    """What a remote source gave, or what was copied from an image: known by a digest alone."""

    identifier: str
    digest: str


AttributeChange = EntryIs | ModeIs | XattrIs
"""Changes of one attribute of an entry that is sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DefinitionIs:
    """The operations that an engine's frontend makes of all other changes, and the steps that they are."""

    definition: Definition
    steps: tuple[StepRecord, ...]


Change = (
    AttributeChange
    | EntriesAre
    | TransportIs
    | PatternsAre
    | BuildArgIs
    | LabelsAre
    | LineIs
    | LineAdded
    | DockerfileIs
    | BaseImageIs
    | RequestIs
    | OptionIs
    | EngineIs
    | SourceIs
    | DefinitionIs
)
