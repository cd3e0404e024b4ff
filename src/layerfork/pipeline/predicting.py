"""Predicts a build from a recorded one: what each step would find in the cache, and why not.

Nothing here knows where the context's entries come from: a tree on disk, a commit, the record itself.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from layerfork.buildcontext.gopath import context_path
from layerfork.buildcontext.walk import no_collection
from layerfork.cachekey import keys_of
from layerfork.dockerfile.recorded import dockerfile_of
from layerfork.errors import EvidenceError, UsageError
from layerfork.explain import JudgedBuild, judge_pair
from layerfork.explain.doubts import doubts_about
from layerfork.explain.outlook import Outlook, Reuse, Stored, outlooks
from layerfork.model.answer import Situation
from layerfork.model.build import Builder
from layerfork.model.change import (
    MAIN_CONTEXT,
    BuildArgIs,
    Change,
    DockerfileIs,
    EntriesAre,
    PatternsAre,
    RequestIs,
    TransportIs,
)
from layerfork.model.context import ContextEntry, ContextManifest
from layerfork.model.judgement import Cause, Fork, Judgement, Verdict
from layerfork.model.prediction import Forecast, Prediction, StepPrediction
from layerfork.model.record import BuildRecord, StepRecord, StepStatus
from layerfork.model.report import Baseline
from layerfork.pipeline.answering import answers_of_pair, sides_again
from layerfork.whatif import Hypothesis, UnappliableError, suppose
from layerfork.whatif.keys import Settled
from layerfork.whatif.steps import instructions_of

RECORDED, PLANNED = "the recorded build", "this build"
"""What texts call the two builds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """What a client would send; None for what stays as it was recorded."""

    contexts: tuple[ContextManifest, ...] = ()
    """The main context and named ones, as the client would send them: those that are not as recorded."""
    dockerfile: str | None = None
    build_args: Mapping[str, str] | None = None
    """All that are given."""
    target: str | None = None
    assumes: tuple[str, ...] = ()
    """What whoever made these took for granted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _World:
    """The build that is predicted, as far as it is known."""

    recorded: JudgedBuild
    planned: JudgedBuild
    hypothesis: Hypothesis


class Past:
    """What builds left in one cache, as far as it is known."""

    def __init__(self, record: BuildRecord, earlier: Sequence[BuildRecord] = ()) -> None:
        """``earlier`` are builds before the recorded one, newest first: steps may find their results, too.

        They show what steps took when they were built.
        """
        keys = keys_of(record)
        self.newest = JudgedBuild(client=RECORDED, record=record, keys=keys)
        """The build that the next one is compared with."""
        self.costs = Costs((record, *earlier))
        self.stored = _stored(record, Settled(record=record, keys=keys), earlier)

    def go_on(self, build: JudgedBuild) -> None:
        """Suppose that a predicted build was made."""
        self.newest = replace(build, client=RECORDED)
        self.stored.add(build)


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreseen:
    """A prediction, and the build that it is about."""

    prediction: Prediction
    build: JudgedBuild | None = None
    """None when nothing is known of it."""


def predict_build(
    record: BuildRecord, planned: Planned, baseline: Baseline, earlier: Sequence[BuildRecord] = ()
) -> Prediction:
    """What would become of each step of a build like the recorded one, with other things sent.

    ``earlier`` are builds whose results lie in the same cache, newest first.
    Raises: UsageError for a target or a Dockerfile that no builder takes; EvidenceError for a record that
    nothing can be predicted from.
    """
    _check(record, planned)
    with no_collection():
        return foresee(Past(record, earlier), planned, baseline).prediction


def foresee(past: Past, planned: Planned, baseline: Baseline) -> Foreseen:
    """What would become of each step of a build like the newest one. Raises: as `predict_build`."""
    record = past.newest.record
    _check(record, planned)
    try:
        hypothesis = suppose(record, changes_of(record, planned))
    except UnappliableError as error:
        return Foreseen(prediction=_nothing_known(record, planned, baseline, str(error)))
    real = {there: here for here, there in hypothesis.index_of.items()}
    settled = Settled(record=record, keys=past.newest.keys)
    build = JudgedBuild(
        client=PLANNED,
        record=_with_times(hypothesis.record, real, past.costs),
        keys=settled.keys_of(hypothesis),
        hypothetical=True,
    )
    world = _World(recorded=past.newest, planned=build, hypothesis=hypothesis)
    doubts = {**doubts_about(world.recorded, world.planned, real), **hypothesis.unmodelled}
    found = outlooks(build, past.stored, doubts)
    return Foreseen(prediction=_predicted(world, found, planned, baseline), build=build)


def changes_of(record: BuildRecord, planned: Planned) -> tuple[Change, ...]:
    """Everything that is otherwise than in the record."""
    return (*_request_changes(record, planned), *_context_changes(record, planned))


def _request_changes(record: BuildRecord, planned: Planned) -> Iterator[Change]:
    request = record.request
    before = dict(request.build_args)
    after = before if planned.build_args is None else dict(planned.build_args)
    changes: list[Change] = [
        BuildArgIs(name=name, value=after.get(name))
        for name in sorted(before.keys() | after.keys())
        if before.get(name) != after.get(name)
    ]
    if planned.target is not None and planned.target != request.target:
        changes.append(RequestIs(field="target", value=planned.target))
    text = request.dockerfile if planned.dockerfile is None else planned.dockerfile
    if text is not None and (changes or text != request.dockerfile):
        yield DockerfileIs(text=text)
    yield from changes


def _context_changes(record: BuildRecord, planned: Planned) -> Iterator[Change]:
    recorded = {each.name: each for each in (record.context, *record.named_contexts) if each is not None}
    for after in planned.contexts:
        before = recorded.get(after.name)
        if before is None:
            continue
        if before.transport is not after.transport:
            yield TransportIs(transport=after.transport, context=after.name)
        if after.name == MAIN_CONTEXT and before.excludes != after.excludes:
            yield PatternsAre(patterns=after.excludes)
        yield from _entry_changes(before, after)


def _entry_changes(before: ContextManifest, after: ContextManifest) -> Iterator[EntriesAre]:
    old, new = _by_path(before), _by_path(after)
    for path in sorted(old.keys() | new.keys()):
        mine, theirs = old.get(path, []), new.get(path, [])
        if list(map(_told, mine)) != list(map(_told, theirs)):
            yield EntriesAre(path=path, entries=tuple(theirs), context=after.name)


def _by_path(manifest: ContextManifest) -> dict[str, list[ContextEntry]]:
    found: dict[str, list[ContextEntry]] = {}
    for entry in manifest.entries:
        found.setdefault(context_path(entry.name), []).append(entry)
    return found


def _told(entry: ContextEntry) -> tuple[object, ...]:
    """What some builder's key may hold of an entry."""
    return (
        entry.name_bytes,
        entry.type,
        entry.mode,
        entry.uid,
        entry.gid,
        entry.uname,
        entry.gname,
        entry.size,
        entry.linkname_bytes,
        entry.devmajor,
        entry.devminor,
        entry.xattrs,
        entry.content,
    )


