"""Keys of BuildKit: op digests over a graph, files by content."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from layerfork.dockerfile import keyword_of
from layerfork.dockerfile.gotext import lower
from layerfork.dockerfile.recorded import printed_instruction
from layerfork.keys.buildkit.content_digest import content_parts
from layerfork.keys.buildkit.content_tree import ContentError, ContentTree, Selector, content_tree
from layerfork.keys.buildkit.opdigest import UnknownDataError, op_digest, record_digest
from layerfork.keys.buildkit.opparts import InputUse, input_uses, op_parts
from layerfork.keys.buildkit.origins import Origins
from layerfork.keys.buildkit.sources import READS, SourceParts, git_source
from layerfork.keys.entryparts import RuledOut
from layerfork.keys.unpacked import LinkLoopError
from layerfork.record.build import is_part_of
from layerfork.record.cachekey import BuildKeys, CacheKey, HeldName, KeyPart, KeyPlace, Part, StepKey
from layerfork.record.context import ContextManifest, Digest
from layerfork.record.llb import LLBOp
from layerfork.record.record import BuildRecord, Gap, StepRecord
from layerfork.releases import BuildKitRules, buildkit_rules

_NO_PART = ("merge.1", "diff.1", "exec.meta.proxy_env.")
"""Beginnings of fields that enter no key: the order of the op's inputs, which is known, and values of
proxies, which are blanked. Source: moby/buildkit solver/llbsolver/ops/exec.go:CacheMap @ v0.13.2."""


def buildkit_keys(record: BuildRecord) -> BuildKeys:
    """Keys of every step of a BuildKit build, in step order."""
    builder = _Builder(record=record)
    return BuildKeys(
        rules="buildkit, 0.8 to 0.32",
        steps=tuple(builder.step_key(step) for step in record.steps),
        ruled_out=RuledOut(record.context),
    )


def doubtful_ops(record: BuildRecord) -> frozenset[str]:
    """Vertices whose operations hold fields that the recorder does not know, and that may enter keys."""
    return frozenset(
        gap.where.removeprefix("llb op ")
        for gap in record.gaps
        if gap.where.startswith("llb op ") and not _enters_no_key(gap)
    )


def _enters_no_key(gap: Gap) -> bool:
    said, _, fields = gap.what.partition("unknown fields: ")
    return not said and all(name.startswith(_NO_PART) for name in fields.split(", "))


def _is_called(step: StepRecord, name: str) -> bool:
    """Whether ``--from`` means the stage of this step."""
    return name in (step.stage_name, str(step.stage))


@dataclass(slots=True)
class _Draft:
    """A step's key while it is put together."""

    step: StepRecord
    parts: list[Part] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    held_names: list[HeldName] = field(default_factory=list)
    own: frozenset[Digest] = frozenset()
    """The vertices whose operations make the key."""
    parents: dict[int, None] = field(default_factory=dict)
    by_content: dict[int, None] = field(default_factory=dict)
    form: str = ""


