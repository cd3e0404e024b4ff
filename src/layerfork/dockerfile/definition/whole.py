"""The whole definition that BuildKit's frontend makes of a Dockerfile, for one platform."""

import json
import posixpath
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256

from layerfork.dockerfile.definition.evaluate import Evaluated, Inputs, evaluate
from layerfork.dockerfile.definition.operations import (
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

UNCONFIGURED = "the configuration of the base image was not recorded"
_DIRECTORY_MODE = 0o755
_FLAGS = {
    "RUN": frozenset({"mount", "network", "security"}),
    "COPY": frozenset({"from", "chown", "chmod", "link", "parents", "exclude"}),
    "ADD": frozenset({"chown", "chmod", "link", "exclude", "checksum", "unpack"}),
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """What the frontend asks others for."""

    image: Callable[[str, str], LLBOp]
    """The operation of an image, by its name as written and its platform. Raises: NotModelledError."""
    context: Callable[[tuple[str, ...]], tuple[LLBOp, ...]]
    """The operations of the main context, its own last, by the paths that are read of it.
    Raises: NotModelledError."""


@dataclass(slots=True, kw_only=True)
class Made:
    """A definition as far as it is modelled."""

    ops: dict[Digest, LLBOp] = field(default_factory=dict)
    """Inputs first."""
    lines: dict[Digest, tuple[int, ...]] = field(default_factory=dict)
    """First lines of the instructions that an operation is of."""
    unmodelled: dict[int, str] = field(default_factory=dict)
    """First line of an instruction, and why nothing is said of it."""

    def put(self, line: int, op: LLBOp) -> Digest:
        """One more operation of the instruction at a line."""
        self.ops.setdefault(op.digest, op)
        self.lines[op.digest] = tuple(dict.fromkeys((*self.lines.get(op.digest, ()), line)))
        return op.digest


def define(dockerfile: Dockerfile, inputs: Inputs, outside: Outside, target: str, platform: str) -> Made:
    """The operations of all that a target needs, when it is built for a platform.

    ``target`` is empty for the last stage. Raises: NotModelledError when there is no such stage.
    """
    last = dockerfile.find_stage(target) if target else dockerfile.stages[-1]
    if last is None:
        raise NotModelledError(f"stage {target}")
    evaluated = evaluate(dockerfile, inputs)
    needed = frozenset(stages_behind(dockerfile, evaluated, last))
    walk = _Definer(
        dockerfile=dockerfile,
        inputs=inputs,
        outside=outside,
        evaluated=evaluated,
        needed=tuple(stage for stage in dockerfile.stages if stage.index in needed),
        target_platform=platform,
    )
    for stage in walk.needed:
        walk.stage(stage)
    return walk.made


def stages_behind(dockerfile: Dockerfile, evaluated: Mapping[int, Evaluated], stage: Stage) -> Iterator[int]:
    """A stage with all that it builds on or reads, variables replaced, by index."""
    waiting, seen = [stage], {stage.index}
    while waiting:
        stage = waiting.pop()
        yield stage.index
        lines = lines_of(evaluated, stage)
        origins = [name for each in lines for name in (each.origin, *(mount.origin for mount in each.mounts))]
        for name in dict.fromkeys((evaluated[stage.origin.first_line].base, *filter(None, origins))):
            earlier = dockerfile.find_stage(name, before=stage.index)
            if earlier is not None and earlier.index not in seen:
                seen.add(earlier.index)
                waiting.append(earlier)


def lines_of(evaluated: Mapping[int, Evaluated], stage: Stage) -> list[Evaluated]:
    """All that a stage runs, evaluated, triggers first."""
    own = (evaluated[each.first_line] for each in stage.instructions)
    return [*evaluated[stage.origin.first_line].triggers, *own]


@dataclass(slots=True, kw_only=True)
class _Definer:
    dockerfile: Dockerfile
    inputs: Inputs
    outside: Outside
    evaluated: Mapping[int, Evaluated]
    needed: tuple[Stage, ...]
    target_platform: str
    made: Made = field(default_factory=Made)
    ended: dict[int, Digest | None] = field(default_factory=dict)

    def stage(self, stage: Stage) -> None:
        line = stage.origin.first_line
        evaluated = self.evaluated[line]
        platform = known_platform(evaluated.platform)
        try:
            end = self._begin(stage, evaluated, platform)
        except NotModelledError as error:
            end = self._give_up(stage.origin, None, error)
        reason = evaluated.problem or ("" if evaluated.is_configured else UNCONFIGURED)
        if reason and line not in self.made.unmodelled:
            end = self._give_up(stage.origin, end, NotModelledError(reason))
        for each in evaluated.triggers:
            end = self._line(stage.origin, each, end)
        for instruction in stage.instructions:
            end = self._line(instruction, self.evaluated[instruction.first_line], end)
        self.ended[stage.index] = end

    def _line(self, instruction: Instruction, evaluated: Evaluated, end: Digest | None) -> Digest | None:
        """What its stage is after an instruction, or after one that it triggers."""
        place = Placement(
            built_on=end,
            platform=known_platform(evaluated.platform),
            rules=self.inputs.rules,
            find=partial(self._find, instruction, evaluated.stage),
            put=partial(self.made.put, instruction.first_line),
        )
        try:
            return make_operations(evaluated, place)
        except NotModelledError as error:
            return self._give_up(instruction, end, error)

    def _begin(self, stage: Stage, evaluated: Evaluated, platform: str) -> Digest | None:
        earlier = self.dockerfile.find_stage(evaluated.base, before=stage.index)
        if earlier is not None:
            return self.ended[earlier.index]
        if not platform:
            raise NotModelledError(f"platform {evaluated.platform}")
        if evaluated.base == SCRATCH:
            if platform != known_platform(self.target_platform):
                raise NotModelledError("a stage from nothing for another platform than the target's")
            return None
        return self.made.put(stage.origin.first_line, self.outside.image(evaluated.base, platform))

    def _find(self, instruction: Instruction, stage: int, name: str) -> Digest | None:
        if not name:
            for op in self.outside.context(self._paths()):
                self.made.put(instruction.first_line, op)
                digest = op.digest
            return digest
        earlier = self.dockerfile.find_stage(name, before=stage)
        if earlier is not None:
            return self.ended[earlier.index]
        if name == SCRATCH:
            return None
        image = self.outside.image(name, self.target_platform)
        return self.made.put(instruction.first_line, image)

    def _paths(self) -> tuple[str, ...]:
        return paths_read(line for stage in self.needed for line in lines_of(self.evaluated, stage))

    def _give_up(self, instruction: Instruction, end: Digest | None, error: NotModelledError) -> Digest:
        line = instruction.first_line
        self.made.unmodelled[line] = str(error)
        return self.made.put(line, stand_in(instruction, end))


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