def _check(record: BuildRecord, planned: Planned) -> None:
    """Raises: UsageError, EvidenceError."""
    if dockerfile_of(record) is None:
        raise EvidenceError(
            "the record does not hold the build's Dockerfile, so nothing can be predicted from it",
            hint="record the build: layerfork why PATH, or layerfork record -o FILE -- CMD",
        )
    changed = replace(record, request=replace(record.request, dockerfile=planned.dockerfile))
    dockerfile = dockerfile_of(record if planned.dockerfile is None else changed)
    if dockerfile is None:
        raise UsageError("the Dockerfile does not parse", hint="docker build says where")
    target = record.request.target if planned.target is None else planned.target
    if target and dockerfile.find_stage(target) is None:
        names = [stage.name or str(stage.index) for stage in dockerfile.stages]
        raise UsageError(f"the Dockerfile has no stage {target}", hint=f"there is {', '.join(names)}")


class Costs:
    """What steps took when they were really built, of several builds the newest that built them."""

    def __init__(self, records: Sequence[BuildRecord]) -> None:
        self._seconds: dict[tuple[str, str, str], float] = {}
        for record in records:
            for step in record.steps:
                if step.status is StepStatus.MISS and step.seconds is not None and not step.error:
                    self._seconds.setdefault(_name_of(step), step.seconds)

    def of(self, step: StepRecord) -> float | None:
        """Seconds; None when no build shows them."""
        return self._seconds.get(_name_of(step))


def _name_of(step: StepRecord) -> tuple[str, str, str]:
    return step.stage_name or str(step.stage), step.platform, step.instruction


def _with_times(record: BuildRecord, real: Mapping[int, int], costs: Costs) -> BuildRecord:
    """The steps with what they will take, and without what became of them."""
    steps = tuple(
        replace(
            step,
            status=StepStatus.UNKNOWN,
            identity="",
            error="",
            started_s=None,
            seconds=costs.of(step),
        )
        for step in record.steps
    )
    return replace(record, steps=steps)


def _stored(record: BuildRecord, settled: Settled, earlier: Sequence[BuildRecord]) -> Stored:
    """What recorded builds left in the cache; their keys without what the engine answered, as are those
    of the build that they are compared with."""
    stored = Stored()
    stored.add(_without_answers(record, settled))
    for each in earlier:
        stored.add(_without_answers(each, Settled(record=each, keys=keys_of(each))))
    return stored


def _without_answers(record: BuildRecord, settled: Settled) -> JudgedBuild:
    same = suppose(record, ())
    return JudgedBuild(client=RECORDED, record=same.record, keys=settled.keys_of(same))


