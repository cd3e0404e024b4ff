"""Predicts a build from a recorded one: what each step would find in the cache, and why not.

Nothing here knows where the context's entries come from: a tree on disk, a commit, the record itself.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from layerfork.app.compare.answers import answers_of_pair, sides_again
from layerfork.app.predict.earlier import Past
from layerfork.app.predict.planned import Planned, changes_of
from layerfork.app.predict.steps import ToldSteps
from layerfork.context.walk import no_collection
from layerfork.diagnose import JudgedBuild, judge_pair
from layerfork.diagnose.cachelookup import CacheLookup, Reuse, lookups
from layerfork.diagnose.wronghits import doubts_about
from layerfork.dockerfile import Dockerfile
from layerfork.dockerfile.recorded import dockerfile_of
from layerfork.errors import EvidenceError, UsageError
from layerfork.hypothesis import Hypothesis, UnappliableError, suppose
from layerfork.hypothesis.keys import Settled
from layerfork.hypothesis.steps import instructions_of, named_images
from layerfork.keys.shared.baseimage import full_reference
from layerfork.record.answer import Fork, Judgement, Situation, Verdict
from layerfork.record.build import as_typed
from layerfork.record.change import BaseImageIs
from layerfork.record.prediction import Baseline, PredictedStatus, PredictedStep, Prediction
from layerfork.record.record import BuildRecord, StepStatus
from layerfork.record.run import NOT_JUDGED

__all__ = ["Foreseen", "Past", "Planned", "baseline_at", "foresee", "foresee_build", "predict_build"]
PLANNED = "this build"
"""What texts call the build that is predicted."""
_FEW = 2
"""So few instructions may all be reworded in one go."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreseen:
    """A prediction, and the build that it is about."""

    prediction: Prediction
    build: JudgedBuild | None = None
    """None when nothing is known of it."""
    index_of: Mapping[int, int] = field(default_factory=dict)
    """Where each step of the recorded build is in it."""
    doubts: Mapping[int, str] = field(default_factory=dict)
    """Steps of which nobody knows what the builder would make, and why."""


def predict_build(
    record: BuildRecord, planned: Planned, baseline: Baseline, earlier: Sequence[BuildRecord] = ()
) -> Prediction:
    """What would become of each step of a build like the recorded one, with other things sent.

    ``earlier`` are builds whose results lie in the same cache, newest first.
    Raises: UsageError for a target or a Dockerfile that no builder takes; EvidenceError for a record that
    nothing can be predicted from.
    """
    _, foreseen = foresee_build(record, planned, baseline, earlier)
    return foreseen.prediction


def foresee_build(
    record: BuildRecord, planned: Planned, baseline: Baseline, earlier: Sequence[BuildRecord] = ()
) -> tuple[Past, Foreseen]:
    """As `predict_build`, with what it was predicted from. Raises: as `predict_build`."""
    _check(record, planned)
    with no_collection():
        past = Past(record, earlier)
        return past, foresee(past, planned, baseline)


def foresee(past: Past, planned: Planned, baseline: Baseline) -> Foreseen:
    """What would become of each step of a build like the newest one. Raises: as `predict_build`."""
    record = past.newest.record
    _check(record, planned)
    changes = changes_of(record, planned)
    if changes:
        changes = (*past.other_images(), *changes)
    try:
        hypothesis = suppose(record, changes)
    except UnappliableError as error:
        why = "; ".join(filter(None, (str(error), planned.not_defined)))
        return Foreseen(prediction=_nothing_known(record, planned, baseline, why))
    if past.repeated is not None and not changes:
        keys = past.repeated.keys  # of very many files it takes long to make them
    else:
        keys = Settled(record=record, keys=past.newest.keys).keys_of(hypothesis)
    build = JudgedBuild(
        client=PLANNED, record=_with_times(hypothesis.record, past), keys=keys, hypothetical=True
    )
    planned = replace(planned, assumes=(*planned.assumes, *_images_assumed(past, hypothesis, planned)))
    real = {there: here for here, there in hypothesis.index_of.items()}
    doubts = {
        **doubts_about(past.newest, build, real, planned.unseen),
        **_unmodelled(hypothesis, planned),
    }
    found = _outlooks(past, build, doubts, planned)
    return Foreseen(
        prediction=_predicted(past, build, found, planned, baseline),
        build=build,
        index_of=hypothesis.index_of,
        doubts=doubts,
    )


