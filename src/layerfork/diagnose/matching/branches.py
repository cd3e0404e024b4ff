"""Builds for several platforms: which branches of two builds stand beside each other."""

from layerfork.record.branch import is_part_of, normal_platform, platforms_of
from layerfork.record.record import BuildRecord, StepRecord


def shared_platforms(writer: BuildRecord, reader: BuildRecord) -> tuple[str, ...] | None:
    """The platforms that both builds are for, sorted; None when each of them is for one platform only, which
    needs no telling apart."""
    writers, readers = platforms_built(writer), platforms_built(reader)
    if len(writers) < 2 and len(readers) < 2:
        return None
    return tuple(sorted(writers & readers))


def added_platforms(writer: BuildRecord, reader: BuildRecord) -> frozenset[str]:
    """The platforms that only the reader is built for, where one of the two is built for several."""
    shared = shared_platforms(writer, reader)
    return frozenset() if shared is None else platforms_built(reader).difference(shared)


def platforms_built(record: BuildRecord) -> frozenset[str]:
    """What a build is for, as its steps name it; of one that names none what was asked for, else the engine's
    own platform."""
    named = frozenset().union(*(platforms_of(step.platform) for step in record.steps))
    engine = record.engine
    own = f"{engine.os}/{engine.architecture}" if engine is not None and engine.architecture else ""
    return named or frozenset(map(normal_platform, platforms_of(record.request.platform or own)))


def is_beside(step: StepRecord, other: StepRecord) -> bool:
    """Whether two steps may be of one branch: one of them is for all that the other is for."""
    return is_part_of(step.platform, other.platform) or is_part_of(other.platform, step.platform)
