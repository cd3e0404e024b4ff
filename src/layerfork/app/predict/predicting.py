"""Predicts a build from a recorded one: what each step would find in the cache, and why not.

Nothing here knows where the context's entries come from: a tree on disk, a commit, the record itself.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from math import fsum

from layerfork.app.compare.answers import answers_of_pair, sides_again
from layerfork.app.predict.earlierbuilds import EarlierBuilds
from layerfork.app.predict.nextbuild import NextBuild, changes_of
from layerfork.app.predict.predictedsteps import PredictedSteps
from layerfork.context.walk import no_collection
from layerfork.diagnose import JudgedBuild, judge_pair
from layerfork.diagnose.cachelookup import CacheLookup, Reuse, lookups
from layerfork.diagnose.wronghits import doubts_about
from layerfork.dockerfile import Dockerfile
from layerfork.dockerfile.recorded import dockerfile_of
from layerfork.errors import EvidenceError, UsageError
from layerfork.hypothesis import Hypothesis, UnappliableError, suppose
from layerfork.hypothesis.steps import instructions_of, named_images
from layerfork.hypothesis.suppose import Settled
from layerfork.keys.recordedbases import full_reference
from layerfork.record.answer import Fork, Judgement, Situation, Verdict
from layerfork.record.build import as_typed
from layerfork.record.change import BaseImageIs
from layerfork.record.prediction import Baseline, PredictedStatus, PredictedStep, Prediction
from layerfork.record.record import BuildRecord, StepStatus
from layerfork.record.run import NOT_JUDGED

THIS_BUILD = "this build"
"""What texts call the build that is predicted."""
_FEW = 2
"""So few instructions may all be reworded in one go."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictedBuild:
    """A prediction, and the build that it is about."""

    prediction: Prediction
    build: JudgedBuild | None = None
    """None when nothing is known of it."""
    index_of: Mapping[int, int] = field(default_factory=dict)
    """Where each step of the recorded build is in it."""
    doubts: Mapping[int, str] = field(default_factory=dict)
    """Steps whose result is unknown before the build, and why."""


def predict_build(
    record: BuildRecord, next_build: NextBuild, baseline: Baseline, earlier: Sequence[BuildRecord] = ()
) -> Prediction:
    """What would become of each step of a build like the recorded one, with other things sent.

    ``earlier`` are builds whose results lie in the same cache, newest first.
    Raises: UsageError for a target or a Dockerfile that no builder takes; EvidenceError for a record that
    nothing can be predicted from.
    """
    _, predicted = predict_from(record, next_build, baseline, earlier)
    return predicted.prediction


def predict_from(
    record: BuildRecord, next_build: NextBuild, baseline: Baseline, earlier: Sequence[BuildRecord] = ()
) -> tuple[EarlierBuilds, PredictedBuild]:
    """As `predict_build`, with what it was predicted from. Raises: as `predict_build`."""
    _check(record, next_build)
    with no_collection():
        earlier_builds = EarlierBuilds(record, earlier)
        return earlier_builds, predict_next(earlier_builds, next_build, baseline)


def predict_next(earlier_builds: EarlierBuilds, next_build: NextBuild, baseline: Baseline) -> PredictedBuild:
    """What would become of each step of a build like the newest one. Raises: as `predict_build`."""
    record = earlier_builds.newest.record
    _check(record, next_build)
    changes = changes_of(record, next_build)
    if changes:
        changes = (*earlier_builds.other_images(), *changes)
    try:
        hypothesis = suppose(record, changes)
    except UnappliableError as error:
        why = "; ".join(filter(None, (str(error), next_build.not_defined)))
        return PredictedBuild(prediction=_nothing_known(record, next_build, baseline, why))
    if earlier_builds.repeated is not None and not changes:
        keys = earlier_builds.repeated.keys  # of very many files it takes long to make them
    else:
        keys = Settled(record=record, keys=earlier_builds.newest.keys).keys_of(hypothesis)
    build = JudgedBuild(
        client=THIS_BUILD, record=_with_times(hypothesis.record, earlier_builds), keys=keys, hypothetical=True
    )
    next_build = replace(
        next_build, assumes=(*next_build.assumes, *_images_assumed(earlier_builds, hypothesis, next_build))
    )
    real = {there: here for here, there in hypothesis.index_of.items()}
    doubts = {
        **doubts_about(earlier_builds.newest, build, real, next_build.unseen),
        **_unmodelled(hypothesis, next_build),
    }
    found = _lookups(earlier_builds, build, doubts, next_build)
    return PredictedBuild(
        prediction=_predicted(earlier_builds, build, found, next_build, baseline),
        build=build,
        index_of=hypothesis.index_of,
        doubts=doubts,
    )


def _unmodelled(hypothesis: Hypothesis, next_build: NextBuild) -> dict[int, str]:
    """Steps that neither the model nor a frontend defines, and why."""
    return {
        index: "; ".join(filter(None, (reason, next_build.not_defined)))
        for index, reason in hypothesis.unmodelled.items()
    }


