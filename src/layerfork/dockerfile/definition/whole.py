"""The whole definition that BuildKit's frontend makes of a Dockerfile, for one platform."""

import json
import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from hashlib import sha256
from typing import Protocol

from layerfork.dockerfile.definition.evaluate import Evaluated
from layerfork.dockerfile.definition.operations import (
    MAIN_CONTEXT,
    InputList,
    Placement,
    copies,
    file_operation,
    named,
    owner_in,
    runs,
)
from layerfork.dockerfile.definition.stage import NotModelledError
from layerfork.dockerfile.instruction import Dockerfile, Instruction, Stage
from layerfork.record.context import Digest
from layerfork.record.llb import FileAction, LLBOp, SourceOp
from layerfork.releases import FrontendRules

Vertices = tuple[Digest, ...]
UNCONFIGURED = "the configuration of the base image was not recorded"
_DIRECTORY_MODE = 0o755
_FLAGS = {
    "RUN": frozenset({"mount", "network", "security"}),
    "COPY": frozenset({"from", "chown", "chmod", "link", "parents", "exclude"}),
    "ADD": frozenset({"chown", "chmod", "link", "exclude", "checksum", "keep-git-dir", "unpack"}),
    "WORKDIR": frozenset[str](),
}
"""Options that are modelled, of the instructions that need operations."""
_NEEDS_CONFIGURATION = frozenset({"RUN", "WORKDIR"})


def make_operations(evaluated: Evaluated, place: Placement) -> Digest | None:
    """What a stage is after an instruction; operations go to `Placement.put`. Raises: NotModelledError."""
    keyword = evaluated.instruction.keyword
    if keyword not in _FLAGS:
        return place.built_on
    unknown = sorted({name for name, _ in evaluated.instruction.flags} - _FLAGS[keyword])
    if unknown:
        raise NotModelledError(f"--{unknown[0]} of {keyword}")
    if evaluated.problem or evaluated.unread:
        raise NotModelledError(evaluated.problem or evaluated.unread)
    if evaluated.assumed:
        names = ", ".join(sorted(evaluated.assumed))
        raise NotModelledError(f"whether the base image sets {names} was not recorded")
    if keyword in _NEEDS_CONFIGURATION and not evaluated.is_configured:
        raise NotModelledError(UNCONFIGURED)
    if keyword == "RUN":
        return runs(evaluated, place)
    return copies(evaluated, place) if keyword in ("COPY", "ADD") else _workdir(evaluated, place)


def _workdir(evaluated: Evaluated, place: Placement) -> Digest | None:
    """One directory; nothing at the root.

    Source: moby/buildkit frontend/dockerfile/dockerfile2llb/convert.go:dispatchWorkdir @ v0.11.6 to v0.32.2.
    """
    result = place.built_on
    for fields in evaluated.actions:
        inputs = InputList()
        base = inputs.index(result)
        made = FileAction(
            kind="mkdir",
            input=base,
            output=0,
            mode=_DIRECTORY_MODE,
            make_parents=True,
            **{**fields, "owner": owner_in(str(fields["owner"]), base)},  # type: ignore[arg-type]
        )
        result = place.put(file_operation((made,), inputs))
    return result


# The sources that BuildKit's frontend reads: images and the context of the build.
#
# Source: moby/buildkit frontend/dockerui/{config,context}.go, client/llb/source.go and
# frontend/dockerfile/dockerfile2llb/convert.go:{normalizeContextPaths,filterPaths} @ v0.11.6 to v0.32.2.

_URL = ("http://", "https://")
_LOCAL = "local://"
_FETCHED = "context"
"""The name under which a context is stored that is fetched as an archive."""


def image_source(identifier: str, platform: str, resolve_mode: str) -> LLBOp:
    """The operation of an image; ``identifier`` with ``docker-image://`` and what the engine pinned it to."""
    attrs = (("image.resolvemode", resolve_mode),) if resolve_mode else ()
    source = SourceOp(identifier=identifier, attrs=attrs)
    return named(LLBOp(digest=Digest(""), kind="source", source=source, platform=platform))


def directory_source(name: str, session: str, excludes: Iterable[str], paths: tuple[str, ...]) -> LLBOp:
    """The operation of a context that the client sends file by file. ``paths``: all that is read of it,
    nothing for everything."""
    lists = {"local.excludepatterns": tuple(excludes), "local.followpaths": paths}
    attrs = {key: _go_json(value) for key, value in lists.items() if value}
    attrs |= {"local.session": session, "local.sharedkeyhint": name}
    source = SourceOp(identifier=_LOCAL + name, attrs=tuple(sorted(attrs.items())))
    return named(LLBOp(digest=Digest(""), kind="source", source=source))


