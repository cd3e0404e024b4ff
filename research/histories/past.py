"""Past builds: is what `layerfork history` infers from commits what the recorded builds prove?

    python -m research.histories.past [--projects N] [--commits N] [--seed SEED] [--engine NAME]

Synthetic projects with histories of edits are built, commit after commit, in a checkout. The engine's own
history and the commits explain each build; the recorder's records of the same builds are the truth. Needs
root. Ends with 1 where a cause that is INFERRED or PROVEN is not one of those that the records name.
"""

import argparse
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from layerfork.app.compare.comparison import diff_stored
from layerfork.app.history.explaining import explain_history
from layerfork.app.history.sources import Wanted, builds_of_engines
from layerfork.app.history.trees import CommitTrees
from layerfork.builders.engines import open_engine
from layerfork.record.answer import CauseStatus, Fork
from layerfork.record.build import Builder
from layerfork.record.record import BuildRecord
from layerfork.record.run import DiffReport
from layerfork.record.store.recordfile import stored
from research.histories.project import new_project
from research.histories.walk import BuildFailedError, Workshop, git, write_history

SURE = frozenset({CauseStatus.PROVEN, CauseStatus.INFERRED})


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m research.histories.past")
    parser.add_argument("--projects", type=int, default=5)
    parser.add_argument("--commits", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--engine", default="28.5")
    options = parser.parse_args(arguments)
    counted: Counter[str] = Counter()
    wrong: list[str] = []
    with tempfile.TemporaryDirectory(prefix="lf-", dir="/tmp") as directory:
        os.environ["XDG_STATE_HOME"] = directory
        for number in range(options.projects):
            with open_engine(options.engine).start(os.environ, lambda _: None) as engine:
                workshop = Workshop(engine=engine, builder=Builder.BUILDKIT, directory=Path(directory))
                seed = f"{options.seed}/{number}"
                one_project(workshop, seed, options.commits, counted, wrong)
            print(f"project {number}: {dict(sorted(counted.items()))}, {len(wrong)} wrong", flush=True)
    for text in wrong:
        print(f"  {text}")
    return 1 if wrong else 0


def one_project(workshop: Workshop, seed: str, commits: int, counted: Counter[str], wrong: list[str]) -> None:
    """Build every commit, and compare what is said of each build by its history with what its record says."""
    place = workshop.directory / f"p{seed.replace('/', '-')}"
    write_history(new_project(seed, Builder.BUILDKIT), place, commits)
    recorded: dict[str, BuildRecord] = {}
    for commit in git(place, "rev-list", "--reverse", "HEAD").split():
        git(place, "checkout", "--quiet", "--force", commit)
        try:
            record = workshop.build_directory(place)
        except BuildFailedError as error:
            counted["not built"] += 1
            print(f"{seed} {commit[:8]}: {error}"[:200])
            break
        recorded[record.ref] = record
    wanted = Wanted(newest=0, environment={**os.environ, "DOCKER_HOST": workshop.engine.docker_host})
    problems: list[str] = []
    found = [each for each in builds_of_engines(wanted, problems, lambda _: None) if each.id in recorded]
    assert not problems, problems
    assert len(found) == len(recorded)
    trees = CommitTrees(place, workshop.directory / "cache", str)
    times = {each.record.recorded_at: each.id for each in found}
    for build in explain_history(found, lambda each: trees.of(each.record), lambda _: True):
        if build.report is None or build.report.baseline is None:
            continue
        earlier = recorded[times[build.report.baseline.recorded_at]]
        truth = diff_stored(stored(earlier), stored(recorded[build.id]), "a", "b", again=True)
        judge(seed, build.id, build.report, truth, counted, wrong)


def judge(
    seed: str, ref: str, said: DiffReport, truth: DiffReport, counted: Counter[str], wrong: list[str]
) -> None:
    forks = {fork.step: fork for fork in truth.judgement.forks}
    counted["misses"] += len(forks)
    for fork in said.judgement.forks:
        statuses = {cause.status for cause in fork.causes}
        true = forks.get(fork.step)
        if not statuses <= SURE:
            alike = true is not None and causes_of(fork) == causes_of(true)
            counted["not sure, the causes of the records" if alike else "not sure, other causes"] += 1
            continue
        names = {status.value for status in statuses}
        if true is not None and causes_of(fork) == causes_of(true):
            counted[f"right, {'/'.join(sorted(names))}"] += 1
        else:
            wrong.append(f"{seed} {ref} step {fork.step}: {causes_of(fork)}, not {true and causes_of(true)}")
    counted["misses not said"] += len(forks.keys() - {fork.step for fork in said.judgement.forks})


def causes_of(fork: Fork) -> list[tuple[str, str, str]]:
    """What a fork blames: codes, paths and fields. Of git's own directory its name alone is known."""
    found = set()
    for cause in fork.causes:
        in_git = cause.path.lstrip("/").partition("/")[0] == ".git"
        found.add((".git", "", "") if in_git else (str(cause.code), cause.path, cause.field))
    return sorted(found)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
