"""What a remedy would bring, by the key model alone: nothing is built."""

from collections.abc import Mapping, Sequence

from layerfork.diagnose import JudgedBuild
from layerfork.diagnose.cachelookup import CacheLookup, Reuse, Stored, lookups
from layerfork.hypothesis import Hypothesis, UnappliableError, suppose
from layerfork.hypothesis.fileedits import changes_of
from layerfork.hypothesis.steps import instructions_of
from layerfork.hypothesis.suppose import Settled
from layerfork.keys import keys_of
from layerfork.record.answer import Answer, CauseStatus, Fork, Way
from layerfork.record.change import Change
from layerfork.record.fixing import Again, FilePatch, PredictedReuse, Remedy, Reused
from layerfork.record.record import BuildRecord, StepRecord, StepStatus


def foreseen(
    reader: BuildRecord,
    fork: Fork,
    answer: Answer,
    remedy: Remedy,
    patches: Sequence[FilePatch],
    again: Again,
) -> PredictedReuse:
    """Which of the steps that were built again will be reused, when the same happens once more."""
    steps = rebuilt_steps(reader, fork)
    if unknown := _why_unknown(answer, remedy, patches, again):
        return PredictedReuse(unknown=unknown)
    if remedy.way is not Way.REBUILD:
        return PredictedReuse(reused=tuple(reused_step(reader, step) for step in steps))
    texts = _edited_texts(remedy, patches)
    try:
        found = _outlooks(
            reader,
            changes_of(reader, remedy.edits, texts),
            changes_of(reader, remedy.edits, texts, again),
        )
    except UnappliableError as error:
        return PredictedReuse(unknown=str(error))
    names = [(_name(step), step) for step in steps]
    return PredictedReuse(
        reused=tuple(reused_step(reader, step) for name, step in names if _is(found, name, Reuse.FOUND)),
        unknown="" if not any(_is(found, name, Reuse.OPEN) for name, _ in names) else "not of every step",
    )


def _why_unknown(answer: Answer, remedy: Remedy, patches: Sequence[FilePatch], again: Again) -> str:
    """Why nothing can be said before the build; empty where something can."""
    if remedy.way is Way.COLD:
        return "what a cache will hold is not known before it is exported"
    if remedy.way is Way.REBUILD:
        complete = len(patches) == len({edit.file for edit in remedy.edits})
        return again.unknown or ("" if complete else "the files are not what they were")
    if remedy.left:
        return f"other causes are left: {', '.join(remedy.left)}"
    if remedy.way is Way.RESTORE and answer.status is not CauseStatus.PROVEN:
        return f"the cause is only {answer.status.value}"
    return ""


def _edited_texts(remedy: Remedy, patches: Sequence[FilePatch]) -> dict[str, str]:
    """The files after the edits, by the name that the edits have for them."""
    texts = {}
    for edit in remedy.edits:
        for patch in patches:
            if edit.file in (patch.name, patch.path) or patch.path.endswith(f"/{edit.file}"):
                texts[edit.file] = patch.after.decode("utf-8", "replace")
    return texts


def found_elsewhere(first: BuildRecord, second: BuildRecord) -> frozenset[int]:
    """Steps of the second build that were reused, but by their keys of another build than the first."""
    cache = Stored()
    cache.add(JudgedBuild(client="", record=first, keys=keys_of(first)))
    keys = keys_of(second)
    found = lookups(JudgedBuild(client="", record=second, keys=keys), cache, {})
    hits = {step.index for step in second.steps if step.status is StepStatus.HIT}
    always = {step.index for step in keys.steps if step.always_runs}
    return frozenset(
        index for index in hits - always if index in found and found[index].reuse is Reuse.NOT_FOUND
    )


def reused_step(record: BuildRecord, step: StepRecord) -> Reused:
    """A step as it was built."""
    written = instructions_of(record).get(step.index)
    return Reused(
        line=written.first_line if written is not None else step.line,
        instruction=written.text if written is not None else step.instruction,
        seconds=step.seconds,
    )


def rebuilt_steps(record: BuildRecord, fork: Fork) -> list[StepRecord]:
    """Steps that a cache can hold, and that were built again for one reason."""
    wanted = {fork.step, *fork.consequences} - {
        step.index for step in keys_of(record).steps if step.always_runs
    }
    return [step for step in record.steps if step.index in wanted]


def _outlooks(
    record: BuildRecord, first: Sequence[Change], second: Sequence[Change]
) -> Mapping[tuple[str, str], CacheLookup]:
    """What the second build finds of what the first has stored, by instruction. Raises: UnappliableError."""
    settled = Settled(record=record, keys=keys_of(record))
    built, again = (suppose(record, changes) for changes in (first, second))
    cache = Stored()
    cache.add(_judged(built, settled))
    found = lookups(_judged(again, settled), cache, again.unmodelled)
    steps = {step.index: step for step in again.record.steps}
    return {_name(steps[index]): lookup for index, lookup in found.items()}


def _judged(hypothesis: Hypothesis, settled: Settled) -> JudgedBuild:
    return JudgedBuild(
        client="", record=hypothesis.record, keys=settled.keys_of(hypothesis), hypothetical=True
    )


def _name(step: StepRecord) -> tuple[str, str]:
    return step.platform, step.instruction


def _is(found: Mapping[tuple[str, str], CacheLookup], name: tuple[str, str], reuse: Reuse) -> bool:
    return name in found and found[name].reuse is reuse
