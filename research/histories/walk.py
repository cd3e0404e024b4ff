"""Predicts a whole history from the record of its first commit, then builds every commit and compares."""

import itertools
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from layerfork.app.predict.commits import CommitsAsked, predict_commits
from layerfork.app.predict.earlierbuilds import EarlierBuilds
from layerfork.app.predict.predicting import baseline_at
from layerfork.builders.commits.checkout import Sending
from layerfork.builders.commits.commitlist import Repository, commits_of, find_repository
from layerfork.builders.commits.objects import Blobs
from layerfork.builders.engines import RunningEngine
from layerfork.builders.process import run
from layerfork.builders.recording.contextdigests import fill_from_disk
from layerfork.builders.recording.contextplaces import place_at
from layerfork.builders.recording.imagefacts import add_base_facts, add_image_facts
from layerfork.builders.recording.recorder import Recorder
from layerfork.context.senders import sender_of
from layerfork.record.build import Builder, Command
from layerfork.record.prediction import CommitPrediction, PredictedStatus
from layerfork.record.record import BuildOutcome, BuildRecord, ClientInfo
from research.histories.project import LINK, Node, Project, new_project

_TIMEOUT_S = 120.0
_ENVIRONMENT = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    **{
        f"GIT_{who}_{what}": f"somebody{at}"
        for who in ("AUTHOR", "COMMITTER")
        for what, at in (("NAME", ""), ("EMAIL", "@example.org"))
    },
}


