"""Differences between two builds that are whole steps or branches: added, removed or moved."""

from collections.abc import Mapping, Sequence

from layerfork.diagnose.compare.alignment import Alignment, keyword, normalise
from layerfork.diagnose.compare.differences import STEP_FIELD, Difference
from layerfork.diagnose.compare.judgedbuilds import JudgedBuild, StepView, real_parents
from layerfork.dockerfile import Dockerfile, Instruction
from layerfork.dockerfile.recorded import instruction_at
from layerfork.record.build import is_part_of, normal_platform, platforms_of
from layerfork.record.record import BuildRecord, StepRecord


def shared_platforms(writer: BuildRecord, reader: BuildRecord) -> tuple[str, ...] | None:
    """The platforms that both builds are for, sorted; None when each of them is for one platform only."""
    writers, readers = platforms_built(writer), platforms_built(reader)
    if len(writers) < 2 and len(readers) < 2:
        return None
    return tuple(sorted(writers & readers))


def added_platforms(writer: BuildRecord, reader: BuildRecord) -> frozenset[str]:
    """The platforms that only the reader is built for, where one of the two is built for several."""
    shared = shared_platforms(writer, reader)
    return frozenset() if shared is None else platforms_built(reader).difference(shared)


def platforms_built(record: BuildRecord) -> frozenset[str]:
    """The platforms of a build, as its steps name them; else the requested ones, else the engine's own."""
    named = frozenset().union(*(platforms_of(step.platform) for step in record.steps))
    engine = record.engine
    own = f"{engine.os}/{engine.architecture}" if engine is not None and engine.architecture else ""
    return named or frozenset(map(normal_platform, platforms_of(record.request.platform or own)))


def is_beside(step: StepRecord, other: StepRecord) -> bool:
    """Whether two steps may be of one branch: one of them is for all that the other is for."""
    return is_part_of(step.platform, other.platform) or is_part_of(other.platform, step.platform)


# The Dockerfile's text behind a step.


def raw_text(dockerfile: Dockerfile | None, view: StepView) -> str:
    """The step's text in the Dockerfile; what the builder showed when that is not known."""
    instruction = instruction_at(dockerfile, view.step)
    return normalise(view.step.instruction if instruction is None else instruction.text)


def instructions_in(dockerfile: Dockerfile | None) -> tuple[Instruction, ...]:
    """The instructions of a Dockerfile; none where it is not known."""
    return dockerfile.instructions if dockerfile is not None else ()


def declared_names(dockerfile: Dockerfile | None, keyword: str) -> frozenset[str]:
    """Names that ENV or ARG lines set or declare anywhere."""
    found = instructions_in(dockerfile)
    return frozenset(name for each in found if each.keyword == keyword for name, _ in each.pairs)


def added_step(writer: JudgedBuild, reader: JudgedBuild, alignment: Alignment, view: StepView) -> Difference:
    """The difference that a step is which only the reader has."""
    step = view.step
    if step.stage not in alignment.stages and writer.record.request.target != reader.record.request.target:
        return Difference(
            cause="target",
            field="target",
            writer=writer.record.request.target,
            reader=reader.record.request.target,
        )
    added = added_platforms(writer.record, reader.record)
    if step.platform and platforms_of(step.platform) <= added:
        return Difference(
            cause="platform",
            field="platform",
            writer=",".join(sorted(platforms_built(writer.record))),
            reader=",".join(sorted(platforms_built(reader.record))),
        )
    origin = moved_from(writer.record, alignment, step)
    if origin is not None:
        return _moved(origin, step, writer.record.steps, reader.record.steps)
    cause = "label" if is_request_label(reader.record, step) else "instruction"
    return Difference(cause=cause, field=STEP_FIELD, writer=None, reader=normalise(step.instruction))


