"""A recorded definition, read as the chains of operations that stages are."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from layerfork.dockerfile import Dockerfile, Instruction, Stage
from layerfork.hypothesis.unappliable import UnappliableError
from layerfork.keys.buildkit.sources import SourceParts
from layerfork.record.build import is_part_of
from layerfork.record.context import Digest
from layerfork.record.llb import LLBOp
from layerfork.record.record import BuildRecord, StepRecord


@dataclass(slots=True, kw_only=True)
class Ends:
    """How far stages are, and in a build for several platforms each of its branches."""

    found: dict[tuple[int, str], Digest] = field(default_factory=dict)
    """The last operation by stage and branch, the branch that is ahead last."""
    bases: dict[tuple[int, str], int] = field(default_factory=dict)
    """The stage that a branch of a stage begins with."""

    def begin(self, stage: int, branch: str, base: Stage | None) -> None:
        """A stage that begins with an earlier one, or with none of them."""
        if base is not None and base.index < stage:
            self.bases[stage, branch] = base.index

    def put(self, stage: int, branch: str, digest: Digest) -> None:
        """An operation of a stage, for the platforms of a branch."""
        self.found.pop((stage, branch), None)
        self.found[stage, branch] = digest

    def of(self, stage: int, branch: str) -> Digest | None:
        """The last operation that a branch of a stage builds on: its own, that of a branch which it has in
        common with others, or the end of the stage that its stage begins with."""
        below: int | None = stage
        found: Digest | None = None
        while found is None and below is not None:
            stage = below
            own = (
                digest
                for (other, of_branch), digest in reversed(self.found.items())
                if other == stage and is_part_of(branch, of_branch)
            )
            found = next(own, None)
            below = self.bases.get((stage, branch))
        return found

    def has(self, stage: int) -> bool:
        """Whether anything of a stage was built."""
        return any(stage == other for other, _ in self.found)

    def stages_at(self, digest: Digest) -> Iterator[int]:
        """Stages whose last operation it is, in any branch."""
        return (stage for (stage, _), end in self.found.items() if end == digest)


@dataclass(slots=True, kw_only=True)
class Graph:
    """The operations of one recorded build and the steps that they belong to."""

    record: BuildRecord
    dockerfile: Dockerfile
    ops: dict[Digest, LLBOp] = field(init=False)
    sources: frozenset[Digest] = field(init=False)
    """Operations that fetch an image, a context or a URL."""
    before: dict[int, Digest] = field(default_factory=dict)
    """What each step builds on in its stage, by step index."""
    ends: Ends = field(default_factory=Ends)
    """The last operation of each stage so far."""
    stage_names: dict[int, str] = field(default_factory=dict)
    branches: tuple[str, ...] = field(init=False)
    """Those of its steps, as `StepRecord.platform` names them, and ``""``."""

    def __post_init__(self) -> None:
        definition = self.record.definition
        self.ops = {op.digest: op for op in (definition.ops if definition is not None else ())}
        self.sources = frozenset(digest for digest, op in self.ops.items() if op.source is not None)
        self.stage_names = {stage.index: stage.name for stage in self.dockerfile.stages}
        self.branches = tuple(dict.fromkeys(("", *(step.platform for step in self.record.steps))))
        for stage in self.dockerfile.stages:
            for branch in self.branches:
                self.ends.begin(stage.index, branch, self.dockerfile.find_base(stage.base))
        for step in self.record.steps:
            self._follow(step)

    @property
    def platforms(self) -> tuple[str, ...]:
        """Those that it was built for, each by itself; ``""`` for the only one."""
        return tuple(each for each in self.branches if each and "," not in each) or ("",)

    def _follow(self, step: StepRecord) -> None:
        chain = self.ends.of(step.stage, step.platform)
        work = self.work_of(step)
        if work:
            if chain is not None:
                self.before[step.index] = chain
            self.ends.put(step.stage, step.platform, work[-1].digest)
            return
        fetched = [digest for digest in step.vertices if digest in self.sources]
        if fetched:
            self.ends.put(step.stage, step.platform, fetched[-1])

    def work_of(self, step: StepRecord) -> tuple[LLBOp, ...]:
        """Operations of a step that fetch nothing, inputs first."""
        own = [self.ops[d] for d in step.vertices if d in self.ops and d not in self.sources]
        digests = {op.digest for op in own}
        return tuple(sorted(own, key=lambda op: sum(each.digest in digests for each in op.inputs)))

    def steps_at(self, instruction: Instruction) -> tuple[StepRecord, ...]:
        """The steps that were made of an instruction: one, or none, or those of a FROM with triggers."""
        return tuple(
            step for step in self.record.steps if instruction.first_line <= step.line <= instruction.last_line
        )

    def stage_ending_with(self, digest: Digest, reader: StepRecord) -> int | None:
        """The earlier stage whose result an operation is."""
        if digest in self.sources:
            return None
        return next((stage for stage in self.ends.stages_at(digest) if stage < reader.stage), None)

    def with_inputs(self, digest: Digest) -> Iterator[LLBOp]:
        """An operation and all that it stands on, inputs first."""
        needed: dict[Digest, LLBOp] = {}
        waiting = [digest]
        while waiting:
            op = self.ops.get(waiting.pop())
            if op is None:
                raise UnappliableError("an operation that a step builds on was not recorded")
            if op.digest not in needed:
                needed[op.digest] = op
                waiting.extend(each.digest for each in op.inputs)
        return (op for op in self.ops.values() if op.digest in needed)

    def context_name(self, digest: Digest) -> str | None:
        """The name of the context that an operation brings in; None when it brings in none."""
        manifest = SourceParts(record=self.record, ops=self.ops).context_of(digest)
        return manifest.name if manifest is not None else None

    def context_named(self, name: str) -> Digest:
        """The operation that brings in a context. Raises: UnappliableError."""
        for digest in self.ops:
            if self.context_name(digest) == name:
                return digest
        raise UnappliableError(f"the build reads nothing of {name}")
