"""Past builds: is what `layerfork history` infers from commits what the recorded builds prove?

    python -m research.histories.past [--projects N] [--commits N] [--seed SEED] [--engine NAME]

Synthetic projects with histories of edits are built, commit after commit, in a checkout; some builds have
another build argument, another base image or no cache. The engine's own history explains each build, with the
commits and without; the recorder's records of the same builds are the truth. Needs root. Ends with 1 where a
cause that is INFERRED or PROVEN is not one of those that the records name.
"""

import argparse
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from layerfork.app.compare.comparison import diff_stored
from layerfork.app.history.explaining import explain_history
from layerfork.app.history.sources import PastBuild, Wanted, builds_of_engines
from layerfork.app.history.trees import CommitTrees, Tree
from layerfork.builders.engines import open_engine
from layerfork.record.answer import CauseStatus, Fork
from layerfork.record.build import Builder
from layerfork.record.cause import CauseCode
from layerfork.record.record import BuildRecord
from layerfork.record.run import DiffReport
from layerfork.record.store.recordfile import stored
from research.histories.project import new_project
from research.histories.walk import BuildFailedError, Workshop, git, write_history

SURE = frozenset({CauseStatus.PROVEN, CauseStatus.INFERRED})
NEEDS_NO_FILES = frozenset(
    {
        CauseCode.BUILD_ARG,
        CauseCode.ENV,
        CauseCode.BASE_IMAGE,
        CauseCode.INSTRUCTION,
        CauseCode.INSTRUCTION_ORDER,
        CauseCode.LABEL,
        CauseCode.CACHE_OFF,
    }
)
"""Causes that no file of a context shows."""
BASES = ("FROM alpine\nRUN echo {} > /base\n", "lf-base-{}")
"""Dockerfile and name of the images that the base image is one after the other."""


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m research.histories.past")
    parser.add_argument("--projects", type=int, default=5)
    parser.add_argument("--commits", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--engine", default="28.5")
    options = parser.parse_args(arguments)
    judged = {"with commits": Judged(), "without": Judged(codes=NEEDS_NO_FILES)}
    with tempfile.TemporaryDirectory(prefix="lf-", dir="/tmp") as directory:
        os.environ["XDG_STATE_HOME"] = directory
        for number in range(options.projects):
            with open_engine(options.engine).start(os.environ, lambda _: None) as engine:
                workshop = Workshop(engine=engine, builder=Builder.BUILDKIT, directory=Path(directory))
                one_project(workshop, f"{options.seed}/{number}", options.commits, judged)
            for name, each in judged.items():
                print(f"project {number}, {name}: {each.line}", flush=True)
    for each in judged.values():
        for text in (*each.wrong, *each.not_named):
            print(f"  {text}")
    return 1 if any(each.wrong for each in judged.values()) else 0


def one_project(workshop: Workshop, seed: str, commits: int, judged: Mapping[str, "Judged"]) -> None:
    """Build every commit, and compare what is said of each build by its history with what its record says."""
    place = workshop.directory / f"p{seed.replace('/', '-')}"
    write_history(new_project(seed, Builder.BUILDKIT), place, commits)
    recorded = build_history(workshop, place, Random(f"options of {seed}"))
    wanted = Wanted(newest=0, environment={**os.environ, "DOCKER_HOST": workshop.engine.docker_host})
    problems: list[str] = []
    found = [each for each in builds_of_engines(wanted, problems, lambda _: None) if each.id in recorded]
    assert not problems, problems
    assert len(found) == len(recorded)
    trees = CommitTrees(place, workshop.directory / "cache", str)
    times = {each.record.recorded_at: each.id for each in found}
    ways: dict[str, Callable[[PastBuild], Tree]] = {
        "with commits": lambda each: trees.of(each.record),
        "without": lambda each: Tree(record=each.record, unmodelled={}),
    }
    for name, tree_of in ways.items():
        for build in explain_history(found, tree_of, lambda _: True):
            if build.report is None or build.report.baseline is None:
                continue
            earlier = recorded[times[build.report.baseline.recorded_at]]
            truth = diff_stored(stored(earlier), stored(recorded[build.id]), "a", "b", again=True)
            judged[name].judge(f"{name}, {seed} {build.id}", build.report, truth)


def build_history(workshop: Workshop, place: Path, rng: Random) -> dict[str, BuildRecord]:
    """Every commit built and recorded, the oldest first, up to one that fails: by BuildKit's references."""
    recorded: dict[str, BuildRecord] = {}
    base = 0
    for commit in git(place, "rev-list", "--reverse", "HEAD").split():
        git(place, "checkout", "--quiet", "--force", commit)
        options = rng.choices(OPTIONS, OPTION_WEIGHTS)[0]
        if rng.random() < NEW_BASE:
            base += 1
            workshop.replace_base(*(text.format(base) for text in BASES))
        try:
            record = workshop.build_directory(place, options)
        except BuildFailedError as error:
            print(f"{place.name} {commit[:8]}: {error}"[:200])
            break
        recorded[record.ref] = record
    return recorded


OPTIONS = ((), ("--build-arg", "VERSION=7"), ("--build-arg", "FLAVOR=7"), ("--no-cache",))
OPTION_WEIGHTS = (16, 2, 2, 1)
NEW_BASE = 0.05
"""So many builds have another base image than the one before."""


@dataclass(slots=True, kw_only=True)
class Judged:
    """What was said of misses, counted."""

    codes: Set[CauseCode] = frozenset()
    """Only misses whose true causes are all among these; empty for all."""
    counted: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    """Sure causes that the records do not name."""
    not_named: list[str] = field(default_factory=list)
    """Misses of which another cause was named, or none."""

    @property
    def line(self) -> str:
        """All numbers."""
        misses, named = self.counted["misses"], self.counted["named"]
        share = f"{named / misses:.1%}" if misses else "-"
        return (
            f"{misses} misses, {named} name the causes of the records ({share}), {self.counted['sure']} of "
            f"them surely; {len(self.wrong)} wrong"
        )

    def judge(self, where: str, said: DiffReport, truth: DiffReport) -> None:
        """Count the misses of one build."""
        told = {fork.step: fork for fork in said.judgement.forks}
        forks = {fork.step: fork for fork in truth.judgement.forks}
        for step, fork in forks.items():
            own = told.get(step)
            right = own is not None and causes_of(own) == causes_of(fork)
            if self.codes and not {cause.code for cause in fork.causes} <= self.codes:
                continue
            self.counted["misses"] += 1
            self.counted["named"] += right
            self.counted["sure"] += right and own is not None and is_sure(own)
            if not right:
                statuses = [cause.status.value for cause in fork.causes]
                names = f"{own and causes_of(own)}, not {causes_of(fork)} {statuses}"
                self.not_named.append(f"{where} step {step} {fork.instruction[:40]}: {names}")
        for step, fork in told.items():
            true = forks.get(step)
            if is_sure(fork) and (true is None or causes_of(fork) != causes_of(true)):
                names = f"{causes_of(fork)}, not {true and causes_of(true)}"
                self.wrong.append(f"{where} step {step}: {names}")


def is_sure(fork: Fork) -> bool:
    """Whether all causes of a fork are PROVEN or INFERRED."""
    return {cause.status for cause in fork.causes} <= SURE


def causes_of(fork: Fork) -> list[tuple[str, str, str]]:
    """What a fork blames: codes, paths and fields. Of git's own directory its name alone is known. A history
    names a base image by its manifest, a record by its layers."""
    found = set()
    for cause in fork.causes:
        if cause.path.lstrip("/").partition("/")[0] == ".git":
            found.add((".git", "", ""))
        elif cause.code is CauseCode.BASE_IMAGE:
            found.add((str(cause.code), "", ""))
        else:
            found.add((str(cause.code), cause.path, cause.field))
    return sorted(found)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