@dataclass(slots=True, kw_only=True)
class Tally:
    """What came of a history."""

    commits: int = 0
    steps: int = 0
    hits: int = 0
    misses: int = 0
    unknown: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    """Of unknown steps."""
    wrong: list[str] = field(default_factory=list)
    not_built: list[str] = field(default_factory=list)

    def unforeseen(self) -> int:
        """Unknown steps, but for those that read what only the build makes, and those that build on them."""
        return sum(
            count
            for reason, count in self.reasons.items()
            if not reason.endswith(("which no record shows", "which is unknown"))
        )

    def add(self, other: "Tally") -> None:
        """Count another history, too."""
        for name in ("commits", "steps", "hits", "misses", "unknown"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for reason, count in other.reasons.items():
            self.reasons[reason] = self.reasons.get(reason, 0) + count
        self.wrong += other.wrong
        self.not_built += other.not_built


@dataclass(frozen=True, slots=True, kw_only=True)
class Workshop:
    """An engine, and a place for repositories and checkouts."""

    engine: RunningEngine
    builder: Builder
    directory: Path
    """Short: sockets lie in it."""
    numbers: Iterator[int] = field(default_factory=itertools.count)

    def walk(self, seed: str, commits: int) -> Tally:
        """Make a history, predict it, build it, compare. The engine's cache is to be empty."""
        place = self.directory / f"r{next(self.numbers)}"
        write_history(new_project(seed, self.builder), place, commits)
        repository = find_repository(place)
        names = git(place, "rev-list", "--reverse", "HEAD").split()
        first = self.build(place, names[0])
        predicted = tuple(self._predict(first, repository, names))
        tally = Tally()
        for prediction in predicted:
            try:
                built = self.build(place, prediction.id)
            except BuildFailedError as error:
                tally.not_built.append(f"{seed} {prediction.subject}: {error}")
                break
            compare(tally, seed, prediction, built)
        shutil.rmtree(place)
        return tally

    def _predict(
        self, first: BuildRecord, repository: Repository, names: list[str]
    ) -> Iterator[CommitPrediction]:
        sender = sender_of(first)
        assert sender is not None
        asked = CommitsAsked(
            repository=repository,
            commits=commits_of(repository, f"{names[0]}..{names[-1]}"),
            sending=Sending(rules=sender.rules, docker_py=sender.docker_py),
            clean=str,
        )
        blobs = Blobs(repository, self.directory / "cache")
        return predict_commits(EarlierBuilds(first), asked, blobs, baseline_at(first, datetime.now(UTC)))

    def build(self, repository: Path, commit: str) -> BuildRecord:
        """Check a commit out, build and record it. Raises: BuildFailedError, LayerforkError."""
        context = self.directory / "context"
        shutil.rmtree(context, ignore_errors=True)
        context.mkdir(exist_ok=True)
        git(repository, "--work-tree", str(context), "checkout", "--quiet", "--force", commit, "--", ".")
        return self.build_directory(context)

    def replace_base(self, dockerfile: str, name: str) -> None:
        """Build another image from an earlier base image, and let it be ``alpine``."""
        assert self.engine.toolchain is not None
        docker = str(self.engine.toolchain.docker)
        env = {"PATH": os.defpath, "HOME": str(self.directory), "DOCKER_HOST": self.engine.docker_host}
        context = self.directory / name
        context.mkdir(exist_ok=True)
        (context / "Dockerfile").write_text(dockerfile)
        for argv in (
            (docker, "build", "--quiet", "--tag", name, str(context)),
            (docker, "tag", name, "alpine"),
        ):
            done = run(Command(argv=argv, env={**env, "DOCKER_BUILDKIT": "0"}), timeout_s=_TIMEOUT_S)
            assert done.returncode == 0, done.stderr

    def build_directory(self, context: Path, options: Sequence[str] | None = None) -> BuildRecord:
        """Build and record a directory as it is, with provenance where there are options: then the builder's
        history has the digests of base images. Raises: BuildFailedError, LayerforkError."""
        recorder = Recorder(self.engine, self.directory / f"{next(self.numbers)}.sock", b"histories")
        with recorder:
            said = self._send(recorder, context, options)
        records = recorder.records(ClientInfo(id="history"))
        if len(records) != 1 or records[0].result.outcome is not BuildOutcome.SUCCEEDED:
            raise BuildFailedError(
                f"{records[0].result.error if records else 'nothing was recorded'}\n{said}"
            )
        record = fill_from_disk(records[0], lambda manifest: (place_at(context, manifest),))
        if record.builder is not Builder.BUILDKIT:
            record = add_image_facts(record, recorder.image_facts, record.result.image_id)
        return add_base_facts(record, recorder.image_facts)

    def _send(self, recorder: Recorder, context: Path, asked: Sequence[str] | None) -> str:
        toolchain = self.engine.toolchain
        assert toolchain is not None
        env = {"PATH": os.defpath, "HOME": str(self.directory), "DOCKER_HOST": recorder.docker_host}
        if self.builder is Builder.BUILDKIT:
            assert toolchain.cli_plugins is not None
            program = str(toolchain.cli_plugins / "docker-buildx")
            own = ("--provenance=false",) if asked is None else asked
            options = [*own, "--output=type=cacheonly"]
        else:
            env["DOCKER_BUILDKIT"] = "0"
            program, options = str(toolchain.docker), []
        argv = (program, "build", *options, str(context))
        done = run(Command(argv=argv, env=env), timeout_s=_TIMEOUT_S)
        return done.stderr + done.stdout


class BuildFailedError(Exception):
    """The engine did not build what was generated; the history ends there."""


def git(directory: Path, *words: str) -> str:
    """Run git there, without settings of this machine."""
    argv = ["git", "-C", str(directory), "-c", "gc.auto=0", *words]
    env: Mapping[str, str] = {**os.environ, **_ENVIRONMENT}
    return subprocess.run(argv, env=env, check=True, capture_output=True, text=True).stdout


def write_history(project: Project, place: Path, commits: int) -> None:
    """A repository of so many commits after the first."""
    place.mkdir()
    git(place, "init", "--quiet", "--initial-branch", "main")
    subject = "the first"
    for number in range(commits + 1):
        if number:
            subject = project.change()
        for path in place.iterdir():
            if path.name != ".git":
                shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
        for name, node in project.version().items():
            _write(place / name, node)
        git(place, "add", "--all")
        git(place, "commit", "--quiet", "--allow-empty", "--message", subject)


def _write(path: Path, node: Node) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if node.mode == LINK:
        path.symlink_to(os.fsdecode(node.data))
        return
    path.write_bytes(node.data)
    path.chmod(node.mode & 0o777)


def compare(tally: Tally, seed: str, predicted: CommitPrediction, built: BuildRecord) -> None:
    """Count the steps of one commit, and those that the engine treated otherwise."""
    where = f"{seed} {predicted.id[:8]} ({predicted.subject})"
    tally.commits += 1
    if predicted.prediction is None:
        tally.wrong.append(f"{where}: no prediction: {predicted.problem}")
        return
    steps = predicted.prediction.steps
    if len(steps) != len(built.steps):
        tally.wrong.append(f"{where}: {len(steps)} steps predicted, {len(built.steps)} built")
        return
    for step, real in zip(steps, built.steps, strict=True):
        tally.steps += 1
        if step.prediction is PredictedStatus.UNKNOWN:
            tally.unknown += 1
            tally.reasons[step.reason] = tally.reasons.get(step.reason, 0) + 1
            continue
        tally.hits += step.prediction is PredictedStatus.HIT
        tally.misses += step.prediction is PredictedStatus.MISS
        if step.prediction.value != real.status.value:
            tally.wrong.append(
                f"{where}: step {real.index} {real.instruction}: predicted {step.prediction} "
                f"({step.reason}), engine {real.status}"
            )
