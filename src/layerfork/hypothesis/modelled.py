"""Operations as our own model of the frontend makes them, from what a record says."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from layerfork.dockerfile import Dockerfile, Instruction
from layerfork.dockerfile.definition import Evaluated
from layerfork.dockerfile.definition.operations import Placement
from layerfork.dockerfile.definition.stage import NotModelledError
from layerfork.dockerfile.definition.whole import (
    SCRATCH,
    Made,
    Outside,
    archive_source,
    define,
    directory_source,
    image_source,
    known_platform,
    make_operations,
    stand_in,
)
from layerfork.hypothesis.graph import Ends, Graph
from layerfork.hypothesis.inputs import inputs_of, rules_of
from layerfork.hypothesis.unappliable import UnappliableError
from layerfork.keys.baseimage import find_facts, full_reference, has_no_layers
from layerfork.keys.buildkit.sources import SourceParts
from layerfork.record.context import MAIN_CONTEXT, Digest, Transport
from layerfork.record.llb import LLBOp, SourceOp
from layerfork.record.record import BuildRecord
from layerfork.releases import OLDEST_FRONTEND, buildkit_release

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
    if release is None or release < OLDEST_FRONTEND:
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


# Lines that no recorded build shows: our own model makes their operations, where it is sure.

_DOING = ("kind", "inputs", "exec", "file", "source", "platform")
"""The fields of an operation that say what it does, and to what."""


@dataclass(slots=True, kw_only=True)
class MadeLine:
    """What the frontend makes of one line, for one platform."""

    vertices: tuple[Digest, ...] = ()
    """The operations that do its work, the last one last; none where it needs none."""
    ops: dict[Digest, LLBOp] = field(default_factory=dict)
    """With those that they read and that no build shows, inputs first."""
    reason: str = ""
    """Why the operation only stands for what is not modelled; empty when it is modelled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LineModel:
    """Makes the operations of lines of a hypothetical Dockerfile."""

    record: BuildRecord
    """The hypothetical build, with the recorded definition."""
    dockerfile: Dockerfile
    """The hypothetical one."""
    own: Graph
    """What was recorded."""
    results: Ends
    """How far the hypothetical stages are."""
    ops: Mapping[Digest, LLBOp]
    """All operations of the hypothetical build so far."""

    def make(self, instruction: Instruction, evaluated: Mapping[int, Evaluated], branch: str) -> MadeLine:
        """The operations of an instruction, or one that stands for them."""
        return self.make_one(instruction, evaluated[instruction.first_line], evaluated, branch)

    def make_one(
        self, instruction: Instruction, one: Evaluated, evaluated: Mapping[int, Evaluated], branch: str
    ) -> MadeLine:
        """The same for an instruction by itself, or one that its FROM triggers."""
        line = _Line(model=self, evaluated=evaluated, branch=branch, stage=instruction.stage)
        try:
            line.make(one)
        except NotModelledError as error:
            return self.give_up(instruction, branch, str(error))
        return line.made

    def give_up(self, instruction: Instruction, branch: str, reason: str) -> MadeLine:
        """One operation that stands for those of an instruction."""
        built_on = self.results.of(instruction.stage, branch)
        op = stand_in(instruction, None if instruction.keyword == "FROM" else built_on)
        return MadeLine(vertices=(op.digest,), ops={op.digest: op}, reason=reason)