def _unmodelled(hypothesis: Hypothesis, planned: Planned) -> dict[int, str]:
    """Steps of which neither the model nor a frontend says what they are, and why."""
    return {
        index: "; ".join(filter(None, (reason, planned.not_defined)))
        for index, reason in hypothesis.unmodelled.items()
    }


def _images_assumed(past: Past, hypothesis: Hypothesis, planned: Planned) -> tuple[str, ...]:
    """Base images that only an earlier build used, and of which no engine said what they are now."""
    told = {full_reference(each.reference) for each in planned.changes if isinstance(each, BaseImageIs)}
    named = {full_reference(name) for name in named_images(hypothesis.record).values()} - told
    found = [each.reference for each in past.other_images() if full_reference(each.reference) in named]
    return tuple(f"base image {reference} is what an earlier build found" for reference in found)


def _outlooks(
    past: Past, build: JudgedBuild, doubts: Mapping[int, str], planned: Planned
) -> Mapping[int, CacheLookup]:
    found = lookups(build, past.stored, doubts)
    return {index: CacheLookup(reuse=Reuse.NOT_FOUND) for index in found} if planned.other_cache else found


def _check(record: BuildRecord, planned: Planned) -> None:
    """Raises: UsageError, EvidenceError."""
    before = dockerfile_of(record)
    if before is None:
        raise EvidenceError(
            "the record does not hold the build's Dockerfile, so nothing can be predicted from it",
            hint="record the build: layerfork why PATH, or layerfork record -o FILE -- CMD",
        )
    changed = replace(record, request=replace(record.request, dockerfile=planned.dockerfile))
    after = before if planned.dockerfile is None else dockerfile_of(changed)
    if after is None:
        raise UsageError("the Dockerfile does not parse", hint="docker build says where")
    target = record.request.target if planned.target is None else planned.target
    if target and after.find_stage(target) is None:
        names = [stage.name or str(stage.index) for stage in after.stages]
        raise UsageError(f"the Dockerfile has no stage {target}", hint=f"there is {', '.join(names)}")
    if not _alike(before, after):
        raise UsageError(
            "the record is of another Dockerfile: the two have no instruction in common",
            hint="name a record of this one with --against, or record it: layerfork why PATH",
        )


def _alike(before: Dockerfile, after: Dockerfile) -> bool:
    """Whether two Dockerfiles may be one that was changed: they share an instruction, or hardly have any."""
    own = [
        [each for each in one.instructions if each.keyword not in ("FROM", "ARG")] for one in (before, after)
    ]
    texts = [{each.text for each in instructions} for instructions in own]
    return bool(texts[0] & texts[1]) or min(map(len, texts)) <= _FEW


def _with_times(record: BuildRecord, past: Past) -> BuildRecord:
    """The steps with what they will take, and without what became of them; a cache is wanted."""
    steps = tuple(
        replace(
            step,
            status=StepStatus.UNKNOWN,
            identity="",
            error="",
            started_s=None,
            seconds=past.seconds_of(step),
        )
        for step in record.steps
    )
    asked = record.request
    request = replace(asked, no_cache=False, no_cache_stages=())
    definition = record.definition
    if definition is not None and (asked.no_cache or asked.no_cache_stages):
        ops = tuple(replace(op, ignore_cache=False) for op in definition.ops)
        definition = replace(definition, ops=ops)
    return replace(record, request=request, definition=definition, steps=steps)


