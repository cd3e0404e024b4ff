"""Engines of two runs: which of the later stands for which of the earlier, and what is new about it."""

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from layerfork.app.upgrade.matching import Matched, match
from layerfork.record.build import Builder
from layerfork.record.engine import EngineInfo
from layerfork.record.upgrade import VersionChange

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineRuns(Generic[T]):
    """What was measured on one engine, with one builder asked of the clients."""

    info: EngineInfo
    builder: Builder | None
    """None left it to each client."""
    runs: dict[str, T]
    """By scenario."""

    @property
    def name(self) -> str:
        """``private 28.5.2, containerd image store, classic builder``: what tells it from others."""
        parts = [f"{self.info.kind} {self.info.version}"]
        parts += ["containerd image store"] if self.info.image_store == "containerd" else []
        parts += [f"{self.builder.value} builder"] if self.builder else []
        return ", ".join(parts)

    @property
    def generation(self) -> str:
        """The first two numbers of its version."""
        return ".".join(self.info.version.split(".")[:2])


def match_engines(old: Sequence[EngineRuns[T]], new: Sequence[EngineRuns[T]]) -> Matched[EngineRuns[T]]:
    """The same version first, then generation, store and kind; a single engine stands for a single one."""
    keys: list[Callable[[EngineRuns[T]], Hashable]] = [
        lambda each: (each.info.kind, each.info.version, each.info.image_store, each.builder),
        lambda each: (each.info.kind, each.generation, each.info.image_store, each.builder),
        lambda each: (each.info.kind, each.info.image_store, each.builder),
        lambda each: (each.info.kind, each.builder),
    ]
    if len(old) == len(new) == 1:
        keys.append(lambda each: ())
    return match(old, new, *keys)


def engine_versions(old: EngineInfo, new: EngineInfo) -> Iterator[VersionChange]:
    """The engine's own version, BuildKit's, and those of its parts."""
    if old.version != new.version:
        yield VersionChange(names=("Engine",), old=old.version, new=new.version)
    if old.buildkit_version != new.buildkit_version and old.buildkit_version and new.buildkit_version:
        yield VersionChange(names=("BuildKit",), old=old.buildkit_version, new=new.buildkit_version)
    later = dict(new.components)
    for name, version in old.components:
        now = later.get(name, version)
        if version != now and (version, now) != (old.version, new.version):
            yield VersionChange(names=(name,), old=version, new=now)
