"""BuildKit's frontend, run again on another Dockerfile or with other arguments, as far as that is known.

The frontend itself is not at hand. `definition/whole.py` has the model of it, which makes the operations of
every line. What a build shows of a line goes first: its operations were recorded, in the build itself or in
an example, and the model says which of their fields come out otherwise now. Such a field is replaced,
provided that the model also gives the value that was recorded; what the model knows nothing of stays as the
frontend made it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, zip_longest

from layerfork.dockerfile import NO_STAGE, Dockerfile, Instruction
from layerfork.dockerfile.definition import Evaluated, Inputs, evaluate
from layerfork.dockerfile.definition.operations import Placement, named
from layerfork.dockerfile.definition.stage import NotModelledError
from layerfork.dockerfile.definition.whole import (
    SCRATCH,
    Definer,
    MadeStep,
    Operations,
    Vertices,
    stages_behind,
)
from layerfork.dockerfile.recorded import dockerfile_of
from layerfork.hypothesis.edited_dockerfile import Edited, Line
from layerfork.hypothesis.inputs import inputs_of
from layerfork.hypothesis.operations import made_of, with_documents, with_fields
from layerfork.hypothesis.outside import IMAGE, Surroundings, named_contexts
from layerfork.hypothesis.requestchanges import stages_to_build
from layerfork.hypothesis.stagechains import Graph
from layerfork.hypothesis.unappliable import ContradictedError, UnappliableError
from layerfork.keys.recordedbases import full_reference
from layerfork.record.build import is_part_of
from layerfork.record.context import MAIN_CONTEXT, Digest
from layerfork.record.llb import Definition, LLBInput, LLBOp
from layerfork.record.record import BuildRecord, StepRecord, StepStatus


def run_again(
    record: BuildRecord, changed: BuildRecord, edited: Edited, example: BuildRecord | None
) -> tuple[BuildRecord, dict[int, int], dict[int, int], dict[int, str]]:
    """The changed record with the definition and the steps that its frontend would make; where each of its
    own steps is then, and each that was taken over from the example; and steps that are not modelled, with
    the reason.

    ``record`` is the build as it was. Raises: UnappliableError.
    """
    own = _shown(record)
    if own is None:
        raise UnappliableError("the definition of the build was not recorded")
    _check_frontend(own.graph.dockerfile, edited.dockerfile)
    rerun = Rerun(
        own=own,
        example=_shown(example) if example is not None else None,
        edited=edited,
        after=Evaluations(record=changed, dockerfile=edited.dockerfile, graph=own.graph),
    )
    operations, steps = rerun.run()
    hypothetical = replace(
        changed,
        request=replace(changed.request, dockerfile=edited.text),
        definition=Definition(ops=tuple(operations.ops.values())),
        steps=tuple(steps.steps),
    )
    return hypothetical, steps.index_of, steps.taken, steps.unmodelled


def _check_frontend(before: Dockerfile, after: Dockerfile) -> None:
    """Raises: UnappliableError when another frontend than the recorded one would read the text."""
    if dict(before.directives).get("syntax") != dict(after.directives).get("syntax"):
        raise UnappliableError("the changed Dockerfile names another frontend")


def _shown(record: BuildRecord) -> "Shown | None":
    dockerfile = dockerfile_of(record)
    if dockerfile is None or record.definition is None:
        return None
    graph = Graph(record=record, dockerfile=dockerfile)
    return Shown(graph=graph, evaluations=Evaluations(record=record, dockerfile=dockerfile, graph=graph))


@dataclass(slots=True, kw_only=True)
class Evaluations:
    """What the frontend makes of a Dockerfile's instructions, for each platform that it is built for."""

    record: BuildRecord
    dockerfile: Dockerfile
    graph: Graph
    _inputs: dict[str, Inputs] = field(default_factory=dict)
    _found: dict[str, Mapping[int, Evaluated]] = field(default_factory=dict)

    def inputs(self, platform: str) -> Inputs:
        """What the frontend reads besides the Dockerfile."""
        if platform not in self._inputs:
            self._inputs[platform] = inputs_of(self.record, self.dockerfile, self.graph, platform)
        return self._inputs[platform]

    def of(self, platform: str) -> Mapping[int, Evaluated]:
        """By first line."""
        if platform not in self._found:
            self._found[platform] = evaluate(self.dockerfile, self.inputs(platform))
        return self._found[platform]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A build in which one can see what the frontend makes of instructions."""

    graph: Graph
    evaluations: Evaluations
    """Of its own Dockerfile."""

    def has_built(self, stage: int) -> bool:
        """It has operations of a stage."""
        return self.graph.ends.has(stage)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rerun:
    """A hypothetical build: what shows its lines, and what the frontend reads for it."""

    own: Shown
    example: Shown | None
    edited: Edited
    after: Evaluations
    """Of the hypothetical Dockerfile."""

    def run(self) -> tuple[Operations, "Steps"]:
        """All operations, and the steps of all platforms."""
        platforms = self.own.graph.platforms
        lines = {line.instruction.first_line: self._where_built(line) for line in self.edited.lines}
        needed = self._needed(lines, platforms)
        operations = Operations()
        made = {each: self._define(each, lines, needed, operations) for each in platforms}
        steps = Steps(dockerfile=self.edited.dockerfile)
        for first_line, line in lines.items():
            own = {platform: found.get(first_line, ()) for platform, found in made.items()}
            if any(own.values()):
                steps.add(line, own, self.steps_at(line))
        return operations, steps

    def steps_at(self, line: Line) -> tuple[StepRecord, ...]:
        """The steps in whose place a line stands: none where no build had it."""
        shown = self.shows(line)
        return () if shown is None or line.seen is None else shown.graph.steps_at(line.seen)

    def _define(
        self, platform: str, lines: Mapping[int, Line], needed: frozenset[int], operations: Operations
    ) -> dict[int, list[MadeStep]]:
        """The steps of a platform by line."""
        inputs = self.after.inputs(platform)
        outside = RecordedLines(
            rerun=self,
            platform=platform,
            lines=lines,
            surroundings=Surroundings(self.after.record),
            operations=operations,
        )
        definer = Definer(
            dockerfile=self.edited.dockerfile,
            evaluated=self.after.of(platform),
            rules=inputs.rules,
            outside=outside,
            target_platform=inputs.builtin_args.get("TARGETPLATFORM", ""),
            needed=needed,
            refused=outside.surroundings.refusal(
                self.edited.dockerfile, self.after.of(platform), needed, inputs.rules
            ),
            operations=operations,
        )
        definer.run()
        found: dict[int, list[MadeStep]] = {}
        for step in definer.steps:
            found.setdefault(step.line, []).append(step)
        return found

    def _needed(self, lines: Mapping[int, Line], platforms: Sequence[str]) -> frozenset[int]:
        """Stages that are built for any platform."""
        record, dockerfile = self.own.graph.record, self.edited.dockerfile
        needed = stages_to_build(record, dockerfile, self.after.record.request)
        if needed is None:
            # The build had stages that its target does not need: those, and those with new lines.
            built = {line.instruction.stage for line in lines.values() if self._is_built(line)}
            last = [stage for stage in dockerfile.stages if stage.index in built]
        else:
            target = self.after.record.request.target
            found = dockerfile.find_stage(target) if target else dockerfile.stages[-1]
            assert found is not None
            last = [found]
        behind = chain.from_iterable(
            stages_behind(dockerfile, self.after.of(platform), stage)
            for platform in platforms
            for stage in last
        )
        # BuildKit reads a context of a stage's name in place of the stage.
        replaced = set(named_contexts(self.after.record))
        stages = (dockerfile.stages[index] for index in behind if needed is None or index in needed)
        return frozenset(stage.index for stage in stages if stage.name not in replaced)

    def _is_built(self, line: Line) -> bool:
        return line.seen is None or self.shows(line) is not None

    def _where_built(self, line: Line) -> Line:
        """The line as the example built it, where the build itself did not need its stage."""
        if line.in_example or line.seen is None or self.own.has_built(line.seen.stage):
            return line
        if self.example is None or line.instruction.stage == NO_STAGE:
            return line
        stage = self.edited.dockerfile.stages[line.instruction.stage]
        for each in self.example.graph.dockerfile.instructions:
            same = each.stage_name == stage.name if stage.name else each.stage == stage.index
            if same and each.text == line.instruction.text:
                return replace(line, seen=each, in_example=True)
        return line

    def shows(self, line: Line) -> Shown | None:
        """The build in which one can see what the frontend makes of a line; None where none had it."""
        if line.seen is None:
            return None
        if line.in_example:
            return self.example
        return self.own if self.own.has_built(line.seen.stage) else None


@dataclass(slots=True, kw_only=True)
class RecordedLines:
    """What the model asks for besides the hypothetical Dockerfile, for one platform: what builds show."""

    rerun: Rerun
    platform: str
    lines: Mapping[int, Line]
    """Those of the hypothetical Dockerfile by first line."""
    surroundings: Surroundings
    operations: Operations

    @property
    def problem(self) -> str:
        """Why the model may make no line."""
        return self.surroundings.problem

    def image(self, name: str, platform: str) -> LLBOp:
        """The operation of an image: the recorded one where there is one. Raises: NotModelledError."""
        made = self.surroundings.image(name, platform)
        recorded = (op for op in self.rerun.own.graph.ops.values() if op.source is not None)
        return next((op for op in recorded if (op.source, op.platform) == (made.source, made.platform)), made)

    def context(self, paths: tuple[str, ...]) -> tuple[LLBOp, ...]:
        """The recorded main context; another one where the build read nothing of it."""
        try:
            return self._recorded_context(MAIN_CONTEXT)
        except NotModelledError:
            return self.surroundings.context(paths)

    def named_context(self, name: str) -> tuple[LLBOp, ...]:
        """The recorded context of a name; none where the build had none. Raises: NotModelledError."""
        known = {each.name for each in self.surroundings.record.named_contexts}
        return self._recorded_context(name) if name in known else ()

    def _recorded_context(self, name: str) -> tuple[LLBOp, ...]:
        graph = self.rerun.own.graph
        try:
            return tuple(graph.with_inputs(graph.context_named(name)))
        except UnappliableError as error:
            raise NotModelledError(str(error)) from error

    def recorded(self, instruction: Instruction, place: Placement) -> tuple[Vertices, ...] | None:
        """What a build shows of a line; None where the model has to make it. Raises: NotModelledError."""
        line = self.lines[instruction.first_line]
        shown = self.rerun.shows(line)
        if shown is None or line.is_reworded or self._begins_otherwise(line, shown):
            return None
        again = _LineAgain(lines=self, line=line, shown=shown, place=place, built_on=place.built_on)
        try:
            found = tuple(again.step(step) for step in self.steps_of(line))
        except ContradictedError as error:
            raise NotModelledError(str(error)) from error
        except UnappliableError:
            return None
        for op in again.ops.values():
            self.operations.keep(op)
        return found

    def steps_of(self, line: Line) -> tuple[StepRecord, ...]:
        """The recorded steps of a line that this platform has."""
        steps = self.rerun.steps_at(line)
        return tuple(step for step in steps if is_part_of(self.platform, step.platform))

    def _begins_otherwise(self, line: Line, shown: Shown) -> bool:
        """A FROM whose text now names something of another kind, or whose base runs other ONBUILD lines."""
        if line.instruction.keyword != "FROM" or line.seen is None:
            return False
        before = shown.evaluations.of(self.platform)[line.seen.first_line]
        after = self.rerun.after.of(self.platform)[line.instruction.first_line]
        kinds = (
            _kind_of_base(shown.graph.dockerfile, before),
            _kind_of_base(self.rerun.edited.dockerfile, after),
        )
        if kinds[0] != kinds[1]:
            return True
        return [made_of(each) for each in before.triggers] != [made_of(each) for each in after.triggers]


def _kind_of_base(dockerfile: Dockerfile, evaluated: Evaluated) -> str:
    if dockerfile.find_base(evaluated.base, before=evaluated.stage) is not None:
        return "stage"
    return SCRATCH if evaluated.base == SCRATCH else "image"


@dataclass(slots=True, kw_only=True)
class _LineAgain:
    """The recorded operations of a line, made again with what comes out otherwise."""

    lines: RecordedLines
    line: Line
    shown: Shown
    place: Placement
    built_on: Digest | None
    """What its stage is so far."""
    ops: dict[Digest, LLBOp] = field(default_factory=dict)
    """All that were made or read, inputs first."""

    def step(self, step: StepRecord) -> Vertices:
        """The operations of one recorded step. Raises: UnappliableError."""
        graph = self.shown.graph
        fetched = [graph.ops[each] for each in step.vertices if each in graph.sources]
        sources = [self._keep(self._source(op)) for op in fetched]
        made: dict[Digest, Digest] = {}
        for op in graph.work_of(step):
            made[op.digest] = self._operation(step, op, made)
        vertices = (*sources, *made.values())
        if vertices:
            self.built_on = vertices[-1]
        return vertices

    def _keep(self, op: LLBOp) -> Digest:
        self.ops.setdefault(op.digest, op)
        return op.digest

    def _before(self) -> Evaluated | None:
        evaluated = self.shown.evaluations.of(self.lines.platform)
        return evaluated.get(self.line.seen.first_line) if self.line.seen is not None else None

    def _after(self) -> Evaluated:
        return self.lines.rerun.after.of(self.lines.platform)[self.line.instruction.first_line]

    def _source(self, op: LLBOp) -> LLBOp:
        """What a FROM begins with; another image where its name comes out otherwise."""
        before, after = self._before(), self._after()
        if op.source is None or before is None or full_reference(before.base) == full_reference(after.base):
            return op
        if op.source.identifier.partition("@")[0] != IMAGE + full_reference(before.base):
            raise UnappliableError(f"the frontend read another image than {before.base}")
        return named(replace(op, source=replace(op.source, identifier=IMAGE + full_reference(after.base))))

    def _operation(self, step: StepRecord, op: LLBOp, made: Mapping[Digest, Digest]) -> Digest:
        before, after = self._before(), self._after()
        changed = op
        if before is not None:
            written = self._documents(op, before, after)
            made = {**made, **{digest: self._keep(each) for digest, each in written.items()}}
            changed = with_fields(op, before, replace(after, documents=before.documents))
        inputs = tuple(
            LLBInput(digest=self._input(step, each.digest, made), index=each.index) for each in op.inputs
        )
        if changed == op and inputs == op.inputs:
            return self._keep(op)
        return self._keep(named(replace(changed, inputs=inputs)))

    def _documents(self, op: LLBOp, before: Evaluated, after: Evaluated) -> dict[Digest, LLBOp]:
        """What writes the here-documents that an operation copies, where variables make them others; by what
        wrote them. Raises: UnappliableError."""
        if before.documents == after.documents or op.file is None:
            return {}
        read = (self.shown.graph.ops.get(each.digest) for each in op.inputs)
        return with_documents([each for each in read if each is not None], before, after)

    def _input(self, step: StepRecord, digest: Digest, made: Mapping[Digest, Digest]) -> Digest:
        if digest in made:
            return made[digest]
        if digest == self.shown.graph.before.get(step.index):
            if self.built_on is None:
                raise UnappliableError(f"what {self.line.instruction.text} builds on is not known")
            return self.built_on
        ended = self.shown.graph.stage_ending_with(digest, step)
        return self._outside(digest) if ended is None else self._result_of(ended)

    def _result_of(self, stage: int) -> Digest:
        """What the same stage of the hypothetical Dockerfile is, by name, else by number.

        Raises: UnappliableError.
        """
        name = self.shown.graph.stage_names.get(stage, "")
        dockerfile = self.lines.rerun.edited.dockerfile
        here = dockerfile.find_stage(name) if name else None
        try:
            result = self.place.find(str(here.index if here is not None else stage))
        except NotModelledError as error:
            raise UnappliableError(str(error)) from error
        if result is None:
            raise UnappliableError(f"stage {stage} of the example is not in this Dockerfile")
        return result

    def _outside(self, digest: Digest) -> Digest:
        """An input that no step made: an image, a context, a here-document."""
        own, graph = self.lines.rerun.own.graph, self.shown.graph
        context = graph.context_name(digest) if graph is not own else None
        if context is not None:
            digest, graph = own.context_named(context), own
        for op in graph.with_inputs(digest):
            self._keep(op)
        return digest


# Steps of a hypothetical build.


@dataclass(slots=True, kw_only=True)
class Steps:
    """The steps of all platforms, numbered."""

    dockerfile: Dockerfile
    steps: list[StepRecord] = field(default_factory=list)
    index_of: dict[int, int] = field(default_factory=dict)
    """Where each step of the build itself is now."""
    taken: dict[int, int] = field(default_factory=dict)
    """Where each step is that was taken over from the example."""
    unmodelled: dict[int, str] = field(default_factory=dict)
    """Steps for which the frontend's output is unknown, and why."""

    def add(self, line: Line, made: Mapping[str, Sequence[MadeStep]], places: Sequence[StepRecord]) -> None:
        """The steps of a line by platform. ``places`` are the recorded ones in whose place they stand."""
        in_place = {platform: _paired(steps, platform, places) for platform, steps in made.items()}
        for row in zip_longest(*in_place.values()):
            own = {platform: each for platform, each in zip(in_place, row, strict=True) if each is not None}
            for group in _together(own):
                self._append(line, group, {platform: own[platform] for platform in group}, len(made))

    def _append(
        self,
        line: Line,
        group: Sequence[str],
        own: Mapping[str, tuple[MadeStep, StepRecord | None]],
        platforms: int,
    ) -> None:
        index = len(self.steps) + 1
        made = own[group[0]][0]
        places = [place for _, place in own.values() if place is not None]
        for place in places:
            (self.taken if line.in_example else self.index_of).setdefault(place.index, index)
        if made.unmodelled:
            self.unmodelled[index] = made.unmodelled
        instruction = line.instruction
        step = places[0] if places else self._new(instruction, made)
        self.steps.append(
            replace(
                step,
                index=index,
                platform="" if len(group) == platforms else ",".join(group),
                instruction=instruction.text if line.is_reworded and places else step.instruction,
                line=instruction.first_line,
                stage=instruction.stage,
                stage_name=step.stage_name if line.in_example else line.stage_name_of(step),
                vertices=made.vertices,
            )
        )

    def _new(self, instruction: Instruction, made: MadeStep) -> StepRecord:
        stages = self.dockerfile.stages
        # BuildKit gives the only stage no name.
        name = "" if len(stages) == 1 else stages[instruction.stage].name or f"stage-{instruction.stage}"
        return StepRecord(index=0, stage_name=name, instruction=made.text, status=StepStatus.UNKNOWN)


def _paired(
    made: Sequence[MadeStep], platform: str, places: Sequence[StepRecord]
) -> Iterator[tuple[MadeStep, StepRecord | None]]:
    """Steps of one line with those in whose place they stand, where there are as many."""
    own = [step for step in places if is_part_of(platform, step.platform)]
    return zip(made, own if len(own) == len(made) else [None] * len(made), strict=True)


def _together(made: Mapping[str, tuple[MadeStep, StepRecord | None]]) -> list[list[str]]:
    """Platforms that have equal operations, in groups: what they have in common is one step."""
    groups: dict[Vertices, list[str]] = {}
    for platform, (step, _) in made.items():
        groups.setdefault(step.vertices, []).append(platform)
    return list(groups.values())
