"""Finds the instruction, and the platforms, that each vertex belongs to."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from types import MappingProxyType

from layerfork.dockerfile import keyword_of
from layerfork.record.build import is_part_of, platforms_of
from layerfork.record.llb import LLBOp
from layerfork.wire.buildkit import ops_pb2 as ops
from layerfork.wire.buildkit.observed import VertexState
from layerfork.wire.buildkit.stages import Stages
from layerfork.wire.buildkit.vertices import StepLabel, read_label

# Which platforms of a build each of its vertices belongs to.
#
# A build for several platforms has a definition for each, and what they have in common is one vertex, built
# once. Its name shows one of the platforms, whichever definition was loaded first; so names do not tell.
# Source: moby/buildkit frontend/dockerui/build.go:Build, frontend/dockerfile/dockerfile2llb/convert.go
# (prefixCommand, formatTargetPlatform) @ v0.13.2 to v0.32.2.

_ARROW = "->"


def branches_of(
    definitions: Mapping[str, ops.Definition], renamed: Mapping[str, str] = MappingProxyType({})
) -> dict[str, str]:
    """Vertex digest to its platforms, sorted and joined by commas; ``""`` for what all of them have.

    ``renamed`` is as for `read_definition`.
    """
    found: dict[str, list[str]] = {}
    for platform in sorted(definitions):
        for digest in {"sha256:" + sha256(raw).hexdigest() for raw in definitions[platform].ops}:
            found.setdefault(digest, []).append(platform)
    everywhere = len(definitions)
    return {
        renamed.get(digest, digest): "" if len(own) == everywhere else ",".join(own)
        for digest, own in found.items()
    }


def named_branch(named: str) -> str:
    """The platform that is built for, of what stands before a vertex's name: ``linux/amd64->arm64`` is
    ``linux/arm64``, built on another platform. Of a vertex that no definition shows."""
    base, arrow, target = named.partition(_ARROW)
    if not arrow:
        return base
    system = base.partition("/")[0]
    return target if target.count("/") and not _is_variant(target) else f"{system}/{target}"


def _is_variant(target: str) -> bool:
    """Whether ``arm/v7`` is an architecture with its variant, and no system with its architecture."""
    last = target.rpartition("/")[2]
    return target.count("/") == 1 and last.startswith("v") and last[1:].isdigit()


# A step's name counts the instructions of its stage (``[build 2/6]``); the source map gives lines. Neither is
# enough alone: one vertex may stand for equal instructions of several stages and then bears the name of one
# of them, ONBUILD triggers have the line of their FROM (or, up to BuildKit 0.13, a line of the trigger), and
# an ADD from a URL reads from a source that has no line. Source: moby/buildkit
# frontend/dockerfile/dockerfile2llb/convert.go (prefixCommand, dispatchOnBuildTriggers), convert_copy.go @
# 73ed6825c; seen so with v0.13.2 and v0.25.2.

_NO_LINE = 1 << 40
"""Steps without a line come last, in order of stage and number."""
LINK = "LINK "
"""How the second vertex of a ``COPY --link`` is named."""


def is_from(instruction: str) -> bool:
    return keyword_of(instruction) == "FROM"


@dataclass(slots=True, kw_only=True)
class PlacedStep:
    """One instruction in one stage, for those platforms that have it in common."""

    instruction: str
    stage: int
    stage_name: str
    platform: str
    line: int
    number: int
    """Its place in the stage, from 1; 0 when no vertex says so."""
    vertices: list[VertexState] = field(default_factory=list)
    own: list[VertexState] = field(default_factory=list)
    """Those that do the instruction's work: not the sources it reads from."""

    def begin_with(self, step: "PlacedStep") -> None:
        """Vertices of the same instruction that this step has in common with others."""
        self.vertices[:0] = step.vertices
        self.own[:0] = step.own
        if self.instruction.startswith(LINK):
            self.instruction = step.instruction

    def take(self, state: VertexState, op: LLBOp | None) -> None:
        self.vertices.append(state)
        if op is None or op.kind != "source" or is_from(self.instruction):
            self.own.append(state)


_Item = tuple[VertexState, LLBOp | None, StepLabel]


