"""The podman engine: a podman service of our own, and podman's programs on the same storage."""

import contextlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from layerfork.builders.api.answering import explained, is_alive
from layerfork.builders.api.client import EngineApi
from layerfork.builders.api.images import remove_tags
from layerfork.builders.api.inspection import read_engine_info, read_image_facts, read_info_lines
from layerfork.builders.debian.generation import Generation
from layerfork.builders.debian.roots import ensure_root, root_path
from layerfork.builders.engines.basestore import ensure_base_archive
from layerfork.builders.engines.kind import listed_kind
from layerfork.builders.engines.podmanimages import clean_storage, load_as_from_hub
from layerfork.builders.engines.podmanservice import podman_startup
from layerfork.builders.engines.private import check_root_user, how_to_load
from layerfork.builders.engines.readiness import PODMAN_PARTS, components_of, fetched_root, find_obstacles
from layerfork.builders.namespace.entering import Namespaces, held_namespaces, network_of
from layerfork.builders.namespace.launch import INSIDE, Daemons, await_ready, launched
from layerfork.builders.namespace.rundirs import base_directory
from layerfork.builders.suites import SUITES
from layerfork.record.build import PODMAN as SERVED
from layerfork.record.build import PodmanTools, ServedBuilders, Toolchain
from layerfork.record.engine import EngineInfo, ImageFacts
from layerfork.record.machine import EngineRow
from layerfork.record.run import Say

