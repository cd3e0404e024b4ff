"""Runs cases: a baseline, then mutants of it, each compared with what the engine did."""

import os
import sys
import tempfile
import time
import traceback
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Protocol

from layerfork.builders.engines import open_engine
from layerfork.record.build import Builder
from layerfork.record.prediction import Prediction
from layerfork.record.record import BuildRecord, StepStatus
from research.mutations.build import BuildFailedError, Site
from research.mutations.change import Change
from research.mutations.foretell import foretell, manifest_of
from research.mutations.generate import generate
from research.mutations.mutate import mutate
from research.mutations.predict import Cache, Wrong, wrong_strings
from research.mutations.predict import Prediction as CachePrediction
from research.mutations.refute import wrong_labels
from research.mutations.report import Disagreement, Report, keep_records
from research.mutations.subject import Arena, Delivery
from research.mutations.verdict import explain

MUTANTS = 6
"""Cases that share a baseline; every mutant may also reuse what an earlier one stored."""
RESET_EVERY = 40
"""Groups after which the engine forgets everything, so that it stays fast."""
DIRECTORY_SHARE = {Builder.CLASSIC: 0.25, Builder.BUILDKIT: 0.5, Builder.BUILDAH: 0.25}


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    builder: Builder
    engine: str
    cases: int
    seed: int
    keep: Path | None = None
    """Where the records of disagreements go."""
    first_group: int = 0
    verbose: bool = False


def run_cases(options: Options) -> Report:
    """Run as many cases as asked for on an engine of its own. Raises: LayerforkError."""
    started = time.monotonic()
    with (
        tempfile.TemporaryDirectory(prefix="lf-", dir="/tmp") as directory,
        open_engine(options.engine).start(os.environ, _say) as engine,
    ):
        site = Site(engine=engine, directory=Path(directory))
        site.prepare()
        report = Report(
            builder=options.builder.value,
            engine=f"{options.engine} {engine.info.version}",
            seed=options.seed,
        )
        group = options.first_group
        while report.tried < options.cases:
            run_group(Group(options=options, site=site, report=report, number=group))
            group += 1
            if group % RESET_EVERY == 0:
                engine.reset()
                site.prepare()
    report.seconds = time.monotonic() - started
    wrong = (*report.definitions.wrong, *report.definitions.bytes_wrong)
    report.disagreements += [_other_operation(each) for each in wrong]
    return report


class Runs(Protocol):
    """A group, as far as this needs it."""

    doing: str
    report: Report

    def run(self) -> None: ...


def run_group(group: Runs) -> None:
    """Run a group; what it raises ends this group alone, and is one of the disagreements."""
    try:
        group.run()
    except Exception as error:
        _say("".join(traceback.format_exception(error)))
        group.report.crashed += 1
        group.report.disagreements.append(_crash(group.doing, error))


def _crash(case: str, error: Exception) -> Disagreement:
    where = traceback.extract_tb(error.__traceback__)[-1]
    what = f"{type(error).__name__}: {error} ({Path(where.filename).name}:{where.lineno})"
    return Disagreement(case=case, kind="crash", mutation="", expected=(), named=(), what=(what,))


def _other_operation(what: str) -> Disagreement:
    """An operation that our model of the frontend makes otherwise."""
    return Disagreement(
        case=what.partition(" ")[0], kind="definition", mutation="", expected=(), named=(), what=(what,)
    )


def knows_exclude(builder: Builder, version: str) -> bool:
    """Whether ``COPY --exclude`` needs no other frontend.

    Source: Dockerfile reference, "COPY --exclude": Dockerfile 1.19, which is BuildKit 0.25's; measured with
    Engine 28.5.2 and Podman 5.4.2.
    """
    if builder is Builder.BUILDKIT:
        return tuple(map(int, version.split(".")[:2])) >= (28, 5)
    return builder is Builder.BUILDAH


def _say(text: str) -> None:
    print(text, file=sys.stderr)


