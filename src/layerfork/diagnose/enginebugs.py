"""Engines that are known to miss what they have: which, and where a build meets it."""

from collections.abc import Callable
from dataclasses import dataclass

from layerfork.dockerfile import Dockerfile, Stage
from layerfork.dockerfile.recorded import dockerfile_of
from layerfork.dockerfile.scope import SCRATCH, base_or_written
from layerfork.keys.recordedbases import find_facts
from layerfork.record.build import Builder
from layerfork.record.engine import EngineInfo, Release, parse_release
from layerfork.record.record import BuildRecord, StepRecord


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
    meets: Callable[[BuildRecord, StepRecord], bool]
    """Whether a step of a build has what the bug needs."""
    always: bool
    """Such a step is built again each time, whatever is stored: seen on engines."""


def _foreign_stage(record: BuildRecord, step: StepRecord) -> bool:
    """The image at the bottom of the step's stage is of another architecture than the one that is built for:
    the request's, else the engine's. One that begins ``FROM scratch`` has none."""
    dockerfile, engine = dockerfile_of(record), record.engine
    if dockerfile is None or engine is None or step.stage >= len(dockerfile.stages):
        return False
    own = _architecture(record.request.platform or engine.architecture)
    image = _image_architecture(record, dockerfile, dockerfile.stages[step.stage])
    return bool(own and image) and image != own and (own, image) not in _RUNS_TOO


_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64", "x86-64": "amd64"}
_RUNS_TOO = {("amd64", "386"), ("arm64", "arm")}
"""An architecture, and another that counts as the same: 386 was seen to.
Source: containerd/platforms compare.go:platformVector @ v0.2.1."""


def _architecture(platform: str) -> str:
    """``arm64`` of ``linux/arm64/v8``."""
    words = platform.split("/")
    name = words[1] if len(words) > 1 else words[0]
    return _ARCHITECTURES.get(name, name)


def _image_architecture(record: BuildRecord, dockerfile: Dockerfile, stage: Stage) -> str:
    """Of the image at the bottom of a stage; empty when unknown."""
    given = dict(record.request.build_args)
    base = base_or_written(dockerfile, stage, given)
    while (below := dockerfile.find_base(base, before=stage.index)) is not None:
        stage = below
        base = base_or_written(dockerfile, stage, given)
    if base == SCRATCH:
        return ""
    if stage.platform and "$" not in stage.platform:
        return _architecture(stage.platform)
    facts = find_facts(record, base)
    several = record.engine is not None and record.engine.image_store == "containerd"
    return "" if facts is None or several else _architecture(facts.architecture)


def _imports_images(record: BuildRecord, step: StepRecord) -> bool:
    """The build imported the cache of an image, as inline caches are."""
    return any("type=registry" in each or "type=" not in each for each in record.request.cache_from)


BUGS = (
    EngineBug(
        thread="https://github.com/moby/moby/issues/49947",
        what="reuses nothing in a stage whose base image has another architecture than the build",
        remedy="build with BuildKit, or give --platform to the whole build",
        builder=Builder.CLASSIC,
        versions=(((24, 0, 9), (24, 0, 9)), ((25, 0, 2), (28, 5, 2))),
        meets=_foreign_stage,
        always=True,
    ),
    EngineBug(
        thread="https://github.com/moby/buildkit/issues/5242",
        what="does not use the inline cache of an image",
        remedy="use another engine version, or a cache of its own (--cache-to type=registry)",
        builder=Builder.BUILDKIT,
        versions=(((27, 0, 0), (27, 1, 1)),),
        meets=_imports_images,
        always=False,
    ),
)
"""From the upstream trackers, looked up in November 2026; Engine 26.1 and 28.5 show the first."""


def bugs_met(record: BuildRecord, step: StepRecord) -> tuple[EngineBug, ...]:
    """The bugs that a build may meet at a step, by its engine's version."""
    release = _release_of(record.engine)
    if release is None:
        return ()
    return tuple(
        bug
        for bug in BUGS
        if bug.builder is record.builder
        and any(first <= release <= last for first, last in bug.versions)
        and bug.meets(record, step)
    )


def never_found(record: BuildRecord) -> dict[int, str]:
    """Steps that the build's engine builds again each time, by index, and why."""
    found = {}
    for step in record.steps:
        bug = next((each for each in bugs_met(record, step) if each.always), None)
        if bug is not None:
            found[step.index] = f"{describe_bug(record, bug)} ({bug.thread})"
    return found


def doubtful_finds(record: BuildRecord, step: StepRecord) -> str:
    """Why the build's engine may not find what is there for a step; empty when nothing speaks against it."""
    bug = next((each for each in bugs_met(record, step) if not each.always), None)
    return f"{describe_bug(record, bug)} ({bug.thread})" if bug is not None else ""


def describe_bug(record: BuildRecord, bug: EngineBug) -> str:
    """What a build's engine is known to do."""
    version = record.engine.version if record.engine is not None else ""
    return f"Engine {version} {bug.what}"


def _release_of(engine: EngineInfo | None) -> Release | None:
    """Of a Docker Engine; None for other engines."""
    if engine is None or engine.kind not in ("host", "private"):
        return None
    return parse_release(engine.version)
