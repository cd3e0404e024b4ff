"""BuildRecord: facts about one build, without judgement, file contents or secrets; what identifies it."""

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from layerfork.record.build import Builder, normal_platform, platforms_of
from layerfork.record.context import ContextManifest, Digest, short_digest
from layerfork.record.engine import EngineInfo, ImageFacts
from layerfork.record.llb import Definition

RECORD_SCHEMA = "layerfork/record/1"


class StepStatus(StrEnum):
    """What became of one step."""

    HIT = "hit"
    MISS = "miss"
    NOT_EVALUATED = "not-evaluated"
    """Never needed: BuildKit neither started nor completed it."""
    UNKNOWN = "unknown"


class BuildOutcome(StrEnum):
    """How a build ended."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    """The build itself failed (a RUN, a missing file)."""
    REFUSED = "refused"
    """The engine or the client refused before the first step (a bad Dockerfile, an unreadable context)."""
    UNSUPPORTED = "unsupported"
    """The client cannot be asked for this; nothing ran."""
    TIMED_OUT = "timed-out"
    CUT = "cut"
    """The connection ended before the result: a crash of the client or of the engine."""
    SKIPPED = "skipped"
    """The client cannot run on this machine; nothing ran."""
    UNKNOWN = "unknown"
    """What it was imported from does not tell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientInfo:
    """The program that asked for the build."""

    id: str = ""
    """``docker_py-build``; empty when `record` wrapped an unknown command."""
    version: str = ""
    user_agent: str = ""
    argv: tuple[str, ...] = ()
    """Secrets hidden."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildPlace:
    """Where a build was asked for, as clients' own notes and command lines show it. Secrets hidden."""

    directory: str = ""
    """Absolute path of the directory that the main context was sent from; empty when nothing shows it."""
    dockerfile: str = ""
    """Absolute path of the Dockerfile; empty when nothing shows it."""
    name: str = ""
    """What the client calls this build among others: a service of compose, a target of bake."""
    ran_in: str = ""
    """Working directory of the command that was recorded."""
    named_contexts: tuple[tuple[str, str], ...] = ()
    """Named contexts, each with the absolute path of the directory that it was sent from, where something
    shows it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedRequest:
    """What the engine was asked, decoded; secrets replaced by stand-ins that still compare equal."""

    dockerfile_name: str = ""
    dockerfile: str | None = None
    """Its text; None when it was not seen."""
    dockerfile_lines_sha256: Digest | None = None
    build_args: tuple[tuple[str, str], ...] = ()
    """Sorted by name. A value that looks secret is ``hidden:`` and a keyed digest."""
    labels: tuple[tuple[str, str], ...] = ()
    target: str = ""
    platform: str = ""
    network: str = ""
    no_cache: bool = False
    no_cache_stages: tuple[str, ...] = ()
    pull: bool = False
    cache_from: tuple[str, ...] = ()
    cache_from_dropped: tuple[str, ...] = ()
    """What the client's command line asked to import, and the client left out of its request."""
    cache_to: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    frontend: str = ""
    """BuildKit: ``dockerfile.v0`` or ``gateway.v0``."""
    syntax: str = ""
    """Image of a ``# syntax=`` line; empty for the built-in frontend."""
    entitlements: tuple[str, ...] = ()
    options: tuple[tuple[str, str], ...] = ()
    """Every other query parameter or frontend attribute, as sent, sorted."""
    headers: tuple[tuple[str, str], ...] = ()
    """Request headers that say something about the client or the body; never credentials."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepRecord:
    """One step of the Dockerfile in this build."""

    index: int
    """From 1, in Dockerfile order over all stages."""
    stage: int = 0
    """Index of the stage, from 0."""
    stage_name: str = ""
    platform: str = ""
    """Of a build for several platforms those that the step is for, joined by commas; empty for what all of
    them have in common, and in any other build."""
    instruction: str
    """Text as the builder showed it, for example ``COPY important.txt /``."""
    line: int = 0
    """Dockerfile line, from 1; 0 when unknown."""
    status: StepStatus
    identity: str = ""
    """The id that the engine itself showed for the result. Classic, buildah: the image id after the step, in
    full where the engine was asked. BuildKit shows none. Never computed; empty when unknown."""
    vertices: tuple[Digest, ...] = ()
    """BuildKit vertices of this step."""
    created_by: str = ""
    """What the engine's image history says for this step; empty when it was not asked."""
    created_at: str = ""
    """When its result was made, as the engine's image history says, RFC 3339, UTC; empty when it was not
    asked or does not tell."""
    started_s: float | None = None
    """Seconds since the start of the build."""
    seconds: float | None = None
    error: str = ""


