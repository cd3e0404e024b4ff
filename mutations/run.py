"""Runs cases: a baseline, then mutants of it, each compared with what the engine did."""

import os
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from random import Random

from layerfork.engines import open_engine
from layerfork.model.build import Builder
from layerfork.model.record import BuildRecord, StepStatus
from mutations.build import BuildFailedError, Site
from mutations.change import Change
from mutations.generate import generate
from mutations.mutate import mutate
from mutations.predict import Cache, Prediction, wrong_strings
from mutations.report import Disagreement, Report, keep_records
from mutations.subject import Arena, Delivery, Subject
from mutations.verdict import explain

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
        report = Report(
            builder=options.builder.value,
            engine=f"{options.engine} {engine.info.version}",
            seed=options.seed,
        )
        group = options.first_group
        while report.cases + report.not_built < options.cases:
            Group(options=options, site=site, report=report, number=group).run()
            group += 1
            if group % RESET_EVERY == 0:
                engine.reset()
    report.seconds = time.monotonic() - started
    return report


def _say(text: str) -> None:
    print(text, file=sys.stderr)


class Group:
    """A baseline and its mutants on one cache."""

    def __init__(self, *, options: Options, site: Site, report: Report, number: int) -> None:
        self.options, self.site, self.report = options, site, report
        self.name = f"{options.builder.value}/{options.seed}/{number}"
        self.rng = Random(self.name)
        by_directory = self.rng.random() < DIRECTORY_SHARE[options.builder]
        delivery = Delivery.DIRECTORY if by_directory else Delivery.TAR
        self.arena = Arena(builder=options.builder, delivery=delivery)
        self.cache = Cache(arena=self.arena)

    def run(self) -> None:
        subject = generate(self.rng, self.arena)
        changes = [mutate(self.rng, subject, self.arena) for _ in range(MUTANTS)]
        built = self._build(subject, "baseline", Change(name="baseline", after=subject), None)
        if built is None:
            return
        baseline, _ = built
        for number, change in enumerate(changes):
            if self.report.cases + self.report.not_built >= self.options.cases:
                return
            self._case(number, change, baseline)

    def _case(self, number: int, change: Change, baseline: BuildRecord) -> None:
        name = f"{self.name}/{number}"
        built = self._build(change.after, name, change, baseline)
        if built is None:
            return
        record, prediction = built
        report = self.report
        report.cases += 1
        report.relevant += bool(change.causes)
        report.combined += "+" in change.name
        report.deliveries[self.arena.delivery.value] += 1
        report.mutations[change.name] += 1
        report.codes.update({cause.code for cause in change.causes})
        # Buildah's strings cannot be computed from a record, so nothing tells two changes of a step,
        # or one of two names of a file, apart.
        paths = max((len(cause.names) for cause in change.causes), default=0)
        several = self.options.builder is Builder.BUILDAH and max(len(change.causes), paths) > 1
        said = explain(baseline, record, change, unproven=several or prediction.from_others)
        report.suspected += said.suspected
        report.from_others += prediction.from_others
        if self.options.verbose:
            _say(f"{name} {self.arena.delivery} {change.name}: {list(said.causes)}")
        if said.problem:
            self._disagree(name, "explanation", change, (said.problem,), said.causes, (baseline, record))

    def _build(
        self, subject: Subject, name: str, change: Change, baseline: BuildRecord | None
    ) -> tuple[BuildRecord, Prediction] | None:
        """Build, and compare prediction and strings with the engine. None when it was refused."""
        try:
            record = self.site.build(subject, self.arena)
        except BuildFailedError as error:
            _say(f"{self.name} {name} {change.name}: {error}")
            self.report.not_built += 1
            return None
        prediction = self.cache.check(record, subject)
        report = self.report
        report.steps += prediction.steps
        report.hits += sum(step.status is StepStatus.HIT for step in record.steps)
        report.misses += sum(step.status is StepStatus.MISS for step in record.steps)
        records = (record,) if baseline is None else (baseline, record)
        strings = wrong_strings(record)
        report.strings += sum(bool(step.created_by) for step in record.steps)
        for kind, found in (("prediction", prediction.wrong), ("string", strings)):
            if found:
                what = tuple(
                    f"step {each.step} {each.instruction}: model {each.predicted}, engine {each.actual}"
                    for each in found
                )
                self._disagree(name, kind, change, what, (), records)
        return record, prediction

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
            expected=tuple(sorted(cause.code for cause in change.causes)),
            named=named,
            what=what,
        )
        self.report.disagreements.append(disagreement)
        if self.options.keep is not None:
            keep_records(self.options.keep, f"{disagreement.case}-{kind}", records)