def _images_assumed(
    earlier_builds: EarlierBuilds, hypothesis: Hypothesis, next_build: NextBuild
) -> tuple[str, ...]:
    """Base images that only an earlier build used and that no engine has looked up again."""
    given = {full_reference(each.reference) for each in next_build.changes if isinstance(each, BaseImageIs)}
    named = {full_reference(name) for name in named_images(hypothesis.record).values()} - given
    found = [
        each.reference for each in earlier_builds.other_images() if full_reference(each.reference) in named
    ]
    return tuple(f"base image {reference} is what an earlier build found" for reference in found)


def _lookups(
    earlier_builds: EarlierBuilds, build: JudgedBuild, doubts: Mapping[int, str], next_build: NextBuild
) -> Mapping[int, CacheLookup]:
    found = lookups(build, earlier_builds.stored, doubts)
    return {index: CacheLookup(reuse=Reuse.NOT_FOUND) for index in found} if next_build.other_cache else found


def _check(record: BuildRecord, next_build: NextBuild) -> None:
    """Raises: UsageError, EvidenceError."""
    before = dockerfile_of(record)
    if before is None:
        raise EvidenceError(
            "the record does not hold the build's Dockerfile, so nothing can be predicted from it",
            hint="record the build: layerfork why PATH, or layerfork record -o FILE -- CMD",
        )
    changed = replace(record, request=replace(record.request, dockerfile=next_build.dockerfile))
    after = before if next_build.dockerfile is None else dockerfile_of(changed)
    if after is None:
        raise UsageError("the Dockerfile does not parse", hint="docker build says where")
    target = record.request.target if next_build.target is None else next_build.target
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
    old, new = _texts(before), _texts(after)
    return not old.isdisjoint(new) or min(len(old), len(new)) <= _FEW


def _texts(dockerfile: Dockerfile) -> set[str]:
    """The instructions that make layers, or change them: FROM and ARG are alike in many Dockerfiles."""
    return {each.text for each in dockerfile.instructions if each.keyword not in ("FROM", "ARG")}


def _with_times(record: BuildRecord, earlier_builds: EarlierBuilds) -> BuildRecord:
    """The steps with what they will take, and without what became of them; a cache is wanted."""
    steps = tuple(
        replace(
            step,
            status=StepStatus.UNKNOWN,
            identity="",
            error="",
            started_s=None,
            seconds=earlier_builds.seconds_of(step),
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
    earlier_builds: EarlierBuilds,
    build: JudgedBuild,
    found: Mapping[int, CacheLookup],
    next_build: NextBuild,
    baseline: Baseline,
) -> Prediction:
    record = build.record
    steps = tuple(replace(step, status=_status_by(found[step.index])) for step in record.steps)
    reader = replace(build, record=replace(record, steps=steps))
    judged = NOT_JUDGED if next_build.other_cache else judge_pair(earlier_builds.newest, reader)
    missed = {index for index, each in found.items() if each.reuse is Reuse.NOT_FOUND}
    forks = tuple(_certain(fork, missed, reader.record) for fork in judged.forks if fork.step in missed)
    judgement = replace(judged, forks=forks, verdict=Verdict.FORKED if forks else Verdict.REUSED, warnings=())
    answers, _ = answers_of_pair(
        judgement,
        earlier_builds.newest.record,
        reader.record,
        sides_again(earlier_builds.newest.record, reader.record),
        Situation.AGAIN,
        lambda: reader.record,
    )
    now = datetime.fromisoformat(baseline.recorded_at).timestamp() + baseline.age_s
    predicted_steps = PredictedSteps(
        record=reader.record,
        lookups=found,
        forks=forks,
        always=frozenset(step.index for step in build.keys.steps if step.always_runs),
        other_cache=next_build.other_cache,
        earlier_builds=earlier_builds,
        now_s=now,
    )
    predictions = tuple(predicted_steps.all())
    costs = [
        step.seconds
        for step in predictions
        if step.prediction is PredictedStatus.MISS and step.seconds is not None
    ]
    nothing_missed = not any(step.prediction is PredictedStatus.MISS for step in predictions)
    return Prediction(
        against=baseline,
        steps=predictions,
        seconds_lost=fsum(costs) if costs or nothing_missed else None,
        judgement=judgement,
        answers=tuple(replace(answer, predicted=True) for answer in answers),
        assumes=next_build.assumes,
    )


def _status_by(lookup: CacheLookup) -> StepStatus:
    """The status that the diagnosis sees; a miss that differing keys do not explain is unknown to it."""
    if lookup.reuse is Reuse.FOUND:
        return StepStatus.HIT
    return StepStatus.MISS if lookup.why else StepStatus.UNKNOWN


def _certain(fork: Fork, missed: Collection[int], record: BuildRecord) -> Fork:
    """The fork with those of its consequences that will miss for certain, and what they take."""
    consequences = tuple(each for each in fork.consequences if each in missed)
    took = {step.index: step.seconds for step in record.steps}
    costs = [cost for each in (fork.step, *consequences) if (cost := took.get(each)) is not None]
    return replace(fork, consequences=consequences, seconds_lost=fsum(costs) if costs else None)


def _nothing_known(record: BuildRecord, next_build: NextBuild, baseline: Baseline, why: str) -> Prediction:
    """A prediction in which every step is unknown."""
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
        assumes=next_build.assumes,
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