def archive_source(url: str) -> tuple[LLBOp, LLBOp]:
    """The operations of a context that is fetched as an archive, and unpacked."""
    source = SourceOp(identifier=url, attrs=(("http.filename", _FETCHED),))
    fetched = named(LLBOp(digest=Digest(""), kind="source", source=source))
    inputs = InputList()
    unpacked = FileAction(
        kind="copy",
        secondary_input=inputs.index(fetched.digest),
        output=0,
        src=f"/{_FETCHED}",
        dest="/",
        attempt_unpack=True,
    )
    return fetched, file_operation((unpacked,), inputs)


def paths_read(lines: Iterable[Evaluated]) -> tuple[str, ...]:
    """What instructions read of the context, sorted; nothing when one reads everything."""
    paths = {posixpath.normpath(posixpath.join("/", path)) for each in lines for path in _read_by(each)}
    if "/" in paths:
        return ()
    return tuple(sorted((path.removeprefix("/") for path in paths), key=str.encode))


def _read_by(evaluated: Evaluated) -> Iterator[str]:
    keyword = evaluated.instruction.keyword
    if keyword in ("COPY", "ADD") and not evaluated.origin:
        yield from (word for word in evaluated.sources if keyword == "COPY" or not word.startswith(_URL))
    for mount in evaluated.mounts:
        if not mount.origin and mount.type in ("bind", "tmpfs"):
            yield mount.source


def _go_json(texts: tuple[str, ...]) -> str:
    """JSON as Go's encoder writes it: no blanks, HTML characters escaped."""
    text = json.dumps(texts, separators=(",", ":"), ensure_ascii=False)
    for char, escape in (("<", r"\u003c"), (">", r"\u003e"), ("&", r"\u0026")):
        text = text.replace(char, escape)
    return text


UNMODELLED = "unmodelled"
"""The kind of an operation that stands for what is not modelled."""
SCRATCH = "scratch"
_PLATFORM = re.compile(r"linux/(?:amd64|386|arm64|arm/v[67]|ppc64le|s390x|riscv64)")
_WITH_OPERATIONS = frozenset({"FROM", *_FLAGS})