class Placing:
    """Collects vertices, then groups them into steps."""

    def __init__(self, stages: Stages, branches: Mapping[str, str]) -> None:
        self._stages = stages
        self._branches = branches
        self._placed: list[_Item] = []
        self._lineless: list[_Item] = []
        self._nameless: list[tuple[str, VertexState, LLBOp]] = []
        self._steps: dict[tuple[int, str, int, int], PlacedStep] = {}
        self._by_number: dict[tuple[int, str, int], PlacedStep] = {}
        """The first step by stage, platform and number."""
        self._by_place: dict[tuple[int, str, int], PlacedStep] = {}
        """The first step by stage, platform and line."""
        self._on_line: dict[int, list[PlacedStep]] = {}

    def add(self, name: str, state: VertexState, op: LLBOp | None) -> None:
        """A vertex that is no internal one, in the order of the definition."""
        label = read_label(name)
        if label is None:
            if op is not None and op.lines:
                self._nameless.append((name, state, op))
            return
        label = replace(label, platform=self._branch(state, label))
        if op is not None and op.lines:
            self._placed.append((state, op, label))
        else:
            self._lineless.append((state, op, label))

    def _branch(self, state: VertexState, label: StepLabel) -> str:
        found = self._branches.get(state.digest)
        return found if found is not None else named_branch(label.platform)

    def steps(self) -> Iterable[PlacedStep]:
        """In Dockerfile order. Call it once, when everything was added."""
        shared: list[tuple[_Item, int]] = []
        for item in self._placed:
            state, op, label = item
            assert op is not None
            stage = self._stage(label, op.lines[0])
            line = self._line(label, stage, op.lines)
            self._at(line, stage, label).take(state, op)
            if line in op.lines:
                shared += [(item, other) for other in op.lines if other != line]
        for state, op, label in self._lineless:
            self._counted(label).take(state, op)
        for item, line in shared:
            self._share(item, line)
        for name, state, op in self._nameless:
            for line in op.lines:
                self._name(name, state, op, line)
        return sorted(self._undivided(), key=place_of)

    def _undivided(self) -> Iterator[PlacedStep]:
        """The steps; where platforms have only some vertices of an instruction in common (the copy of a
        ``COPY --link``, what an ADD fetches), each of them has all."""
        groups: dict[tuple[int, int, int], list[PlacedStep]] = {}
        for step in self._steps.values():
            groups.setdefault((step.stage, step.line, step.number), []).append(step)
        everywhere = frozenset().union(*map(platforms_of, self._branches.values()))
        for group in groups.values():
            for step in group:
                own = platforms_of(step.platform) or everywhere
                narrower = [other for other in group if other.platform and platforms_of(other.platform) < own]
                if not narrower or frozenset().union(*(platforms_of(n.platform) for n in narrower)) != own:
                    yield step
                    continue
                for other in narrower:
                    other.begin_with(step)

    def _stage(self, label: StepLabel, line: int) -> int:
        named = self._stages.named(label.stage, line)
        return named if named is not None else self._stages.at_line(line) or 0

    def _line(self, label: StepLabel, stage: int, lines: tuple[int, ...]) -> int:
        """The line, of a vertex's lines, that its name belongs to; 0 when unknown."""
        if not self._stages.have_lines and len(lines) > 1:
            return 0
        own = [line for line in lines if self._stages.at_line(line) in (stage, None)]
        if not own:
            return self._stages.stages[stage].line
        counted = self._stages.line_of(stage, label.number)
        return counted if counted in own else own[0]

    def _at(self, line: int, stage: int, label: StepLabel) -> PlacedStep:
        key = (stage, label.platform, line, label.number)
        step = self._steps.get(key)
        if step is None:
            step = self._steps[key] = PlacedStep(
                instruction=label.instruction,
                stage=stage,
                stage_name=label.stage,
                platform=label.platform,
                line=line,
                number=label.number,
            )
            self._by_number.setdefault((stage, label.platform, label.number), step)
            self._by_place.setdefault((stage, label.platform, line), step)
            self._on_line.setdefault(line, []).append(step)
        return _named_by(step, label)

    def _counted(self, label: StepLabel) -> PlacedStep:
        """The step that a vertex without a line names by its number."""
        stage = self._stage(label, 0)
        step = self._by_number.get((stage, label.platform, label.number))
        if step is not None:
            return _named_by(step, label)
        return self._at(self._stages.line_of(stage, label.number), stage, label)

    def _share(self, item: _Item, line: int) -> None:
        """A vertex also stands for an equal instruction elsewhere, which may have vertices of its own."""
        state, op, label = item
        stage = self._stages.at_line(line)
        if stage is None:
            return
        step = self._by_place.get((stage, label.platform, line))
        if step is not None:
            step.take(state, op)
            return
        name = self._stages.stages[stage].name
        elsewhere = StepLabel(
            platform=label.platform, stage=name, number=0, total=0, instruction=label.instruction
        )
        self._at(line, stage, elsewhere).take(state, op)

    def _name(self, name: str, state: VertexState, op: LLBOp, line: int) -> None:
        """A vertex without a step's name: an image that COPY --from reads, and maybe a FROM too."""
        starts = self._stages.starting_at(line)
        if starts is not None and is_from(name) and op.kind == "source":
            label = StepLabel(
                platform=self._branches.get(state.digest, ""),
                stage=self._stages.stages[starts].name,
                number=1,
                total=0,
                instruction=name,
            )
            self._at(line, starts, label).take(state, op)
            return
        branch = self._branches.get(state.digest, "")
        for step in self._on_line.get(line, ()):
            if is_part_of(step.platform, branch):
                step.take(state, op)


def _named_by(step: PlacedStep, label: StepLabel) -> PlacedStep:
    """The step with the instruction's own text, whichever of its vertices came first."""
    if step.instruction.startswith(LINK):
        step.instruction = label.instruction
    return step


def place_of(step: PlacedStep) -> tuple[int, str, int, int, int]:
    """Sorts steps as their lines stand in the Dockerfile, for each branch; one that others have in common
    comes before these, as they build on it."""
    platforms = step.platform.split(",") if step.platform else []
    common = -len(platforms) if platforms else -_NO_LINE
    return (common, step.platform, step.line or _NO_LINE, step.stage, step.number)
