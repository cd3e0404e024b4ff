"""What the model of BuildKit's frontend asks for besides a Dockerfile, as a record tells it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from layerfork.dockerfile import Dockerfile, Instruction
from layerfork.dockerfile.definition import Evaluated, evaluate
from layerfork.dockerfile.definition.operations import Placement
from layerfork.dockerfile.definition.refusals import refusal
from layerfork.dockerfile.definition.stage import NotModelledError
from layerfork.dockerfile.definition.whole import (
    Definer,
    archive_source,
    directory_source,
    image_source,
    stages_behind,
)
from layerfork.hypothesis.inputs import inputs_of
from layerfork.hypothesis.stagechains import Graph
from layerfork.keys.buildkit.sources import SourceParts
from layerfork.keys.recordedbases import find_facts, full_reference, has_no_layers
from layerfork.record.context import MAIN_CONTEXT, Transport
from layerfork.record.llb import LLBOp, SourceOp
from layerfork.record.record import BuildRecord
from layerfork.releases import OLDEST_FRONTEND, FrontendRules, buildkit_release

IMAGE = "docker-image://"
_LOCAL = f"local://{MAIN_CONTEXT}"
_NAMED_CONTEXT = "context:"
_CACHE_NAMESPACE = "BUILDKIT_CACHE_MOUNT_NS"
_UPLOAD = "http://buildkit-session/"


def definition_of(record: BuildRecord, dockerfile: Dockerfile, platform: str = "") -> Definer:
    """The definition of a build for one platform, the engine's own where none was asked for.

    The model makes every line. Of the record's own definition it gets what no Dockerfile decides: the
    digests that the engine found for images, and the session or address of the context.
    Raises: NotModelledError.
    """
    outside = Surroundings(record)
    if outside.problem:
        raise NotModelledError(outside.problem)
    inputs = inputs_of(record, dockerfile, Graph(record=record, dockerfile=dockerfile), platform)
    evaluated = evaluate(dockerfile, inputs)
    target = record.request.target
    last = dockerfile.find_stage(target) if target else dockerfile.stages[-1]
    if last is None:
        raise NotModelledError(f"stage {target}")
    needed = frozenset(stages_behind(dockerfile, evaluated, last))
    definer = Definer(
        dockerfile=dockerfile,
        evaluated=evaluated,
        rules=inputs.rules,
        outside=outside,
        target_platform=inputs.builtin_args.get("TARGETPLATFORM", ""),
        needed=needed,
        refused=outside.refusal(dockerfile, evaluated, needed, inputs.rules),
    )
    definer.run()
    return definer


def frontend_problem(record: BuildRecord) -> str:
    """Why the frontend of a build is not modelled; empty for one that is built into a BuildKit whose rules
    are known."""
    request, engine = record.request, record.engine
    given = dict(request.build_args)
    if request.syntax or "BUILDKIT_SYNTAX" in given or not request.frontend.startswith("dockerfile"):
        return "a frontend that is not the builder's own"
    release = buildkit_release(engine.buildkit_version, engine.version) if engine is not None else None
    if release is None:
        return "a BuildKit of unknown version"
    if release < OLDEST_FRONTEND:
        return "a BuildKit before 0.11"
    return _CACHE_NAMESPACE if _CACHE_NAMESPACE in given else ""


@dataclass(slots=True)
class Surroundings:
    """What no Dockerfile decides, as a record tells it; it shows no line."""

    record: BuildRecord
    problem: str = field(init=False)
    sources: tuple[SourceOp, ...] = field(init=False)
    """Those of the recorded definition."""

    def __post_init__(self) -> None:
        self.problem = frontend_problem(self.record)
        definition = self.record.definition
        ops = definition.ops if definition is not None else ()
        self.sources = tuple(op.source for op in ops if op.source is not None)

    def refusal(
        self,
        dockerfile: Dockerfile,
        evaluated: Mapping[int, Evaluated],
        needed: frozenset[int],
        rules: FrontendRules,
    ) -> str:
        """Why the frontend refuses a Dockerfile; not known where it is another frontend, or where a named
        context may be in the place of a stage or an image."""
        if self.problem or any(named_contexts(self.record)):
            return ""
        return refusal(dockerfile, evaluated, needed, rules)

    def image(self, name: str, platform: str) -> LLBOp:
        """The operation of an image. Raises: NotModelledError."""
        options = dict(self.record.request.options)
        full = full_reference(name)
        for each in named_contexts(self.record):
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

    def named_context(self, _name: str) -> tuple[LLBOp, ...]:
        """None: what one brings in is known of a recorded definition alone."""
        return ()

    def recorded(self, _instruction: Instruction, _place: Placement) -> None:
        """Nothing: the model makes every line."""

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


def named_contexts(record: BuildRecord) -> Iterator[str]:
    """Names under which a build was given further contexts."""
    for name, _ in record.request.options:
        if name.startswith(_NAMED_CONTEXT):
            yield name.removeprefix(_NAMED_CONTEXT).partition("::")[0]
