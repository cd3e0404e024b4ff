"""BuildKit's frontend, run again on another Dockerfile or with other arguments, as far as that is known.

The frontend itself is not at hand. What it made of an instruction was recorded, in the build itself or in
an example; and a model says which fields of that text, variables and options decide. A field that comes
out otherwise is replaced, provided that the model also gives the value that was recorded; what the model
knows nothing of stays as the frontend made it. A line that no build shows, or that reads otherwise than it
was built, gets its operations from the model (`modelled.py`); where that is not sure, an operation takes
their place that only says why.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import chain

from layerfork.dockerfile import NO_STAGE, Dockerfile
from layerfork.dockerfile.definition import Evaluated, evaluate
from layerfork.dockerfile.definition.operations import named
from layerfork.dockerfile.definition.whole import stages_behind
from layerfork.dockerfile.recorded import dockerfile_of
from layerfork.hypothesis.edited_dockerfile import Edited, Line
from layerfork.hypothesis.graph import Ends, Graph
from layerfork.hypothesis.inputs import inputs_of
from layerfork.hypothesis.modelled import IMAGE, LineModel, MadeLine, together
from layerfork.hypothesis.operations import made_of, with_documents, with_fields
from layerfork.hypothesis.request import needed_stages, stages_to_build
from layerfork.hypothesis.unappliable import ContradictedError, UnappliableError
from layerfork.keys.baseimage import full_reference
from layerfork.record.build import Builder
from layerfork.record.context import Digest
from layerfork.record.llb import Definition, LLBInput, LLBOp
from layerfork.record.record import BuildRecord, StepRecord, StepStatus

_WITH_OPERATIONS = frozenset({"FROM", "RUN", "COPY", "ADD", "WORKDIR"})


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
    rerun = Rerun(
        own=own,
        example=_shown(example) if example is not None else None,
        edited=edited,
        evaluations=Evaluations(record=changed, dockerfile=edited.dockerfile, graph=own.graph),
    )
    rerun.needed = stages_to_build(record, edited.dockerfile, changed.request)
    rerun.run()
    definition = Definition(ops=tuple(rerun.ops.values()))
    request = replace(changed.request, dockerfile=edited.text)
    hypothetical = replace(
        changed,
        request=request,
        definition=definition,
        steps=tuple(rerun.steps),
    )
    return hypothetical, rerun.index_of, rerun.taken, rerun.unmodelled


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
    found: dict[str, Mapping[int, Evaluated]] = field(default_factory=dict)

    def of(self, branch: str) -> Mapping[int, Evaluated]:
        """By first line. What some platforms have in common comes out alike for each of them."""
        if branch not in self.found:
            inputs = inputs_of(self.record, self.dockerfile, self.graph, branch)
            self.found[branch] = evaluate(self.dockerfile, inputs)
        return self.found[branch]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A build in which one can see what the frontend makes of instructions."""

    graph: Graph
    evaluations: Evaluations
    """Of its own Dockerfile."""