class Outside(Protocol):
    """What no Dockerfile decides: the model asks for it."""

    @property
    def problem(self) -> str:
        """Why nothing is modelled of the frontend that reads the Dockerfile; empty when it is modelled."""

    def image(self, name: str, platform: str) -> LLBOp:
        """The operation of an image, by its name as written and its platform. Raises: NotModelledError."""

    def context(self, paths: tuple[str, ...]) -> tuple[LLBOp, ...]:
        """The operations of the main context, its own last, by the paths that are read of it.

        Raises: NotModelledError.
        """

    def named_context(self, name: str) -> tuple[LLBOp, ...]:
        """The operations of the named context, its own last; none where there is none of that name."""

    def recorded(self, instruction: Instruction, place: Placement) -> Sequence[Vertices] | None:
        """What a recorded build shows of an instruction: the operations of each of its steps.

        A recorded build knows better than the model, so it is asked first. None where none shows the
        instruction. Raises: NotModelledError when the model must not be asked either.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeStep:
    """The operations of one instruction for one platform, or of one that its FROM triggers."""

    line: int
    """First line of the instruction, or of that FROM."""
    text: str
    vertices: Vertices
    """The operations that do its work, the last one last."""
    unmodelled: str = ""
    """Why its operation only stands for what is not modelled; empty when it is modelled."""


@dataclass(slots=True, kw_only=True)
class Operations:
    """All operations of a build, for every platform; equal ones are one, as for BuildKit."""

    ops: dict[Digest, LLBOp] = field(default_factory=dict)
    """Inputs first."""
    by_value: dict[object, Digest] = field(default_factory=dict)

    def put(self, op: LLBOp) -> Digest:
        """The operation, or the one that does the same already."""
        digest = self.by_value.get(_value(op), op.digest)
        if digest not in self.ops:
            self.keep(op)
        return digest

    def keep(self, op: LLBOp) -> None:
        """A recorded operation, under its own digest."""
        self.ops.setdefault(op.digest, op)
        self.by_value.setdefault(_value(op), op.digest)


def _value(op: LLBOp) -> tuple[object, ...]:
    """What an operation does, and to what."""
    return op.kind, op.inputs, op.exec, op.file, op.source, op.platform


@dataclass(slots=True, kw_only=True)
class Definer:
    """Makes the definition of a Dockerfile for one platform: the one way through its stages.

    Each instruction's operations are those that a recorded build shows (`Outside.recorded`), else those
    that the model makes. A stand-in takes the place of what is not modelled.
    """

    dockerfile: Dockerfile
    evaluated: Mapping[int, Evaluated]
    """Its instructions by first line."""
    rules: FrontendRules
    outside: Outside
    target_platform: str
    needed: frozenset[int]
    """Stages that are built."""
    refused: str = ""
    """Why the frontend refuses the whole Dockerfile: then nothing is modelled."""
    operations: Operations = field(default_factory=Operations)
    steps: list[MadeStep] = field(default_factory=list)
    """In the order of the file."""
    _ended: dict[int, Digest | None] = field(default_factory=dict)
    """What stages are at their end."""

    def run(self) -> None:
        """Go through all stages that are built."""
        for stage in self._stages():
            self._stage(stage)

    @property
    def unmodelled(self) -> dict[int, str]:
        """Why operations only stand for what is not modelled, by line."""
        return {step.line: step.unmodelled for step in self.steps if step.unmodelled}

    def _stages(self) -> Iterator[Stage]:
        return (stage for stage in self.dockerfile.stages if stage.index in self.needed)

    def _stage(self, stage: Stage) -> None:
        own = self.evaluated[stage.origin.first_line]
        end = self._instruction(stage.origin, (own, *own.triggers), self._base_end(stage))
        for instruction in stage.instructions:
            if instruction.keyword in _WITH_OPERATIONS:
                end = self._instruction(instruction, (self.evaluated[instruction.first_line],), end)
        self._ended[stage.index] = end

    def _base_end(self, stage: Stage) -> Digest | None:
        """What a stage begins with where that is an earlier one."""
        base = self._earlier(self.evaluated[stage.origin.first_line].base, stage.index)
        return self._ended.get(base.index) if base is not None else None

    def _instruction(
        self, instruction: Instruction, evaluated: Sequence[Evaluated], end: Digest | None
    ) -> Digest | None:
        """What its stage is after an instruction and those that it triggers."""
        if self.refused:
            return self._give_up(evaluated[0], instruction, end, NotModelledError(self.refused))
        place = self._place(evaluated[0], end)
        try:
            shown = self.outside.recorded(instruction, place)
        except NotModelledError as error:
            return self._give_up(evaluated[0], instruction, end, error)
        if shown is None:
            for each in evaluated:
                end = self._model(each, instruction, end)
            return end
        for vertices in shown:
            self.steps.append(MadeStep(line=instruction.first_line, text=instruction.text, vertices=vertices))
            end = vertices[-1] if vertices else end
        return end

    def _model(self, evaluated: Evaluated, written: Instruction, end: Digest | None) -> Digest | None:
        """What a stage is after an instruction that no build shows. ``written`` is its FROM if that triggers
        it, else the instruction itself."""
        own: dict[Digest, None] = {}

        def put(op: LLBOp) -> Digest:
            digest = self.operations.put(op)
            own.pop(digest, None)
            own[digest] = None
            return digest

        try:
            end = self._make(evaluated, replace(self._place(evaluated, end), put=put))
        except NotModelledError as error:
            return self._give_up(evaluated, written, end, error)
        vertices = tuple(digest for digest in own if _does_work(self.operations.ops[digest]))
        if vertices:
            text = evaluated.instruction.text
            self.steps.append(MadeStep(line=written.first_line, text=text, vertices=vertices))
        return end

    def _make(self, evaluated: Evaluated, place: Placement) -> Digest | None:
        """Raises: NotModelledError."""
        if self.outside.problem:
            raise NotModelledError(self.outside.problem)
        if evaluated.instruction.keyword == "FROM":
            return self._begin(evaluated, place)
        if not place.platform:
            raise NotModelledError(f"platform {evaluated.platform or 'of the builder, which is not known'}")
        return make_operations(evaluated, place)

    def _begin(self, evaluated: Evaluated, place: Placement) -> Digest | None:
        """What a stage begins with."""
        earlier = self.dockerfile.find_base(evaluated.base, before=evaluated.stage)
        if earlier is not None:
            return self._end_of(earlier)
        if not place.platform:
            raise NotModelledError(f"platform {evaluated.platform}")
        if evaluated.base != SCRATCH:
            return place.put(self.outside.image(evaluated.base, place.platform))
        if place.platform != known_platform(self.target_platform):
            raise NotModelledError("a stage from nothing for another platform than the target's")
        return None

    def _place(self, evaluated: Evaluated, end: Digest | None) -> Placement:
        return Placement(
            built_on=end,
            platform=known_platform(evaluated.platform),
            rules=self.rules,
            find=partial(self._find, evaluated.stage),
            put=self.operations.put,
        )

    def _find(self, stage: int, name: str) -> Digest | None:
        """What an instruction of a stage reads under a name."""
        if name == MAIN_CONTEXT:
            return self._read(self.outside.context(self._paths()))
        earlier = self._earlier(name, stage)
        if earlier is not None:
            return self._end_of(earlier)
        if name == SCRATCH:
            return None
        platform = known_platform(self.target_platform)
        return self._read(self.outside.named_context(name) or (self.outside.image(name, platform),))

    def _earlier(self, name: str, stage: int) -> Stage | None:
        return self.dockerfile.find_stage(name, before=stage)

    def _end_of(self, stage: Stage) -> Digest | None:
        if stage.index not in self._ended:
            raise NotModelledError("what it builds on is not known")
        return self._ended[stage.index]

    def _read(self, ops: Sequence[LLBOp]) -> Digest:
        return [self.operations.put(op) for op in ops][-1]

    def _paths(self) -> tuple[str, ...]:
        return paths_read(line for stage in self._stages() for line in lines_of(self.evaluated, stage))

    def _give_up(
        self, evaluated: Evaluated, written: Instruction, end: Digest | None, error: NotModelledError
    ) -> Digest:
        """A stand-in in the place of an instruction's operations."""
        digest = self.operations.put(stand_in(written, end))
        self.steps.append(
            MadeStep(
                line=written.first_line,
                text=evaluated.instruction.text,
                vertices=(digest,),
                unmodelled=str(error),
            )
        )
        return digest


