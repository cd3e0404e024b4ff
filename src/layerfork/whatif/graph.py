"""A recorded definition, read as the chains of operations that stages are."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from layerfork.cachekey.buildkit.sources import SourceParts
from layerfork.dockerfile import Dockerfile, Instruction
from layerfork.model.context import Digest
from layerfork.model.llb import LLBOp
from layerfork.model.record import BuildRecord, StepRecord
from layerfork.whatif.unappliable import UnappliableError


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
    ends: dict[int, Digest] = field(default_factory=dict)
    """The last operation of each stage."""
    stage_names: dict[int, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        definition = self.record.definition
        self.ops = {op.digest: op for op in (definition.ops if definition is not None else ())}
        self.sources = frozenset(digest for digest, op in self.ops.items() if op.source is not None)
        self.stage_names = {stage.index: stage.name for stage in self.dockerfile.stages}
        for step in self.record.steps:
            self._follow(step)

    def _follow(self, step: StepRecord) -> None:
        chain = self.ends.get(step.stage, self._inherited(step.stage))
        work = self.work_of(step)
        if work:
            if chain is not None:
                self.before[step.index] = chain
            self.ends[step.stage] = work[-1].digest
            return
        fetched = [digest for digest in step.vertices if digest in self.sources]
        if fetched:
            self.ends[step.stage] = fetched[-1]

    def _inherited(self, stage: int) -> Digest | None:
        """Where a stage begins that is built on another one."""
        if not 0 <= stage < len(self.dockerfile.stages):
            return None
        base = self.dockerfile.find_stage(self.dockerfile.stages[stage].base)
        return self.ends.get(base.index) if base is not None and base.index < stage else None

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
        found = (stage for stage, end in self.ends.items() if end == digest and stage < reader.stage)
        return next(found, None) if digest not in self.sources else None

    def with_inputs(self, digest: Digest) -> Iterator[LLBOp]:
        """An operation and all that it stands on, inputs first."""
        op = self.ops.get(digest)
        if op is None:
            raise UnappliableError("an operation that a step builds on was not recorded")
        for each in op.inputs:
            yield from self.with_inputs(each.digest)
        yield op

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