@dataclass(slots=True, kw_only=True)
class _Line:
    """One line while its operations are made."""

    model: LineModel
    evaluated: Mapping[int, Evaluated]
    branch: str
    stage: int
    made: MadeLine = field(default_factory=MadeLine)

    def make(self, evaluated: Evaluated) -> None:
        """Raises: NotModelledError."""
        check_frontend(self.model.record)
        if evaluated.instruction.keyword == "FROM":
            self._from(evaluated)
            return
        place = Placement(
            built_on=self._result_of(self.stage),
            platform=known_platform(evaluated.platform),
            rules=rules_of(self.model.record),
            find=self._find,
            put=self._put,
        )
        if not place.platform:
            raise NotModelledError(f"platform {evaluated.platform or 'of the builder, which is not known'}")
        make_operations(evaluated, place)
        self.made.vertices = tuple(each for each in self.made.vertices if _does_work(self.made.ops[each]))

    def _from(self, evaluated: Evaluated) -> None:
        """Of another stage nothing is made, nor of an empty image."""
        if self.model.dockerfile.find_stage(evaluated.base, before=self.stage) is not None:
            return
        platform = known_platform(evaluated.platform)
        if not platform:
            raise NotModelledError(f"platform {evaluated.platform}")
        if evaluated.base != SCRATCH:
            self._put(self._image(evaluated.base, platform))

    def _put(self, op: LLBOp) -> Digest:
        """Equal operations are one, as for BuildKit."""
        equal = (each for each in self.model.ops.values() if _does_the_same(each, op))
        op = next(equal, op)
        self.made.ops.setdefault(op.digest, op)
        self.made.vertices = (*(each for each in self.made.vertices if each != op.digest), op.digest)
        return op.digest

    def _find(self, name: str) -> Digest | None:
        """What is read from elsewhere. Raises: NotModelledError."""
        if not name:
            return self._context()
        earlier = self.model.dockerfile.find_stage(name, before=self.stage)
        if earlier is not None:
            return self._result_of(earlier.index)
        if name == SCRATCH:
            return None
        if any(each.name == name for each in self.model.record.named_contexts):
            return self._recorded_context(name)
        image = self._image(name, known_platform(self._target_platform()))
        self.made.ops.setdefault(image.digest, image)
        return image.digest

    def _target_platform(self) -> str:
        """That of the last stage which names none."""
        plain = (stage for stage in reversed(self.model.dockerfile.stages) if not stage.platform)
        return next((self.evaluated[stage.origin.first_line].platform for stage in plain), "")

    def _context(self) -> Digest:
        try:
            return self._recorded_context(MAIN_CONTEXT)
        except NotModelledError:
            for op in Surroundings(self.model.record).context(()):
                self.made.ops.setdefault(op.digest, op)
                digest = op.digest
            return digest

    def _recorded_context(self, name: str) -> Digest:
        try:
            digest = self.model.own.context_named(name)
            self.made.ops |= {op.digest: op for op in self.model.own.with_inputs(digest)}
        except UnappliableError as error:
            raise NotModelledError(str(error)) from error
        return digest

    def _image(self, name: str, platform: str) -> LLBOp:
        """The operation of an image: the recorded one where there is one."""
        made = Surroundings(self.model.record).image(name, platform)
        recorded = (op for op in self.model.own.ops.values() if op.source is not None)
        same = (op for op in recorded if (op.source, op.platform) == (made.source, made.platform))
        return next(same, made)

    def _result_of(self, stage: int) -> Digest | None:
        """What a stage is so far; None for nothing. Raises: NotModelledError."""
        found = self.model.results.of(stage, self.branch)
        if found is None and not self._begins_with_nothing(stage):
            raise NotModelledError("what it builds on is not known")
        return found

    def _begins_with_nothing(self, stage: int) -> bool:
        while True:
            base = self.evaluated[self.model.dockerfile.stages[stage].origin.first_line].base
            earlier = self.model.dockerfile.find_stage(base, before=stage)
            if earlier is None:
                return base == SCRATCH
            stage = earlier.index


def _does_the_same(one: LLBOp, other: LLBOp) -> bool:
    return all(getattr(one, name) == getattr(other, name) for name in _DOING)


def _does_work(op: LLBOp) -> bool:
    """Whether an operation is shown as the instruction's, not as one inside of the frontend: a here-document,
    the directory of a cache.

    Source: moby/buildkit frontend/dockerfile/dockerfile2llb/convert*.go, custom names @ v0.13.1 and v0.25.0.
    """
    return op.file is None or any(action.kind == "copy" or action.make_parents for action in op.file)


def together(by_branch: Mapping[str, MadeLine]) -> dict[str, MadeLine]:
    """What platforms have in common once, under all of their names; under none where all of them have it."""
    shared: dict[tuple[Digest, ...], list[str]] = {}
    for branch, made in by_branch.items():
        shared.setdefault(made.vertices, []).append(branch)
    names = {
        branches[0]: "" if len(branches) == len(by_branch) else ",".join(branches)
        for branches in shared.values()
    }
    return {name: replace(by_branch[branch]) for branch, name in names.items()}
