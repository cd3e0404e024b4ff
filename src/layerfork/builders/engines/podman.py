"""The podman engine: a podman service that layerfork starts, and podman's programs on the same storage."""

import contextlib
import json
import re
import resource
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from layerfork.builders.api.answering import explained, is_alive
from layerfork.builders.api.apianswers import Container, ListedImage
from layerfork.builders.api.engineapi import ApiError, EngineApi
from layerfork.builders.api.engineimages import load_archive, names_beside, remove_tags
from layerfork.builders.api.inspection import read_engine_info, read_image_facts, read_info_lines
from layerfork.builders.api.loopbackregistry import ADDRESS
from layerfork.builders.debian.generation import Generation
from layerfork.builders.debian.roots import ensure_root, root_path
from layerfork.builders.engines.adapter import listed_kind
from layerfork.builders.engines.baseimage import ensure_base_archive
from layerfork.builders.engines.private import check_root_user, how_to_load
from layerfork.builders.engines.readiness import PODMAN_PARTS, components_of, fetched_root, find_obstacles
from layerfork.builders.namespace.entering import Namespaces, held_namespaces, network_of
from layerfork.builders.namespace.launch import INSIDE, Daemon, Daemons, Startup, await_ready, launched
from layerfork.builders.namespace.rundirs import SOCKET_NAME, base_directory
from layerfork.builders.suites import SUITES
from layerfork.errors import EngineError
from layerfork.record.build import PODMAN as SERVED
from layerfork.record.build import PodmanTools, ServedBuilders, Toolchain
from layerfork.record.engine import EngineInfo, ImageFacts
from layerfork.record.machine import EngineRow
from layerfork.record.progress import Say

# How podman's service starts, with settings that work on any machine and leave no files behind.

_STORAGE = f"""\
[storage]
driver = "overlay"
graphroot = "{INSIDE}/data/storage"
runroot = "/run/containers/storage"
"""
_REGISTRIES = f"""\
unqualified-search-registries = ["docker.io"]
short-name-mode = "permissive"
[[registry]]
location = "{ADDRESS}"
insecure = true
"""
_CONTAINERS = """\
[containers]
default_ulimits = [{limits}]
cgroups = "disabled"
netns = "host"
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "none"
image_copy_tmp_dir = "{inside}/data/tmp"
[network]
firewall_driver = "none"
"""
"""Limits: those of this process, since raising them takes a capability that root may lack. Network: the
engine's own namespace, which has loopback alone; so no bridge, no firewall and no tools for them. Runtime:
crun refuses the hybrid cgroups that many machines have.
Source: containers/common docs/containers.conf.5.md @ v0.50.1 to v0.67; containers/crun
src/libcrun/cgroup.c @ 1.21."""
_ANYTHING = {"default": [{"type": "insecureAcceptAnything"}]}


def podman_startup(name: str) -> Startup:
    """podman's service. The name is not needed: what it starts is below its own cgroup."""
    socket = f"{INSIDE}/{SOCKET_NAME}"
    limits = ", ".join(
        f'"{word}={soft}:{hard}"' for word, (soft, hard) in sorted(_limits().items()) if hard >= 0
    )
    service = ("--log-level=warn", "system", "service", "--time=0", f"unix://{socket}")
    return Startup(
        daemons=(Daemon(socket=socket, program="bin/podman", arguments=service),),
        files=(
            ("etc/containers/storage.conf", _STORAGE),
            ("etc/containers/registries.conf", _REGISTRIES),
            ("etc/containers/containers.conf", _CONTAINERS.format(limits=limits, inside=INSIDE)),
            ("etc/containers/policy.json", json.dumps(_ANYTHING)),
        ),
        shows_host=True,
        owns_cgroup=True,
    )


def _limits() -> dict[str, tuple[int, int]]:
    """Soft and hard limit by podman's names; -1 is none."""
    return {
        "nofile": resource.getrlimit(resource.RLIMIT_NOFILE),
        "nproc": resource.getrlimit(resource.RLIMIT_NPROC),
    }


# Base images and clean caches of podman, through its service's API.

LOCAL = "localhost/"
"""Where podman puts what an archive names without a registry."""
HUB = "docker.io/"
ROUNDS = 20
"""Images below others go first; each round takes those that nothing stands on any more."""


def load_as_from_hub(api: EngineApi, archive: Path) -> tuple[str, ...]:
    """Load a docker archive under the names that docker knows its images by; those names.

    ``alpine`` in a Dockerfile is then the same image for every client: podman's service looks for it on
    docker.io alone, its own programs on ``localhost`` first.

    Raises: EngineError when the archive holds no tagged image; ApiError.
    """
    names = []
    for loaded in load_archive(api, archive):
        name = hub_name(loaded)
        if name != loaded:
            repository, _, tag = name.rpartition(":")
            api.request("POST", f"/images/{loaded}/tag", {"repo": repository, "tag": tag})
            api.request("DELETE", f"/images/{loaded}")
        names.append(name)
    return tuple(names)


def hub_name(loaded: str) -> str:
    """``docker.io/library/alpine:latest`` for ``localhost/alpine:latest``; names of registries stay."""
    if not loaded.startswith(LOCAL):
        return loaded
    name = loaded.removeprefix(LOCAL)
    return f"{HUB}{name}" if "/" in name else f"{HUB}library/{name}"


def clean_storage(api: EngineApi, bases: Collection[str]) -> None:
    """Remove every container and image except the base images, and check that it worked.

    Raises: EngineError when something stayed; ApiError.
    """
    for container in api.get("/containers/json", list[Container], {"all": "1"}):
        api.request("DELETE", f"/containers/{container.id}", {"force": "1", "v": "1"})
    left = _others(api, bases)
    for _ in range(ROUNDS):
        if not left:
            return
        for image in left:
            _remove(api, image, bases)
        left = _others(api, bases)
    what = ", ".join(image.id for image in left)
    raise EngineError(f"the engine's cache could not be cleaned: {what} remained", "start another engine")


def _others(api: EngineApi, bases: Collection[str]) -> list[ListedImage]:
    """Images with a tag that is no base, and those without one; newest first."""
    images = api.get("/images/json", list[ListedImage], {"all": "1"})
    others = [image for image in images if not set(image.repo_tags or [""]) <= set(bases)]
    return sorted(others, key=lambda image: -image.created)


def _remove(api: EngineApi, image: ListedImage, bases: Collection[str]) -> None:
    """Remove an image by its id, even if a build that was killed left a container on it.

    A base image loses the names that builds gave it, and nothing else.
    One that others stand on is the next round's; podman 3.0 answers that with 500, later ones with 409.
    """
    if names := names_beside(image, bases):
        remove_tags(api, names)
        return
    try:
        api.request("DELETE", f"/images/{image.id}", {"force": "1"})
    except ApiError as error:
        if error.status not in (404, 409, 500):
            raise


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
    """Names of the images that a reset keeps."""

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
        """By `--load`: the engine has no network."""
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