MOST_WORK = 500
"""Of one vertex; where this number is reached, there may have been more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """A part of what a vertex did, as BuildKit's status reported it last."""

    id: str
    """``writing layer sha256:…``, ``transferring context:``; of a layer that is pulled, its digest alone."""
    started_s: float | None = None
    """Seconds since the start of the build; None where nothing shows it."""
    seconds: float | None = None
    """Until it ended, or was reported last, all its runs together; None where nothing shows it."""
    current: int = 0
    """Bytes that were moved, as far as BuildKit or the client's session showed them; 0 when unknown."""
    total: int = 0
    """Bytes to move; 0 when unknown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Vertex:
    """A BuildKit vertex as Status reported it last."""

    digest: Digest
    """Empty for the engine's own work in a log that does not print it."""
    name: str
    inputs: tuple[Digest, ...] = ()
    started_s: float | None = None
    completed_s: float | None = None
    cached: bool = False
    error: str = ""
    internal: bool = False
    seconds: float | None = None
    """How long it took, in a log that shows no points of time; otherwise None."""
    work: tuple[Work, ...] = ()
    """What it reported, in the order of appearance; at most `MOST_WORK`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """Something that the recorder could not see or did not understand."""

    where: str
    """For example ``tar entry 17 at byte 9216`` or ``grpc Control.Solve``."""
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildResult:
    """What came out."""

    outcome: BuildOutcome
    image_id: str = ""
    error: str = ""
    """The builder's or client's own error message."""
    image: ImageFacts | None = None
    """What the engine said about the image afterwards, when the harness asked."""
    exporter: tuple[tuple[str, str], ...] = ()
    """BuildKit's exporter response, small values only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildRecord:
    """Facts about one build."""

    schema: str = RECORD_SCHEMA
    id: str
    """Unique; also the file name's stem in a record store."""
    recorded_at: str
    """RFC 3339, UTC."""
    layerfork: str = ""
    """Version of the recorder."""
    redaction_key_id: str = ""
    """Names the key that stand-ins for hidden values were made with: only under one key do they compare."""
    imported_from: str = ""
    """What the record was imported from, such as ``BuildKit log (plain)``; empty for a build that layerfork
    recorded itself."""
    client: ClientInfo = field(default_factory=ClientInfo)
    engine: EngineInfo | None = None
    builder: Builder
    ref: str = ""
    """BuildKit's own name for the build, as ``docker buildx history`` shows it."""
    commits: tuple[str, ...] = ()
    """Commits that a log says were fetched as the context, else those that the CI job checked out, in their
    order; hexadecimal, often abbreviated. Of a build that was not imported from a log it is empty."""
    place: BuildPlace = field(default_factory=BuildPlace)
    builder_instance: str = ""
    """Builder name or worker id: equal means one cache."""
    request: RecordedRequest = field(default_factory=RecordedRequest)
    context: ContextManifest | None = None
    named_contexts: tuple[ContextManifest, ...] = ()
    definition: Definition | None = None
    vertices: tuple[Vertex, ...] = ()
    steps: tuple[StepRecord, ...] = ()
    result: BuildResult
    base_images: tuple[tuple[str, ImageFacts], ...] = ()
    """Reference as written in FROM, or in the classic builder's cache-from list, and what the engine said
    about it."""
    image_digests: tuple[tuple[str, Digest], ...] = ()
    """Reference of a base image as BuildKit names it (``docker.io/library/alpine:latest``), and the digest of
    the manifest that provenance says it was; of builds that BuildKit's history holds."""
    seconds: float = 0.0
    """From the first request byte to the end of the answer."""
    gaps: tuple[Gap, ...] = ()

    @property
    def complete(self) -> bool:
        return not self.gaps