class Group:
    """A baseline and its mutants on one cache."""

    def __init__(self, *, options: Options, site: Site, report: Report, number: int) -> None:
        self.options, self.site, self.report = options, site, report
        self.name = f"{options.builder.value}/{options.seed}/{number}"
        self.doing = self.name
        """The case that runs."""
        self.rng = Random(self.name)
        by_directory = self.rng.random() < DIRECTORY_SHARE[options.builder]
        delivery = Delivery.DIRECTORY if by_directory else Delivery.TAR
        excludes = knows_exclude(options.builder, site.engine.info.version)
        self.arena = Arena(builder=options.builder, delivery=delivery, excludes=excludes)
        self.cache = Cache(arena=self.arena)
        self.built: list[BuildRecord] = []
        """Builds on this cache so far, newest first."""

    def run(self) -> None:
        subject = generate(self.rng, self.arena)
        changes = [mutate(self.rng, subject, self.arena) for _ in range(MUTANTS)]
        built = self._build("baseline", Change(name="baseline", after=subject), None)
        if built is None:
            return
        baseline, _ = built
        self.subject = subject
        for number, change in enumerate(changes):
            if self.report.tried >= self.options.cases:
                return
            self._case(number, change, baseline)

    def _case(self, number: int, change: Change, baseline: BuildRecord) -> None:
        name = self.doing = f"{self.name}/{number}"
        built = self._build(name, change, baseline)
        if built is None:
            return
        record, prediction = built
        self.report.count(change, self.arena.delivery.value)
        self.report.from_others += prediction.from_others
        if not prediction.from_others:
            wrong = wrong_labels(self.subject, change.after, record, self.arena)
            self.report.labels_checked += wrong is not None
            self._disagree_on(name, "label", wrong or (), change, (baseline, record))
        unproven = self._several_in_one(change) or prediction.from_others
        said = explain(baseline, record, change, self.arena, unproven=unproven)
        self.report.suspected += said.suspected
        if self.options.verbose:
            _say(f"{name} {self.arena.delivery} {change.name}: {list(said.causes)}")
        if said.problem:
            self._disagree(name, "explanation", change, (said.problem,), said.causes, (baseline, record))

    def _several_in_one(self, change: Change) -> bool:
        """Whether nothing tells two changes of a step, or one of two names of a file, apart.

        Buildah's strings cannot be computed from a record.
        """
        paths = max((len(cause.names) for cause in change.causes), default=0)
        count = max(len(change.causes) + len(change.edits), paths)
        return self.options.builder is Builder.BUILDAH and count > 1

    def _build(
        self, name: str, change: Change, baseline: BuildRecord | None
    ) -> tuple[BuildRecord, CachePrediction] | None:
        """Build, and compare prediction and strings with the engine. None when it was refused."""
        foretold: list[Prediction] = []

        def look(context: Path) -> None:
            if baseline is not None:
                version = self.site.engine.info.version
                manifest = manifest_of(change.after, self.arena, context, version)
                foretold.append(foretell(self.built, change.after, manifest))

        try:
            record = self.site.build(change.after, self.arena, look)
        except BuildFailedError as error:
            _say(f"{self.name} {name} {change.name}: {error}")
            self.report.not_built += 1
            return None
        self.built.insert(0, record)
        report = self.report
        records = (record,) if baseline is None else (baseline, record)
        for each in foretold:
            self._disagree_on(name, "forecast", report.foretold.compare(each, record), change, records)
        if record.definition is not None:
            report.definitions.add(name, record)
        prediction = self.cache.check(record, change.after)
        report.steps += prediction.steps
        report.hits += sum(step.status is StepStatus.HIT for step in record.steps)
        report.misses += sum(step.status is StepStatus.MISS for step in record.steps)
        report.strings += sum(bool(step.created_by) for step in record.steps)
        self._disagree_on(name, "prediction", prediction.wrong, change, records)
        self._disagree_on(name, "string", wrong_strings(record), change, records)
        return record, prediction

    def _disagree_on(
        self,
        name: str,
        kind: str,
        found: tuple[Wrong, ...],
        change: Change,
        records: tuple[BuildRecord, ...],
    ) -> None:
        """Report steps of which something else was said than the engine did, if there are any."""
        if not found:
            return
        said_by = "label" if kind == "label" else "model"
        what = tuple(
            f"step {each.step} {each.instruction}: {said_by} {each.predicted}, engine {each.actual}"
            for each in found
        )
        self._disagree(name, kind, change, what, (), records)

    def _disagree(
        self,
        name: str,
        kind: str,
        change: Change,
        what: tuple[str, ...],
        named: tuple[str, ...],
        records: tuple[BuildRecord, ...],
    ) -> None:
        disagreement = Disagreement(
            case=name if name.startswith(self.name) else f"{self.name}/{name}",
            kind=kind,
            mutation=f"{change.name} by {self.arena.delivery.value}",
            expected=change.shown(),
            named=named,
            what=what,
        )
        self.report.disagreements.append(disagreement)
        if self.options.keep is not None:
            keep_records(self.options.keep, f"{disagreement.case}-{kind}", records)
