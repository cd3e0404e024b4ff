"""When results were made that builds reuse, as far as images tell."""

from dataclasses import dataclass
from datetime import UTC, datetime

from layerfork.hypothesis.steps import named_images
from layerfork.keys.buildkit.epoch import NAME as EPOCH
from layerfork.keys.shared.baseimage import are_facts_of, find_facts
from layerfork.record.record import BuildRecord

_DOCKER_BEGAN = datetime(2013, 3, 20, tzinfo=UTC)
"""Its first release. Images that are made the same every time say 1970 or 1980: that is no time."""
_DATING = ("timestamp", "source-date-epoch", "sourcedateepoch")
"""Options of podman and buildah that give all that they make one time.
Source: containers/buildah docs/buildah-build.1.md @ v1.39.3, v1.41.0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """When a stored result was made."""

    at_s: float
    """Seconds since 1970."""
    exact: bool
    """False: it was there already then."""


def told_by_images(record: BuildRecord) -> dict[int, Made]:
    """What images say of when each step's result was made, by step index.

    A FROM has the time of its image. Where the build was told which time to write down, nothing is known of
    its own steps.
    """
    dated = not _writes_other_times(record)
    times = {step.index: step.created_at for step in record.steps if dated and step.created_at}
    platforms = {step.index: step.platform for step in record.steps}
    for index, reference in named_images(record).items():
        facts = find_facts(record, reference)
        if facts is not None and facts.history and are_facts_of(record, platforms.get(index, "")):
            times[index] = facts.history[-1].created_at
    read = {index: _seconds(time) for index, time in times.items()}
    return {index: Made(at_s=at_s, exact=True) for index, at_s in read.items() if at_s is not None}


def _writes_other_times(record: BuildRecord) -> bool:
    request = record.request
    names = {name.lower() for name, _ in (*request.options, *request.build_args)}
    words = (word.lstrip("-").partition("=")[0] for word in record.client.argv if word.startswith("--"))
    return not names.union(words).isdisjoint((*_DATING, EPOCH.lower()))


def _seconds(time: str) -> float | None:
    """Since 1970; None for what is no time."""
    try:
        found = datetime.fromisoformat(time)
    except ValueError:
        return None
    return found.timestamp() if found.tzinfo is not None and found >= _DOCKER_BEGAN else None