# What names the result of a step: an id that the engine showed, or a digest that the key model computed.


class IdentitySource(StrEnum):
    """Where an identity comes from: a measurement, or a hypothesis."""

    OBSERVED = "observed"
    COMPUTED = "computed"


@dataclass(frozen=True, slots=True, kw_only=True)
class StepIdentity:
    """A name for the result of one step."""

    value: str
    source: IdentitySource

    @property
    def short(self) -> str:
        """Its first twelve digits."""
        return short_digest(self.value)


def identities_of(steps: Iterable[StepRecord], computed: Mapping[int, str]) -> Mapping[int, StepIdentity]:
    """Step index to the identity that a view shows; steps without one are left out.

    A build shows one kind alone: what the engine observed as soon as it showed any id, else what the key
    model ``computed`` (by step index).
    """
    observed = {step.index: step.identity for step in steps if step.identity}
    found, source = (observed, IdentitySource.OBSERVED) if observed else (computed, IdentitySource.COMPUTED)
    return {index: StepIdentity(value=value, source=source) for index, value in found.items()}


# Which builds are the same build, made again: of one context, Dockerfile, target, platform and name.

SERVICE = "com.docker.compose.service"
"""Label that compose gives what it builds with BuildKit.
Source: docker/compose pkg/api/labels.go (ServiceLabel) @ v2.26.1."""
_MADE_UP = re.compile(r"\.dockerfile\.[0-9a-f]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildKind:
    """What a build has in common with earlier ones of the same."""

    directory: str
    """Absolute path of the context's directory, or the URL of a remote one; that of the command's working
    directory where nothing shows the context's."""
    ran_in: str = ""
    """The command's working directory."""
    name: str = ""
    """Of a service or bake target; empty when the client says none."""
    dockerfile: str = ""
    """Relative to the directory, else its name; empty when the client made a name up."""
    target: str = ""
    platform: str = ""
    """What was asked for, sorted, with commas."""

    @property
    def label(self) -> str:
        """What texts call it among others: the service or target, else the directory, and what is unusual."""
        name = self.name or _relative(self.directory, self.ran_in)
        if not self.name and ("://" in self.directory or name.startswith("..")):
            name = self.directory
        usual = self.dockerfile in ("", "Dockerfile")
        more = (
            "" if usual or self.name else self.dockerfile,
            f"target {self.target}" if self.target else "",
            self.platform,
        )
        shown = ", ".join(filter(None, more))
        return f"{name} ({shown})" if shown else name


def _relative(directory: str, ran_in: str) -> str:
    return os.path.relpath(directory, ran_in or "/") if directory else "a build of an unknown directory"


def build_kind_of(record: BuildRecord) -> BuildKind:
    """The kind of a recorded build, as far as the record shows it."""
    place, request = record.place, record.request
    remote = record.context.remote if record.context is not None else ""
    dockerfile = "" if _MADE_UP.fullmatch(request.dockerfile_name) else request.dockerfile_name
    if place.directory and place.dockerfile:
        dockerfile = os.path.relpath(place.dockerfile, place.directory)
    return BuildKind(
        directory=place.directory or remote or place.ran_in,
        ran_in=place.ran_in,
        name=place.name or dict(request.labels).get(SERVICE, ""),
        dockerfile=dockerfile,
        target=request.target,
        platform=",".join(sorted(map(normal_platform, platforms_of(request.platform)))),
    )


def agreement(one: BuildKind, other: BuildKind) -> int | None:
    """How surely two kinds are one, wherever their directories are; None when they are not.

    What one of the two does not show may be the other's. Greater is surer.
    """
    if (one.target, one.platform) != (other.target, other.platform):
        return None
    sure = 0
    for mine, theirs in ((one.name, other.name), (one.dockerfile, other.dockerfile)):
        if mine and theirs and mine != theirs:
            return None
        sure += bool(mine) and mine == theirs
    return sure