def removed_steps(
    writer_views: Mapping[int, StepView],
    reader_views: Mapping[int, StepView],
    alignment: Alignment,
    pair: tuple[int, int],
) -> tuple[tuple[int, ...], tuple[Difference, ...]]:
    """The writer's steps that the reader lacks right before a pair of aligned steps.

    Returns their indexes and the differences that they are.
    """
    writer_index, reader_index = pair
    removed = _unaligned_above(writer_views, alignment, writer_index)
    differences = []
    for index in removed:
        step = writer_views[index].step
        moved_to = _moved_to(reader_views, alignment, step)
        if moved_to is not None:
            steps = ([view.step for view in views.values()] for views in (writer_views, reader_views))
            differences.append(_moved(step, moved_to, *steps))
        else:
            text = normalise(step.instruction)
            differences.append(Difference(cause="instruction", field=STEP_FIELD, writer=text, reader=None))
    if not removed:
        differences.extend(
            _other_parents(writer_views, reader_views, alignment, (writer_index, reader_index))
        )
    return removed, tuple(dict.fromkeys(differences))


def is_request_label(record: BuildRecord, step: StepRecord) -> bool:
    """The step is a LABEL that came with the request, not from the Dockerfile."""
    if keyword(step.instruction) != "LABEL" or step.line:
        return False
    return any(name in step.instruction for name, _ in record.request.labels)


def _unaligned_above(views: Mapping[int, StepView], alignment: Alignment, index: int) -> tuple[int, ...]:
    found: list[int] = []
    pending = list(real_parents(views, index))
    while pending:
        parent = pending.pop()
        if parent in alignment.reader_of or parent in found:
            continue
        found.append(parent)
        pending.extend(real_parents(views, parent))
    return tuple(sorted(found))


def _other_parents(
    writer_views: Mapping[int, StepView],
    reader_views: Mapping[int, StepView],
    alignment: Alignment,
    pair: tuple[int, int],
) -> list[Difference]:
    """A step that builds on another step than before (``COPY --from`` of another stage)."""
    writer = set(real_parents(writer_views, pair[0]))
    reader = {alignment.writer_of.get(parent) for parent in real_parents(reader_views, pair[1])}
    if None in reader or writer == reader:
        return []
    return [
        Difference(
            cause="instruction",
            field="builds on",
            writer=", ".join(normalise(writer_views[index].step.instruction) for index in sorted(writer)),
            reader=", ".join(
                normalise(reader_views[index].step.instruction)
                for index in sorted(real_parents(reader_views, pair[1]))
            ),
        )
    ]


def _moved(
    origin: StepRecord, step: StepRecord, writers: Sequence[StepRecord], readers: Sequence[StepRecord]
) -> Difference:
    """By number; where both have the same, by what stands before it."""
    places = f"step {origin.index}", f"step {step.index}"
    if origin.index == step.index:
        places = _unlike(_above(origin, writers), _above(step, readers)) or places
    return Difference(
        cause="instruction-order", field=normalise(step.instruction), writer=places[0], reader=places[1]
    )


def _above(step: StepRecord, steps: Sequence[StepRecord]) -> list[str]:
    """What stands before a step in its stage, the nearest first."""
    own = [each for each in steps if each.stage == step.stage and each.index < step.index]
    return [normalise(each.instruction) for each in reversed(own) if is_beside(each, step)]


def _unlike(writers: list[str], readers: list[str]) -> tuple[str, str] | None:
    """The nearest lines that are not the same."""
    pairs = zip(writers, readers, strict=False)
    return next(((f"after `{one}`", f"after `{other}`") for one, other in pairs if one != other), None)


def moved_from(writer: BuildRecord, alignment: Alignment, step: StepRecord) -> StepRecord | None:
    """The writer's step with the same text that no other step of the reader stands for."""
    text = normalise(step.instruction)
    stage = alignment.stages.get(step.stage)
    return next(
        (
            candidate
            for candidate in writer.steps
            if candidate.stage == stage
            and candidate.index not in alignment.reader_of
            and is_beside(candidate, step)
            and normalise(candidate.instruction) == text
        ),
        None,
    )


def _moved_to(
    reader_views: Mapping[int, StepView], alignment: Alignment, step: StepRecord
) -> StepRecord | None:
    text = normalise(step.instruction)
    return next(
        (
            view.step
            for view in reader_views.values()
            if view.index not in alignment.writer_of
            and alignment.stages.get(view.step.stage) == step.stage
            and is_beside(view.step, step)
            and normalise(view.step.instruction) == text
        ),
        None,
    )
