"""Engines for unit tests of the harness, named after what they do. None of them executes anything."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from layerfork.builders.api.engineapi import address_of
from layerfork.errors import EngineError
from layerfork.record.build import DOCKER, PodmanTools, ServedBuilders, Toolchain
from layerfork.record.engine import EngineInfo, ImageFacts
from layerfork.wire.proxy.sockets import Address


@dataclass
class Obliging:
    """Has the images that it was given, and stays alive for as many questions as it is told."""

    images: dict[str, ImageFacts] = field(default_factory=dict)
    lives_for: int = 1_000
    removed: list[str] = field(default_factory=list)
    docker_host: str = "unix:///nowhere/docker.sock"
    socket: Path | None = None
    network: Path | None = None
    toolchain: Toolchain | None = field(
        default_factory=lambda: Toolchain(docker=Path("/tools/docker"), cli_plugins=Path("/tools/plugins"))
    )
    podman: PodmanTools | None = None
    daemons: None = None
    builders: ServedBuilders = DOCKER
    base_images: tuple[str, ...] = ("alpine:latest",)
    can_reset: bool = True
    info: EngineInfo = field(
        default_factory=lambda: EngineInfo(
            kind="private", version="26.1.5", api_version="1.45", image_store="graphdriver"
        )
    )

    @property
    def way(self) -> Address:
        return address_of(self.docker_host)

    def reset(self) -> None:
        """Nothing to clean."""

    def how_to_bring(self, reference: str) -> str:
        return f"bring {reference}"

    def image_facts(self, reference: str) -> ImageFacts:
        if reference not in self.images:
            raise EngineError(f"no image {reference}")
        return self.images[reference]

    def load(self, archive: Path) -> None:
        """Nothing to load."""

    def remove_images(self, tags: Sequence[str]) -> None:
        self.removed.extend(tags)

    def info_lines(self) -> tuple[tuple[str, str], ...]:
        return (("Server Version", self.info.version),)

    def is_alive(self) -> bool:
        self.lives_for -= 1
        return self.lives_for >= 0

    def log_tail(self) -> str:
        return "the last words"
