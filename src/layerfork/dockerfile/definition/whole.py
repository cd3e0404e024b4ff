"""The whole definition that BuildKit's frontend makes of a Dockerfile, for one platform."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256

from layerfork.dockerfile.definition.evaluate import Evaluated, Inputs, evaluate
from layerfork.dockerfile.definition.making import UNCONFIGURED, make_operations
from layerfork.dockerfile.definition.operation import InputList, Place
from layerfork.dockerfile.definition.sources import paths_read
from layerfork.dockerfile.definition.unsure import NotModelledError
from layerfork.dockerfile.instruction import Dockerfile, Instruction, Stage
from layerfork.record.context import Digest
from layerfork.record.llb import LLBOp

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
    """What becomes of all that a stage runs, triggers first."""
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
        place = Place(
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