def _predicted(
    world: _World, found: Mapping[int, Outlook], planned: Planned, baseline: Baseline
) -> Prediction:
    record = world.planned.record
    hits = {index for index, each in found.items() if each.reuse is Reuse.FOUND}
    steps = tuple(
        replace(step, status=StepStatus.HIT if step.index in hits else StepStatus.UNKNOWN)
        for step in record.steps
    )
    reader = replace(world.planned, record=replace(record, steps=steps))
    judged = judge_pair(world.recorded, reader)
    missed = {index for index, each in found.items() if each.reuse is Reuse.NOT_FOUND}
    forks = tuple(fork for fork in judged.forks if fork.step in missed)
    judgement = replace(judged, forks=forks, verdict=Verdict.FORKED if forks else Verdict.REUSED, warnings=())
    answers, _ = answers_of_pair(
        judgement,
        world.recorded.record,
        reader.record,
        sides_again(world.recorded.record, reader.record),
        Situation.AGAIN,
        lambda: reader.record,
    )
    predictions = tuple(_steps(world, reader.record, found, forks))
    costs = [
        step.seconds for step in predictions if step.prediction is Forecast.MISS and step.seconds is not None
    ]
    nothing_missed = not any(step.prediction is Forecast.MISS for step in predictions)
    return Prediction(
        against=baseline,
        steps=predictions,
        seconds_lost=sum(costs) if costs or nothing_missed else None,
        judgement=judgement,
        answers=tuple(replace(answer, predicted=True) for answer in answers),
        assumes=planned.assumes,
    )


def _steps(
    world: _World, record: BuildRecord, found: Mapping[int, Outlook], forks: Sequence[Fork]
) -> Iterator[StepPrediction]:
    instructions = instructions_of(record)
    always = {step.index for step in world.planned.keys.steps if step.always_runs}
    causes: dict[int, tuple[Cause, ...]] = {fork.step: fork.causes for fork in forks}
    for step in record.steps:
        outlook = found[step.index]
        written = instructions.get(step.index)
        yield StepPrediction(
            index=step.index,
            line=written.first_line if written is not None else step.line,
            stage=step.stage_name,
            platform=step.platform,
            instruction=step.instruction,
            prediction=_forecast(outlook, always_runs=step.index in always),
            reason=_reason(outlook, record, causes.get(step.index, ()), always_runs=step.index in always),
            causes=causes.get(step.index, ()),
            seconds=step.seconds,
        )


def _forecast(outlook: Outlook, *, always_runs: bool) -> Forecast:
    """A FROM has no cache of its own: engines report it as reused whatever it names."""
    if outlook.reuse is Reuse.OPEN:
        return Forecast.UNKNOWN
    hit = always_runs or outlook.reuse is Reuse.FOUND
    return Forecast.HIT if hit else Forecast.MISS


def _reason(outlook: Outlook, record: BuildRecord, causes: Sequence[Cause], *, always_runs: bool) -> str:
    steps = {step.index: step for step in record.steps}
    if outlook.reuse is Reuse.FOUND:
        return ""
    if always_runs and outlook.reuse is Reuse.NOT_FOUND:
        return "another image than before: what builds on it is built again"
    if outlook.above and outlook.reuse is Reuse.NOT_FOUND:
        return f"builds on step {outlook.above}, which misses"
    if outlook.above:
        return f"builds on step {outlook.above}, of which nothing certain is known"
    if outlook.lacks:
        return f"not known: {', '.join(outlook.lacks)}"
    if outlook.reads:
        return _read_anew(outlook.reads, steps, record.builder)
    if causes:
        return causes[0].text.partition(": ")[2] or causes[0].text
    return "no recorded build of this cache has stored it" if outlook.reuse is Reuse.NOT_FOUND else ""


def _read_anew(reads: Sequence[int], steps: Mapping[int, StepRecord], builder: Builder) -> str:
    names = dict.fromkeys(steps[each].stage_name or f"stage {steps[each].stage}" for each in reads)
    who = {Builder.CLASSIC: "the classic builder", Builder.BUILDKIT: "BuildKit", Builder.BUILDAH: "buildah"}
    return (
        f"reads files of {', '.join(names)}, which is built again: {who[builder]} compares them with what it "
        "read before, and only the build makes them"
    )


def _nothing_known(record: BuildRecord, planned: Planned, baseline: Baseline, why: str) -> Prediction:
    """A prediction that says of no step what becomes of it."""
    instructions = instructions_of(record)
    return Prediction(
        against=baseline,
        steps=tuple(
            StepPrediction(
                index=step.index,
                line=instructions[step.index].first_line if step.index in instructions else step.line,
                stage=step.stage_name,
                platform=step.platform,
                instruction=step.instruction,
                prediction=Forecast.UNKNOWN,
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
        command=" ".join(record.client.argv),
        ran_in=record.place.ran_in,
        engine=record.engine.version if record.engine is not None else "",
        steps=len(record.steps),
        known=known,
    )
