"""The definition of a build as our own model of the frontend makes it, from what a record says."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from layerfork.dockerfile import Dockerfile
from layerfork.dockerfile.definition.rules import OLDEST, NotModelledError
from layerfork.dockerfile.definition.whole import (
    Made,
    Outside,
    archive_source,
    define,
    directory_source,
    image_source,
)
from layerfork.hypothesis.graph import Graph
from layerfork.hypothesis.inputs import inputs_of
from layerfork.keys.baseimage import find_facts, full_reference, has_no_layers
from layerfork.keys.buildkit.sources import SourceParts
from layerfork.keys.versions import buildkit_release
from layerfork.record.context import MAIN_CONTEXT, Transport
from layerfork.record.llb import LLBOp, SourceOp
from layerfork.record.record import BuildRecord

IMAGE = "docker-image://"
_LOCAL = f"local://{MAIN_CONTEXT}"
_NAMED_CONTEXT = "context:"
_CACHE_NAMESPACE = "BUILDKIT_CACHE_MOUNT_NS"
_UPLOAD = "http://buildkit-session/"


def definition_of(record: BuildRecord, dockerfile: Dockerfile, platform: str = "") -> Made:
    """The definition of a build for one platform, the engine's own where none was asked for.

    Of the record's own definition nothing is taken but what no Dockerfile decides: the digests that the
    engine found for images, and the session or address of the context. Raises: NotModelledError.
    """
    check_frontend(record)
    inputs = inputs_of(record, dockerfile, Graph(record=record, dockerfile=dockerfile), platform)
    target_platform = inputs.platform_args.get("TARGETPLATFORM", "")
    surroundings = Surroundings(record)
    outside = Outside(image=surroundings.image, context=surroundings.context)
    return define(dockerfile, inputs, outside, record.request.target, target_platform)


def check_frontend(record: BuildRecord) -> None:
    """Raises: NotModelledError when it is not one that is built into a BuildKit whose rules are known."""
    request, engine = record.request, record.engine
    given = dict(request.build_args)
    if request.syntax or "BUILDKIT_SYNTAX" in given or not request.frontend.startswith("dockerfile"):
        raise NotModelledError("a frontend that is not the builder's own")
    release = buildkit_release(engine.buildkit_version, engine.version) if engine is not None else None
    if release is None or release < OLDEST:
        raise NotModelledError(
            "a BuildKit of unknown version" if release is None else "a BuildKit before 0.11"
        )
    if _CACHE_NAMESPACE in given:
        raise NotModelledError(_CACHE_NAMESPACE)


@dataclass(slots=True)
class Surroundings:
    """What is no part of a Dockerfile, as a record shows it."""

    record: BuildRecord
    sources: tuple[SourceOp, ...] = field(init=False)
    """Those of the recorded definition."""

    def __post_init__(self) -> None:
        definition = self.record.definition
        ops = definition.ops if definition is not None else ()
        self.sources = tuple(op.source for op in ops if op.source is not None)

    def image(self, name: str, platform: str) -> LLBOp:
        """The operation of an image. Raises: NotModelledError."""
        options = dict(self.record.request.options)
        full = full_reference(name)
        for each in self._named_contexts():
            if each in (name, full) or full_reference(each) == full:
                raise NotModelledError(f"the named context {name}")
        facts = find_facts(self.record, name)
        if facts is not None and has_no_layers(facts):
            raise NotModelledError("an image without layers")
        mode = options.get("image-resolve-mode", "")
        identifier = next(self._pinned(IMAGE + full), IMAGE + full)
        return image_source(identifier, platform, "" if mode == "default" else mode)

    def context(self, paths: tuple[str, ...]) -> tuple[LLBOp, ...]:
        """The operations of the main context, its own last. Raises: NotModelledError."""
        manifest = self.record.context
        fetched = next(self._fetched(), "")
        is_archive = manifest is not None and manifest.transport is Transport.TAR and not manifest.remote
        if fetched or is_archive:
            return archive_source(fetched or _UPLOAD)
        if manifest is not None and manifest.transport is not Transport.FILE_SYNC:
            raise NotModelledError("a context that the engine fetched")
        excludes = manifest.excludes if manifest is not None else ()
        return (directory_source(MAIN_CONTEXT, self._session(), excludes, paths),)

    def _named_contexts(self) -> Iterator[str]:
        for name, _ in self.record.request.options:
            if name.startswith(_NAMED_CONTEXT):
                yield name.removeprefix(_NAMED_CONTEXT).partition("::")[0]

    def _pinned(self, identifier: str) -> Iterator[str]:
        if "@" not in identifier:
            yield from (s.identifier for s in self.sources if s.identifier.startswith(f"{identifier}@"))

    def _session(self) -> str:
        found = (dict(s.attrs) for s in self.sources if s.identifier == _LOCAL)
        return next(found, {}).get("local.session", "")

    def _fetched(self) -> Iterator[str]:
        parts = SourceParts(record=self.record, ops={})
        for source in self.sources:
            is_archive = dict(source.attrs).get("http.filename") == "context"
            if is_archive and parts.is_context(source):
                yield source.identifier
