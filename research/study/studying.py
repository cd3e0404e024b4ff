"""The study of one repository, and of many on several processors."""

import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from layerfork.app.study.clones import Built, Clone, find_built, make_clone
from layerfork.app.study.studying import traps_at, walk_history
from layerfork.app.study.walking import Walker
from layerfork.errors import UsageError
from layerfork.record.build import Builder
from research.study.results import Studied


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is studied of a repository."""

    source: Path
    """A local clone; it is only read."""
    name: str
    title: str = ""
    scratch: Path
    """A directory of its own, which need not be there."""
    builder: Builder
    commits: int
    """So many of the newest."""
    dockerfiles: int
    """So many of the topmost."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What came of a repository."""

    name: str
    studied: tuple[Studied, ...] = ()
    left_out: Mapping[str, int] = field(default_factory=dict)
    """What was not studied, by reason."""


def study_all(wanted: Sequence[Wanted]) -> Iterator[Found]:
    """Each repository, in their order, as many at a time as there are processors."""
    with ProcessPoolExecutor(max_workers=min(len(wanted), os.cpu_count() or 1)) as pool:
        yield from pool.map(study_repository, wanted)


def study_repository(wanted: Wanted) -> Found:
    """All that is to be studied of a repository."""
    wanted.scratch.mkdir(parents=True)
    try:
        clone = make_clone(wanted.source, wanted.name, wanted.scratch / "clone", wanted.commits)
    except UsageError as error:
        reason = f"repositories that cannot be cloned ({error.message})"
        return Found(name=wanted.name, left_out={reason: 1})
    left_out: Counter[str] = Counter()
    walker = Walker(builder=wanted.builder, caches=wanted.scratch / "blobs")
    found = find_built(clone)
    left_out["repositories without a Dockerfile that its context holds"] += not found
    left_out["further Dockerfiles of a repository"] += len(found[wanted.dockerfiles :])
    traps = [traps_of(clone.place, built) for built in found[: wanted.dockerfiles]]
    studied = [
        _studied(walker, clone, built, wanted.title, own, left_out)
        for built, own in zip(found, traps, strict=False)
    ]
    left_out["Dockerfiles without two predictable commits"] += studied.count(None)
    return Found(
        name=wanted.name,
        studied=tuple(each for each in studied if each is not None),
        left_out={reason: number for reason, number in left_out.items() if number},
    )


def _studied(
    walker: Walker, clone: Clone, built: Built, title: str, traps: Mapping[str, int], left_out: Counter[str]
) -> Studied | None:
    walked = walk_history(walker, clone, built)
    if not walked.counts.commits:
        return None
    if not walked.has_fixes:
        left_out["Dockerfiles whose fixes were not tried: a commit cannot be checked out"] += 1
    last = walked.commits[-1].prediction
    first, newest = clone.commits[0], clone.commits[-1]
    return Studied(
        repository=clone.name,
        title=title,
        head=newest.id,
        began=_day(first.committed_at),
        ended=_day(newest.committed_at),
        dockerfile=built.dockerfile,
        context=built.context,
        steps=len(last.steps) if last is not None else 0,
        counts=walked.counts,
        traps=traps,
        savings=walked.savings,
    )


def traps_of(top: Path, built: Built) -> Mapping[str, int]:
    """What lint says of a Dockerfile and the ignore files beside it, by rule."""
    return dict(Counter(trap.code.value for trap in traps_at(top, built)))


def _day(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).date().isoformat()
