"""Engines that are known to miss what they have."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from layerfork.dockerfile.recorded import dockerfile_of
from layerfork.explain.claims.rule import Case, CauseRule, Finding, Strength
from layerfork.explain.compare.differences import Difference
from layerfork.explain.compare.divergence import Reason
from layerfork.model.build import Builder
from layerfork.model.cause import CauseCode
from layerfork.model.engine import EngineInfo
from layerfork.model.versions import Release, parse_release


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineBug:
    """One known bug of an engine, where it makes builds miss."""

    thread: str
    """Where upstream speaks of it."""
    what: str
    """To follow ``Engine 26.1.5``."""
    remedy: str
    builder: Builder
    versions: tuple[tuple[Release, Release], ...]
    """First and last releases of Docker Engine that are known to have it."""
    meets: Callable[[Case], bool]
    """Whether the reader did what the bug needs."""


def _foreign_stage(case: Case) -> bool:
    """The step's stage has ``FROM --platform`` of another architecture, and the request names none."""
    record = case.reader.record
    dockerfile, engine = dockerfile_of(record), record.engine
    if dockerfile is None or engine is None or not engine.architecture or record.request.platform:
        return False
    stage = case.reader_view.step.stage
    if stage >= len(dockerfile.stages):
        return False
    asked = dockerfile.stages[stage].platform
    return bool(asked) and "$" not in asked and _architecture(asked) != _architecture(engine.architecture)


_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64", "x86-64": "amd64"}


def _architecture(platform: str) -> str:
    """``arm64`` of ``linux/arm64/v8``."""
    words = platform.split("/")
    name = words[1] if len(words) > 1 else words[0]
    return _ARCHITECTURES.get(name, name)


def _imports_images(case: Case) -> bool:
    """The reader imported the cache of an image, as inline caches are."""
    return any(
        "type=registry" in each or "type=" not in each for each in case.reader.record.request.cache_from
    )


BUGS = (
    EngineBug(
        thread="https://github.com/moby/moby/issues/49947",
        what="reuses nothing in a stage whose FROM --platform names another architecture than its own",
        remedy="build with BuildKit, or give --platform to the whole build",
        builder=Builder.CLASSIC,
        versions=(((24, 0, 9), (24, 0, 9)), ((25, 0, 2), (28, 5, 2))),
        meets=_foreign_stage,
    ),
    EngineBug(
        thread="https://github.com/moby/buildkit/issues/5242",
        what="does not use the inline cache of an image",
        remedy="use another engine version, or a cache of its own (--cache-to type=registry)",
        builder=Builder.BUILDKIT,
        versions=(((27, 0, 0), (27, 1, 1)),),
        meets=_imports_images,
    ),
)
"""From the upstream trackers, looked up in November 2026; records of Engine 26.1 and 28.5 show the first."""


def known_bugs(case: Case) -> tuple[EngineBug, ...]:
    """The bugs that the reader may have met."""
    record = case.reader.record
    release = _release_of(record.engine)
    if case.site.reason is not Reason.EQUAL_KEYS or release is None:
        return ()
    return tuple(
        bug
        for bug in BUGS
        if bug.builder is record.builder
        and any(first <= release <= last for first, last in bug.versions)
        and bug.meets(case)
    )


def _release_of(engine: EngineInfo | None) -> Release | None:
    """Of a Docker Engine; None for other engines."""
    if engine is None or engine.kind not in ("host", "private"):
        return None
    return parse_release(engine.version)


def find_engine_bug(case: Case, unclaimed: tuple[Difference, ...]) -> Iterator[Finding]:
    """Equal keys, and an engine of a version that is known to miss in such a build."""
    engine = case.reader.record.engine
    version = engine.version if engine is not None else ""
    for bug in known_bugs(case):
        yield Finding(
            code=CauseCode.ENGINE_BUG,
            field="engine version",
            what=f"Engine {version} {bug.what}",
            evidence=(f"the keys are equal, and upstream knows of it: {bug.thread}",),
            remedy=bug.remedy,
            strength=Strength.GUESS,
        )


ENGINE_BUG = CauseRule(code=CauseCode.ENGINE_BUG, find=find_engine_bug)
"""Equal keys, and the engine has a known bug that such a build meets."""

RULES = (ENGINE_BUG,)
