"""Predictions made before a mutant is built, and what the engine then did."""

import gzip
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path

from layerfork.app.predict.nextbuild import NextBuild
from layerfork.app.predict.predicting import predict_build
from layerfork.builders.recording.filesondisk import read_tar
from layerfork.context.clientrules import find_rules
from layerfork.context.ignore.ignorefile import DOCKER_FILES, files_of_podman_service
from layerfork.context.manifest import read_context
from layerfork.record.build import Builder
from layerfork.record.change import Change, LabelsAre, RequestIs
from layerfork.record.context import ContextManifest
from layerfork.record.engine import parse_version
from layerfork.record.prediction import Baseline, PredictedStatus, Prediction
from layerfork.record.record import BuildRecord, StepStatus
from research.mutations.layout import tar_of
from research.mutations.predict import Wrong
from research.mutations.subject import Arena, Delivery, Subject

RULES = {Builder.CLASSIC: "docker-cli", Builder.BUILDKIT: "buildkit", Builder.BUILDAH: "podman-remote"}
_TOLD = frozenset({StepStatus.HIT, StepStatus.MISS})


@dataclass(slots=True, kw_only=True)
class Foretold:
    """How predictions came out, step by step."""

    builds: int = 0
    hits: int = 0
    """Predicted and done."""
    misses: int = 0
    unknown: int = 0
    wrong: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    """Why steps are unknown."""

    @property
    def steps(self) -> int:
        return self.hits + self.misses + self.unknown + self.wrong

    def values(self) -> dict[str, object]:
        """The counts for programs."""
        return {each.name: getattr(self, each.name) for each in fields(self)} | {"steps": self.steps}

    def text(self) -> str:
        """The counts for people."""
        share = self.unknown / self.steps if self.steps else 0.0
        counts = f"{self.hits} hits, {self.misses} misses, {self.unknown} unknown ({share:.1%})"
        lines = [
            f"predicted before the build: {self.builds} builds, {self.steps} steps",
            f"  {counts}, {self.wrong} wrong",
            *(f"    {count} unknown: {reason}" for reason, count in self.reasons.most_common(8)),
        ]
        return "\n  ".join(lines)

    def compare(self, prediction: Prediction, record: BuildRecord) -> tuple[Wrong, ...]:
        """Count every step of which the engine told what it did; those that it did otherwise."""
        self.builds += 1
        if len(prediction.steps) != len(record.steps) and not _nothing_known(prediction):
            self.wrong += 1
            return (_other_steps(prediction, record),)
        found = []
        forecasts = {step.index: step for step in prediction.steps}
        for step in record.steps:
            if step.status not in _TOLD:
                continue
            foretold = forecasts.get(step.index)
            if foretold is None or foretold.prediction is PredictedStatus.UNKNOWN:
                self.unknown += 1
                self.reasons[foretold.reason if foretold is not None else "nothing is known"] += 1
            elif foretold.prediction.value != step.status.value:
                self.wrong += 1
                found.append(
                    Wrong(
                        step=step.index,
                        instruction=step.instruction,
                        predicted=f"{foretold.prediction.value} ({foretold.reason})",
                        actual=step.status.value,
                    )
                )
            elif foretold.prediction is PredictedStatus.HIT:
                self.hits += 1
            else:
                self.misses += 1
        return tuple(found)


def _nothing_known(prediction: Prediction) -> bool:
    return all(step.prediction is PredictedStatus.UNKNOWN for step in prediction.steps)


def _other_steps(prediction: Prediction, record: BuildRecord) -> Wrong:
    return Wrong(
        step=0,
        instruction="the whole build",
        predicted=f"{len(prediction.steps)} steps: {[step.instruction for step in prediction.steps]}",
        actual=f"{len(record.steps)} steps: {[step.instruction for step in record.steps]}",
    )


def foretell(built: Sequence[BuildRecord], subject: Subject, manifest: ContextManifest) -> Prediction:
    """What a mutant's steps will find: from records of the builds before it, and from what will be sent.

    ``built`` are those on the same cache, newest first: the baseline is the last.
    """
    newest, *earlier = built
    planned = NextBuild(
        contexts=(manifest,),
        dockerfile=subject.dockerfile(),
        build_args=dict(subject.build_args),
        target=subject.target,
        changes=tuple(_request_changes(newest, subject)),
    )
    known = Baseline(id=newest.id, recorded_at=newest.recorded_at, age_s=0.0)
    return predict_build(newest, planned, known, earlier)


def _request_changes(newest: BuildRecord, subject: Subject) -> list[Change]:
    """What no option of ``layerfork predict`` says, as it stands in the request."""
    changes: list[Change] = []
    labels = tuple(sorted(subject.labels))
    if labels != newest.request.labels:
        changes.append(LabelsAre(labels=labels))
    network = subject.network or ("default" if newest.request.network == "default" else "")
    if network != newest.request.network:
        changes.append(RequestIs(field="network", value=network))
    return changes


def manifest_of(subject: Subject, arena: Arena, context: Path, engine: str) -> ContextManifest:
    """What the client is about to send: of a directory by its rules, of a tar as it lies there."""
    if arena.delivery is Delivery.DIRECTORY:
        return replace(read_context(context, find_rules(RULES[arena.builder])).manifest, name="context")
    data = tar_of(subject)
    plain = context.with_suffix(".plain")
    plain.write_bytes(gzip.decompress(data) if subject.wire.gzip else data)
    try:
        found = read_tar(plain, arena.builder, "Dockerfile", _ignore_files(arena, engine), str)
    finally:
        plain.unlink()
    return replace(found.manifest, name="context")


def _ignore_files(arena: Arena, engine: str) -> tuple[str, ...]:
    """The names that the builder looks for in a tar; BuildKit ignores nothing of one."""
    if arena.builder is Builder.BUILDAH:
        return files_of_podman_service(parse_version(engine))
    return DOCKER_FILES if arena.builder is Builder.CLASSIC else ()