BUILDAH_HEADER = "libpod-buildah-version"
"""Of every answer. Source: containers/podman pkg/api/server/handler_api.go @ v3.0.1 to v5.8."""
VARIABLES = {
    "TMPDIR": f"{INSIDE}/data/tmp",
    "PATH": "/usr/sbin:/usr/bin",
    "PODMAN_IGNORE_CGROUPSV1_WARNING": "1",
}
"""What podman's programs need to leave nothing anywhere else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PodmanEngine:
    """One generation of podman."""

    generation: Generation
    docker_generation: Generation
    """Whose CLI docker's clients run against podman's socket: that of the same Debian suite."""
    ours: bool = True

    @property
    def id(self) -> str:
        return f"podman:{self.generation.name}"

    @property
    def roots(self) -> tuple[Path, ...]:
        return (root_path(self.generation), root_path(self.docker_generation))

    def describe(self, environment: Mapping[str, str]) -> EngineRow:
        """What it is, and what keeps it from running here."""
        oldest, newest = self.generation.api
        components = components_of(fetched_root(self.generation), PODMAN_PARTS)
        needed = (self.generation, self.docker_generation)
        return EngineRow(
            id=self.id,
            title=f"podman {self.generation.name}",
            origin=f"Debian {self.generation.suite}",
            version=dict(components).get("podman", ""),
            builders=SERVED.names,
            image_store="graphdriver",
            oldest_api=oldest,
            newest_api=newest,
            components=components,
            obstacles=tuple(find_obstacles(self.id, needed)),
        )

    def address(self, environment: Mapping[str, str]) -> str:
        """Empty: each start has another."""
        return ""

    def fetch(self, environment: Mapping[str, str], say: Say) -> None:
        """Fetch podman, the docker CLI of the same Debian suite, and the base image. Raises: EngineError."""
        ensure_root(self.generation, environment, say)
        ensure_root(self.docker_generation, environment, say)
        ensure_base_archive(environment, say)

    @contextlib.contextmanager
    def start(self, environment: Mapping[str, str], say: Say) -> Iterator["RunningPodmanEngine"]:
        """Fetch what is missing, start, load the base image; on leaving, end and remove everything.

        Raises: EngineError.
        """
        check_root_user()
        root = ensure_root(self.generation, environment, say)
        toolchain = ensure_root(self.docker_generation, environment, say).toolchain
        base_archive = ensure_base_archive(environment, say)
        with launched(root.path, podman_startup, base_directory(environment)) as daemons:
            api = await_ready(daemons)
            with held_namespaces(daemons) as namespaces:
                engine = RunningPodmanEngine(
                    daemons=daemons,
                    api=api,
                    info=read_podman_info(api, daemons.directory.name),
                    toolchain=toolchain,
                    podman=write_tools(daemons.directory.path / "tools", namespaces),
                    namespaces=namespaces,
                )
                engine.load(base_archive)
                yield engine


def read_podman_info(api: EngineApi, instance: str, kind: str = "podman", *, ours: bool = True) -> EngineInfo:
    """The engine as it reports itself; with buildah's version, and without the id, new in every answer.

    Raises: EngineError.
    """
    info = read_engine_info(api, kind, ours=ours)
    buildah = api.ping().get(BUILDAH_HEADER, "")
    parts = [(name, _version_in(text)) for name, text in info.components]
    return replace(info, instance=instance, components=(*parts, ("buildah", buildah)))


def _version_in(text: str) -> str:
    """``2.1.12`` of ``conmon version 2.1.12, commit: unknown``."""
    found = re.search(r"\d[^\s,]*", text)
    return found.group() if found else text


def write_tools(directory: Path, namespaces: Namespaces) -> PodmanTools:
    """Programs that look like podman and buildah, and run the engine's own in its namespaces."""
    programs = {name: directory / name for name in ("podman", "buildah")}
    for name, path in programs.items():
        namespaces.write_wrapper(path, f"/usr/bin/{name}", VARIABLES)
    return PodmanTools(podman=programs["podman"], buildah=programs["buildah"])


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningPodmanEngine:
    """A podman service that answers."""

    daemons: Daemons
    api: EngineApi
    info: EngineInfo
    toolchain: Toolchain
    podman: PodmanTools
    builders: ServedBuilders = SERVED
    namespaces: Namespaces
    can_reset: bool = True
    bases: set[str] = field(default_factory=set)
    """Names of the images that every reset leaves."""

    @property
    def network(self) -> Path:
        return network_of(self.daemons)

    @property
    def docker_host(self) -> str:
        return self.daemons.docker_host

    @property
    def way(self) -> Path:
        return self.socket

    @property
    def socket(self) -> Path:
        return self.daemons.directory.socket

    @property
    def base_images(self) -> tuple[str, ...]:
        return tuple(sorted(self.bases))

    def reset(self) -> None:
        """Remove every image and container but the base images. Raises: EngineError."""
        with explained(self.daemons, self.api):
            clean_storage(self.api, self.bases)

    def how_to_bring(self, reference: str) -> str:
        """By hand: there is no network inside."""
        return how_to_load(reference)

    def image_facts(self, reference: str) -> ImageFacts:
        """What podman says about an image. Raises: EngineError.

        It keeps no image of a step and guesses by layer which one a history row is, so a row without a
        layer gets a neighbour's. No guess is passed on. Source: containers/common libimage/history.go
        @ v0.62.2.
        """
        with explained(self.daemons, self.api):
            facts = read_image_facts(self.api, reference)
        return replace(facts, history=tuple(replace(row, image_id="") for row in facts.history))

    def load(self, archive: Path) -> None:
        """Load a docker archive and keep its tagged images over every reset. Raises: EngineError."""
        with explained(self.daemons, self.api):
            self.bases.update(load_as_from_hub(self.api, archive))

    def remove_images(self, tags: Sequence[str]) -> None:
        """Remove tags. Raises: EngineError."""
        with explained(self.daemons, self.api):
            remove_tags(self.api, tags)

    def info_lines(self) -> tuple[tuple[str, str], ...]:
        """What ``docker info`` prints. Raises: EngineError."""
        with explained(self.daemons, self.api):
            return read_info_lines(self.api)

    def is_alive(self) -> bool:
        """Whether the service runs and answers."""
        return is_alive(self.daemons, self.api)

    def log_tail(self) -> str:
        """The last lines of the service."""
        return self.daemons.log_tail()


PODMAN_ENGINES = tuple(
    PodmanEngine(generation=suite.podman, docker_generation=suite.docker) for suite in SUITES if suite.podman
)
PODMAN = listed_kind("podman", PODMAN_ENGINES)