def stages_behind(dockerfile: Dockerfile, evaluated: Mapping[int, Evaluated], stage: Stage) -> Iterator[int]:
    """A stage with all that it builds on or reads, variables replaced, by index."""
    waiting, seen = [stage], {stage.index}
    while waiting:
        stage = waiting.pop()
        yield stage.index
        lines = lines_of(evaluated, stage)
        origins = [name for each in lines for name in (each.origin, *(mount.origin for mount in each.mounts))]
        base = dockerfile.find_base(evaluated[stage.origin.first_line].base, before=stage.index)
        read = (dockerfile.find_stage(name, before=stage.index) for name in dict.fromkeys(origins) if name)
        for earlier in (base, *read):
            if earlier is not None and earlier.index not in seen:
                seen.add(earlier.index)
                waiting.append(earlier)


def lines_of(evaluated: Mapping[int, Evaluated], stage: Stage) -> list[Evaluated]:
    """All that a stage runs, evaluated, triggers first."""
    own = (evaluated[each.first_line] for each in stage.instructions)
    return [*evaluated[stage.origin.first_line].triggers, *own]


def stand_in(instruction: Instruction, built_on: Digest | None) -> LLBOp:
    """An operation in the place of those that are not modelled."""
    inputs = InputList()
    inputs.index(built_on)
    text = repr((UNMODELLED, instruction.first_line, instruction.text, inputs.listed()))
    digest = Digest("sha256:" + sha256(text.encode("utf-8", "surrogatepass")).hexdigest())
    return LLBOp(digest=digest, kind=UNMODELLED, inputs=inputs.listed())


def known_platform(platform: str) -> str:
    """A platform as operations hold it; empty where that is not modelled."""
    return platform if _PLATFORM.fullmatch(platform) else ""


def _does_work(op: LLBOp) -> bool:
    """Whether an operation is shown as the instruction's, not as one inside of the frontend: a here-document,
    the directory of a cache.

    Source: moby/buildkit frontend/dockerfile/dockerfile2llb/convert*.go, custom names @ v0.13.1 and v0.25.0.
    """
    return op.file is None or any(action.kind == "copy" or action.make_parents for action in op.file)