def _predicted(
    past: Past,
    build: JudgedBuild,
    found: Mapping[int, CacheLookup],
    planned: Planned,
    baseline: Baseline,
) -> Prediction:
    record = build.record
    steps = tuple(replace(step, status=_status_by(found[step.index])) for step in record.steps)
    reader = replace(build, record=replace(record, steps=steps))
    judged = NOT_JUDGED if planned.other_cache else judge_pair(past.newest, reader)
    missed = {index for index, each in found.items() if each.reuse is Reuse.NOT_FOUND}
    forks = tuple(_certain(fork, missed, reader.record) for fork in judged.forks if fork.step in missed)
    judgement = replace(judged, forks=forks, verdict=Verdict.FORKED if forks else Verdict.REUSED, warnings=())
    answers, _ = answers_of_pair(
        judgement,
        past.newest.record,
        reader.record,
        sides_again(past.newest.record, reader.record),
        Situation.AGAIN,
        lambda: reader.record,
    )
    now = datetime.fromisoformat(baseline.recorded_at).timestamp() + baseline.age_s
    told = ToldSteps(
        record=reader.record,
        lookups=found,
        forks=forks,
        always=frozenset(step.index for step in build.keys.steps if step.always_runs),
        other_cache=planned.other_cache,
        past=past,
        now_s=now,
    )
    predictions = tuple(told.all())
    costs = [
        step.seconds
        for step in predictions
        if step.prediction is PredictedStatus.MISS and step.seconds is not None
    ]
    nothing_missed = not any(step.prediction is PredictedStatus.MISS for step in predictions)
    return Prediction(
        against=baseline,
        steps=predictions,
        seconds_lost=sum(costs) if costs or nothing_missed else None,
        judgement=judgement,
        answers=tuple(replace(answer, predicted=True) for answer in answers),
        assumes=planned.assumes,
    )


def _status_by(lookup: CacheLookup) -> StepStatus:
    """What explains builds is told of a step: of a miss that differing keys explain nothing."""
    if lookup.reuse is Reuse.FOUND:
        return StepStatus.HIT
    return StepStatus.MISS if lookup.why else StepStatus.UNKNOWN


def _certain(fork: Fork, missed: Collection[int], record: BuildRecord) -> Fork:
    """The fork with those of its consequences that will miss for certain, and what they take."""
    consequences = tuple(each for each in fork.consequences if each in missed)
    took = {step.index: step.seconds for step in record.steps}
    costs = [cost for each in (fork.step, *consequences) if (cost := took.get(each)) is not None]
    return replace(fork, consequences=consequences, seconds_lost=sum(costs) if costs else None)


def _nothing_known(record: BuildRecord, planned: Planned, baseline: Baseline, why: str) -> Prediction:
    """A prediction that says of no step what becomes of it."""
    instructions = instructions_of(record)
    return Prediction(
        against=baseline,
        steps=tuple(
            PredictedStep(
                index=step.index,
                line=instructions[step.index].first_line if step.index in instructions else step.line,
                stage=step.stage_name,
                platform=step.platform,
                instruction=step.instruction,
                prediction=PredictedStatus.UNKNOWN,
                reason=why,
            )
            for step in record.steps
        ),
        judgement=Judgement(verdict=Verdict.ERROR, classes=(), forks=()),
        assumes=planned.assumes,
    )


def baseline_at(record: BuildRecord, now: datetime, known: int = 0) -> Baseline:
    """What to say about the record that a build is predicted from."""
    return Baseline(
        id=record.id,
        recorded_at=record.recorded_at,
        age_s=(now - datetime.fromisoformat(record.recorded_at)).total_seconds(),
        command=as_typed(record.client.argv),
        ran_in=record.place.ran_in,
        engine=record.engine.version if record.engine is not None else "",
        steps=len(record.steps),
        known=known,
    )