@dataclass(slots=True, kw_only=True)
class Rerun:
    """The definition of a hypothetical build, put together step by step."""

    own: Shown
    example: Shown | None
    edited: Edited
    evaluations: Evaluations
    """Of the hypothetical Dockerfile."""
    needed: frozenset[int] | None = None
    """Stages that are built; None for all."""
    ops: dict[Digest, LLBOp] = field(default_factory=dict)
    steps: list[StepRecord] = field(default_factory=list)
    index_of: dict[int, int] = field(default_factory=dict)
    taken: dict[int, int] = field(default_factory=dict)
    unmodelled: dict[int, str] = field(default_factory=dict)
    """Steps for which the frontend's output is unknown, and why."""
    results: Ends = field(default_factory=Ends)
    """The last operation of each stage of the hypothetical Dockerfile so far."""

    def run(self) -> None:
        """Go through all lines. Raises: UnappliableError."""
        self._check_frontend()
        if self.needed is not None:
            self.needed &= self._stages_behind_target()
        for line in self.edited.lines:
            if not self._is_needed(line):
                continue
            if line.instruction.keyword == "FROM":
                self._begin_stage(line)
            shown = self.example if line.in_example else self.own
            if shown is self.own and not self._was_built(line):
                line = self._as_in_example(line)
                shown = self.example if line.in_example else self.own
            unbuilt = shown is self.own and self._is_new_stage(line)
            if line.seen is None or shown is None or unbuilt:
                self._new(line)
            elif line.is_reworded or self._triggers_other_lines(line, shown):
                self._new(line, shown.graph.steps_at(line.seen))
            else:
                for step in shown.graph.steps_at(line.seen):
                    self._step(line, shown, step)

    def _stages_behind_target(self) -> frozenset[int]:
        """Stages that the target needs for any platform, variables replaced."""
        dockerfile, target = self.edited.dockerfile, self.evaluations.record.request.target
        last = dockerfile.find_stage(target) if target else dockerfile.stages[-1]
        assert last is not None
        found = (
            stages_behind(dockerfile, self.evaluations.of(each), last) for each in self.own.graph.branches
        )
        return frozenset(chain.from_iterable(found))

    def _check_frontend(self) -> None:
        """Raises: UnappliableError when another frontend than the recorded one would read the text."""
        before, after = (
            dict(each.directives) for each in (self.own.graph.dockerfile, self.edited.dockerfile)
        )
        if before.get("syntax") != after.get("syntax"):
            raise UnappliableError("the changed Dockerfile names another frontend")

    def _triggers_other_lines(self, line: Line, shown: Shown) -> bool:
        """A FROM whose base now runs other ONBUILD lines first, or the same ones otherwise."""
        if line.instruction.keyword != "FROM" or line.seen is None:
            return False
        before = shown.evaluations.of("")[line.seen.first_line].triggers
        after = self.evaluations.of("")[line.instruction.first_line].triggers
        return [made_of(each) for each in before] != [made_of(each) for each in after]

    def _is_needed(self, line: Line) -> bool:
        stage = line.instruction.stage
        return self.needed is None or stage == NO_STAGE or stage in self.needed

    def _was_built(self, line: Line) -> bool:
        """The build itself needed the stage of this line."""
        stage = line.seen.stage if line.seen is not None else line.instruction.stage
        return self.own.graph.ends.has(stage)

    def _is_new_stage(self, line: Line) -> bool:
        """The build itself did not need the stage of this line, and the hypothetical one does."""
        if self.needed is None or line.seen is None or self._was_built(line):
            return False
        request = self.own.graph.record.request
        before = needed_stages(
            self.own.graph.dockerfile, request.target, Builder.BUILDKIT, dict(request.build_args)
        )
        return line.seen.stage != NO_STAGE and line.seen.stage not in before

    def _as_in_example(self, line: Line) -> Line:
        """The line as the example built it, if it did."""
        if self.example is None:
            return line
        stage = self.edited.dockerfile.stages[line.instruction.stage]
        for each in self.example.graph.dockerfile.instructions:
            same = each.stage_name == stage.name if stage.name else each.stage == stage.index
            if same and each.text == line.instruction.text:
                return replace(line, seen=each, in_example=True)
        return line

    def _begin_stage(self, line: Line) -> None:
        for branch in self.own.graph.branches:
            name = self.evaluations.of(branch)[line.instruction.first_line].base
            self.results.begin(line.instruction.stage, branch, self.edited.dockerfile.find_stage(name))

    def _step(self, line: Line, shown: Shown, step: StepRecord) -> None:
        """A step as the frontend made it, with what comes out otherwise."""
        try:
            vertices = self._run_again(line, shown, step)
        except ContradictedError as error:
            made = self._model().give_up(line.instruction, step.platform, str(error))
            self._put(line, step.platform, made, step, shown)
            return
        except UnappliableError:
            self._put(line, step.platform, self._made(line, step.platform), step, shown)
            return
        if vertices:
            self.results.put(line.instruction.stage, step.platform, vertices[-1])
        self._append(line, step, vertices, shown)

    def _run_again(self, line: Line, shown: Shown, step: StepRecord) -> tuple[Digest, ...]:
        """The vertices of a step. Raises: UnappliableError."""
        made: dict[Digest, Digest] = {}
        for op in shown.graph.work_of(step):
            made[op.digest] = self._operation(line, shown, step, op, made)
        fetched = [shown.graph.ops[each] for each in step.vertices if each in shown.graph.sources]
        sources = [self._source(line, shown, step, op) for op in fetched]
        self.ops.update((op.digest, op) for op in sources)
        return (*(op.digest for op in sources), *made.values())

    def _append(self, line: Line, step: StepRecord, vertices: tuple[Digest, ...], shown: Shown) -> None:
        index = len(self.steps) + 1
        if step.index:
            (self.index_of if shown is self.own else self.taken)[step.index] = index
        self.steps.append(
            replace(
                step,
                index=index,
                instruction=line.instruction.text if line.is_reworded and step.index else step.instruction,
                line=line.instruction.first_line,
                stage=line.instruction.stage,
                stage_name=step.stage_name if line.in_example else line.stage_name_of(step),
                vertices=vertices,
            )
        )

    def _new(self, line: Line, places: tuple[StepRecord, ...] = ()) -> None:
        """A line that no build shows; ``places`` are the steps in whose place it stands."""
        if line.instruction.keyword not in _WITH_OPERATIONS:
            return
        several = [each for each in self.own.graph.branches if each and "," not in each]
        found = together({branch: self._made(line, branch) for branch in several or [""]})
        for branch, made in found.items():
            in_place = [step for step in places if step.platform == branch]
            self._put(line, branch, made, in_place[0] if len(in_place) == 1 else None, self.own)
        if line.instruction.keyword == "FROM":
            self._trigger(line, several or [""])

    def _trigger(self, line: Line, branches: list[str]) -> None:
        """The ONBUILD lines that run after a FROM, which all platforms have in common."""
        instruction = line.instruction
        by_branch = {branch: self.evaluations.of(branch) for branch in branches}
        for number, trigger in enumerate(by_branch[branches[0]][instruction.first_line].triggers):
            made = {
                branch: self._model().make_one(
                    instruction, found[instruction.first_line].triggers[number], found, branch
                )
                for branch, found in by_branch.items()
            }
            for branch, each in together(made).items():
                self._put(line, branch, each, None, self.own, trigger.instruction.text)

    def _made(self, line: Line, branch: str) -> MadeLine:
        return self._model().make(line.instruction, self.evaluations.of(branch), branch)

    def _model(self) -> LineModel:
        return LineModel(
            record=self.evaluations.record,
            dockerfile=self.edited.dockerfile,
            own=self.own.graph,
            results=self.results,
            ops=self.ops,
        )

    def _put(
        self,
        line: Line,
        branch: str,
        made: MadeLine,
        in_place: StepRecord | None,
        shown: Shown,
        text: str = "",
    ) -> None:
        """A step of modelled operations, if the line needs any."""
        if not made.vertices:
            return
        self.ops.update({**made.ops, **self.ops})
        instruction = line.instruction
        step = in_place or StepRecord(
            index=0,
            stage_name=self._stage_name(instruction.stage),
            platform=branch,
            instruction=text or instruction.text,
            status=StepStatus.UNKNOWN,
        )
        if made.reason:
            self.unmodelled[len(self.steps) + 1] = made.reason
        self.results.put(instruction.stage, branch, made.vertices[-1])
        self._append(line, step, made.vertices, shown)

    def _stage_name(self, stage: int) -> str:
        """As BuildKit names stages: the only one has no name."""
        stages = self.edited.dockerfile.stages
        return "" if len(stages) == 1 else stages[stage].name or f"stage-{stage}"

    def _source(self, line: Line, shown: Shown, step: StepRecord, op: LLBOp) -> LLBOp:
        """What a FROM begins with; another image where its name comes out otherwise."""
        evaluated = shown.evaluations.of(step.platform)
        before = evaluated.get(line.seen.first_line) if line.seen is not None else None
        after = self.evaluations.of(step.platform)[line.instruction.first_line]
        if op.source is None or before is None or full_reference(before.base) == full_reference(after.base):
            return op
        if op.source.identifier.partition("@")[0] != IMAGE + full_reference(before.base):
            raise UnappliableError(f"the frontend read another image than {before.base}")
        source = replace(op.source, identifier=IMAGE + full_reference(after.base))
        changed = replace(op, source=source)
        return named(changed)

    def _operation(
        self, line: Line, shown: Shown, step: StepRecord, op: LLBOp, made: Mapping[Digest, Digest]
    ) -> Digest:
        evaluated = shown.evaluations.of(step.platform)
        before = evaluated.get(line.seen.first_line) if line.seen is not None else None
        after = self.evaluations.of(step.platform).get(line.instruction.first_line)
        changed = op
        if before is not None and after is not None:
            written = self._documents(shown, op, before, after)
            self.ops.update((each.digest, each) for each in written.values())
            made = {**made, **{digest: each.digest for digest, each in written.items()}}
            changed = with_fields(op, before, replace(after, documents=before.documents))
        inputs = tuple(
            LLBInput(digest=self._input(line, shown, step, each.digest, made), index=each.index)
            for each in op.inputs
        )
        if changed == op and inputs == op.inputs:
            self.ops[op.digest] = op
            return op.digest
        changed = named(replace(changed, inputs=inputs))
        self.ops[changed.digest] = changed
        return changed.digest

    def _documents(self, shown: Shown, op: LLBOp, before: Evaluated, after: Evaluated) -> dict[Digest, LLBOp]:
        """What writes the here-documents that an operation copies, where variables make them others; by what
        wrote them. Raises: UnappliableError."""
        if before.documents == after.documents or op.file is None:
            return {}
        read = (shown.graph.ops.get(each.digest) for each in op.inputs)
        return with_documents([each for each in read if each is not None], before, after)

    def _input(
        self, line: Line, shown: Shown, step: StepRecord, digest: Digest, made: Mapping[Digest, Digest]
    ) -> Digest:
        if digest in made:
            return made[digest]
        stage = line.instruction.stage
        if digest == shown.graph.before.get(step.index):
            built_on = self.results.of(stage, step.platform)
            if built_on is None:
                raise UnappliableError(f"what {line.instruction.text} builds on is not known")
            return built_on
        ended = shown.graph.stage_ending_with(digest, step)
        if ended is not None:
            return self._result_of(shown, ended, step.platform)
        return self._outside(shown, digest)

    def _result_of(self, shown: Shown, stage: int, branch: str) -> Digest:
        here = self._stage_here(shown, stage)
        result = self.results.of(here, branch) if here is not None else None
        if result is None:
            raise UnappliableError(f"stage {stage} of the example is not in this Dockerfile")
        return result

    def _stage_here(self, shown: Shown, stage: int) -> int | None:
        """Which stage of the hypothetical Dockerfile a stage of a build is: by name, else by number."""
        name = shown.graph.stage_names.get(stage, "")
        named = self.edited.dockerfile.find_stage(name) if name else None
        if named is not None:
            return named.index
        return stage if stage < len(self.edited.dockerfile.stages) else None

    def _outside(self, shown: Shown, digest: Digest) -> Digest:
        """An input that no step made: an image, a context, a here-document."""
        if shown is not self.own and shown.graph.context_name(digest) is not None:
            digest = self.own.graph.context_named(shown.graph.context_name(digest) or "")
            shown = self.own
        for op in shown.graph.with_inputs(digest):
            self.ops.setdefault(op.digest, op)
        return digest