@dataclass(slots=True, kw_only=True)
class _Builder:
    record: BuildRecord
    rules: BuildKitRules = field(init=False)
    platform: str = field(init=False)
    ops: dict[Digest, LLBOp] = field(init=False)
    step_of: dict[Digest, int] = field(default_factory=dict)
    """The first step that a vertex belongs to."""
    begins: dict[tuple[int, Digest], int] = field(default_factory=dict)
    """The FROM of a stage, by stage and vertex: stages that begin with one image share its vertex."""
    sources: SourceParts = field(init=False)
    origins: Origins = field(init=False)
    trees: dict[str, ContentTree] = field(default_factory=dict)
    doubtful: frozenset[str] = field(init=False)
    """Ops that hold fields which the recorder does not know."""

    def __post_init__(self) -> None:
        engine = self.record.engine
        self.rules = buildkit_rules(
            engine.buildkit_version if engine is not None else "",
            engine.version if engine is not None else "",
        )
        self.platform = f"{engine.os}/{engine.architecture}" if engine is not None else ""
        definition = self.record.definition
        self.ops = {op.digest: op for op in (definition.ops if definition is not None else ())}
        for step in self.record.steps:
            for digest in step.vertices:
                self.step_of.setdefault(digest, step.index)
                if digest in self.ops and self.ops[digest].source is not None:
                    self.begins.setdefault((step.stage, digest), step.index)
        self.sources = SourceParts(record=self.record, ops=self.ops, rules=self.rules)
        self.origins = Origins(self.record)
        self.doubtful = doubtful_ops(self.record)

    def step_key(self, step: StepRecord) -> StepKey:
        draft = _Draft(step)
        is_seen = any(digest in self.ops for digest in step.vertices)
        if not is_seen:
            draft.unknown.append("the definition of this step")
            draft.parents.update(dict.fromkeys(self._reported_parents(step)))
        own = self._own(step)
        draft.own = frozenset(own)
        work = [self.ops[d] for d in own if d in self.ops and self.ops[d].source is None]
        for number, op in enumerate(work, start=1):
            self._add_op(draft, op, KeyPlace("op", number) if number > 1 else None)
        is_from = not work and keyword_of(step.instruction) == "FROM"
        if is_from:
            for digest in step.vertices:
                self._add_source(draft, digest)
            if not is_seen:
                draft.parts.extend(self.sources.named_image(step.instruction))
        key = CacheKey(
            parts=tuple(draft.parts),
            engine_form=draft.form,
            unknown=tuple(dict.fromkeys(draft.unknown)),
            held_names=tuple(draft.held_names),
            origins=self.origins.of_step(step),
        )
        parents = tuple(sorted({**draft.parents, **draft.by_content} - {step.index: None}.keys()))
        by_content = tuple(sorted(draft.by_content.keys() - draft.parents.keys()))
        return StepKey(index=step.index, key=key, parents=parents, by_content=by_content, always_runs=is_from)

    def _own(self, step: StepRecord) -> list[Digest]:
        """The vertices that do the step's work: those that no earlier step has; and beside such ones those
        that it has in common with the same instruction for another platform."""
        own = [digest for digest in step.vertices if self.step_of[digest] == step.index]
        if not own or not step.platform or len(own) == len(step.vertices):
            return own
        beside = {each.index for each in self._steps_of(step.stage) if each.line == step.line}
        return [digest for digest in step.vertices if self.step_of[digest] in beside]

    def _reported_parents(self, step: StepRecord) -> Iterator[int]:
        """Steps that this one builds on as the engine reported while it built, if no definition is known."""
        if not any(vertex.inputs for vertex in self.record.vertices):
            yield from self._placed_parents(step)
        for vertex in self.record.vertices:
            if vertex.digest in step.vertices:
                yield from (self.step_of[digest] for digest in vertex.inputs if digest in self.step_of)

    def _placed_parents(self, step: StepRecord) -> Iterator[int]:
        """The same as far as the steps' places say: the one before it in its stage, and the last step of
        each stage that it copies from."""
        own = (each.index for each in self._steps_of(step.stage, step.platform))
        yield from [index for index in own if index < step.index][-1:]
        for stage in self._stages_read_by(step):
            yield from [each.index for each in self._steps_of(stage, step.platform)][-1:]

    def _stages_read_by(self, step: StepRecord) -> Iterator[int]:
        """The numbers of the stages that a step copies from, by its text."""
        instruction = printed_instruction(step.instruction)
        for name in instruction.reads_from if instruction is not None else ():
            stages = (each.stage for each in self.record.steps if _is_called(each, lower(name)))
            yield from dict.fromkeys(stages)

    def _steps_of(self, stage: int, branch: str | None = None) -> Iterator[StepRecord]:
        """The steps of a stage; of one branch with those that it has in common with others."""
        return (
            each
            for each in self.record.steps
            if each.stage == stage and (branch is None or is_part_of(branch, each.platform))
        )

    def _add_op(self, draft: _Draft, op: LLBOp, place: KeyPlace | None) -> None:
        """An operation with what it takes from its inputs."""
        parts: list[Part] = [*op_parts(op, self.platform, self.rules)]
        if op.digest in self.doubtful:
            draft.unknown.append("fields of the operation that are newer than this program")
        for use, source in zip(input_uses(op, self.rules), op.inputs, strict=True):
            if use.selectors:
                parts.extend(self._content(draft, source.digest, use, place))
            else:
                self._add_whole(draft, source.digest)
        if not self.rules.known and any(
            isinstance(part, KeyPart) and part.cause == "engine-version" for part in parts
        ):
            draft.unknown.append("version of BuildKit")
        draft.parts.extend(parts if place is None else (part.within(place) for part in parts))
        draft.form = self._form(op)

    def _add_whole(self, draft: _Draft, digest: Digest) -> None:
        """An input that has to match as a whole result."""
        step = self.begins.get((draft.step.stage, digest), self.step_of.get(digest))
        if step == draft.step.index or digest in draft.own:
            return
        if step is not None:
            draft.parents[step] = None
        elif digest in self.ops:
            self._add_hidden(draft, self.ops[digest])
        else:
            draft.unknown.append("an operation that this step builds on")

    def _add_hidden(self, draft: _Draft, op: LLBOp) -> None:
        """An operation of no step (the frontend's own): what it is enters the key of those who use it."""
        if op.source is not None:
            self._add_source(draft, op.digest)
        else:
            self._add_op(draft, op, KeyPlace("hidden op", 1))

    def _add_source(self, draft: _Draft, digest: Digest, *, whole: bool = True) -> None:
        op = self.ops.get(digest)
        if op is None or op.source is None:
            return
        parts, unknown, draft.form = self.sources.parts(op.source, op.platform, whole=whole)
        draft.parts.extend(parts)
        draft.unknown.extend(unknown)
        git = git_source(op.source)
        if git is not None:
            draft.held_names.append(HeldName(git.repository, ""))

    def _content(self, draft: _Draft, digest: Digest, use: InputUse, place: KeyPlace | None) -> list[Part]:
        """Parts of files that are read of an input."""
        manifest = self.sources.context_of(digest)
        if manifest is not None:
            return self._context_content(draft, manifest, use.selectors, place)
        step = self.step_of.get(digest)
        op = self.ops.get(digest)
        if step is not None and step != draft.step.index:
            draft.by_content[step] = None
        elif op is not None and op.file is not None and not op.inputs:
            # A here-document: what the operation writes is all that there is to read.
            self._add_hidden(draft, op)
        elif op is not None and (op.source is None or self.sources.is_context(op.source)):
            draft.unknown.append("the context" if op.source is not None else "files that no step made")
        else:
            self._add_source(draft, digest, whole=False)
        return [KeyPart(cause="instruction", field=READS, value=" ".join(s.path for s in use.selectors))]

    def _context_content(
        self,
        draft: _Draft,
        manifest: ContextManifest,
        selectors: tuple[Selector, ...],
        place: KeyPlace | None,
    ) -> list[Part]:
        """Parts of files of a context; ``place`` is that of the operation that reads them."""
        if not manifest.complete:
            draft.unknown.append(f"the whole of {manifest.name}")
        try:
            if manifest.name not in self.trees:
                self.trees[manifest.name] = content_tree(manifest, self.rules)
            content = content_parts(self.trees[manifest.name], selectors)
        except (ContentError, LinkLoopError) as error:
            draft.unknown.append(f"{error} in {manifest.name}")
            return []
        draft.unknown.extend(content.unknown)
        held = content.held_names
        draft.held_names.extend(held if place is None else (name.within(place) for name in held))
        return [*content.parts]

    def _form(self, op: LLBOp) -> str:
        """The record digest of an operation as cache exports list it; empty when it is not known."""
        try:
            digest = op_digest(op, self.platform, self.rules, {})
        except UnknownDataError:
            return ""
        certain = self.rules.known and op.digest not in self.doubtful
        return record_digest(digest) if certain else ""
