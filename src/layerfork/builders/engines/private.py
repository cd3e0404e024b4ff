"""The private engine: a dockerd that layerfork starts with a clean cache, and removes afterwards."""

import contextlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from layerfork.builders.api.answering import explained, is_alive
from layerfork.builders.api.engineapi import EngineApi
from layerfork.builders.api.engineimages import clean, load_archive, pin, remove_tags
from layerfork.builders.api.inspection import read_engine_info, read_image_facts, read_info_lines
from layerfork.builders.debian.cachedir import debian_architecture
from layerfork.builders.debian.generation import Generation
from layerfork.builders.debian.later import later_generation
from layerfork.builders.debian.roots import ensure_root, root_path
from layerfork.builders.engines.adapter import DEFAULT_STORE, EngineKind, listed_kind
from layerfork.builders.engines.baseimage import ensure_base_archive
from layerfork.builders.engines.readiness import DOCKER_PARTS, components_of, fetched_root, find_obstacles
from layerfork.builders.namespace.entering import network_of
from layerfork.builders.namespace.launch import INSIDE, Daemon, Daemons, Startup, await_ready, launched
from layerfork.builders.namespace.rundirs import SOCKET_NAME, KeptData, base_directory, kept_data
from layerfork.builders.suites import SUITES
from layerfork.errors import EngineError
from layerfork.record.build import DOCKER, ServedBuilders, Toolchain
from layerfork.record.engine import EngineInfo, ImageFacts
from layerfork.record.machine import EngineRow
from layerfork.record.progress import Say

# How a private engine's containerd and dockerd are started.

STORAGE_DRIVERS = {"graphdriver": "overlay2", "containerd": "overlayfs"}
"""The only driver for each image store: dockerd must not silently fall back to another."""
CACHE_LIMIT = "1GB"
CONTAINERD_SOCKET = "/run/containerd.sock"

_CONTAINERD = f"""\
version = 2
root = "{INSIDE}/data/containerd/daemon"
state = "/run/containerd"
disabled_plugins = [
  "io.containerd.grpc.v1.cri", "io.containerd.internal.v1.opt", "io.containerd.snapshotter.v1.aufs",
  "io.containerd.snapshotter.v1.blockfile", "io.containerd.snapshotter.v1.btrfs",
  "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.zfs",
]
[grpc]
  address = "{CONTAINERD_SOCKET}"
[debug]
  level = "warn"
"""


def docker_startup(store: str, name: str, *, bounded: bool = False) -> Startup:
    """containerd, and a dockerd that uses it, for an image store and the name of the engine's cgroup.

    ``bounded``: BuildKit removes what it has not used for long when its cache grows. An experiment's stays.
    """
    collection = {"enabled": True, "defaultKeepStorage": CACHE_LIMIT} if bounded else {"enabled": False}
    settings = {
        "features": {"containerd-snapshotter": store == "containerd"},
        "storage-driver": STORAGE_DRIVERS[store],
        "builder": {"gc": collection},
    }
    dockerd = (
        f"--containerd={CONTAINERD_SOCKET}",
        f"--config-file={INSIDE}/daemon.json",
        f"--data-root={INSIDE}/data",
        "--exec-root=/run/docker",
        "--pidfile=/run/docker.pid",
        f"--host=unix://{INSIDE}/{SOCKET_NAME}",
        "--group=0",
        "--iptables=false",
        "--exec-opt=native.cgroupdriver=cgroupfs",
        f"--cgroup-parent=/{name}",
    )
    containerd = (f"--config={INSIDE}/containerd.toml",)
    return Startup(
        daemons=(
            Daemon(socket=CONTAINERD_SOCKET, program="bin/containerd", arguments=containerd),
            Daemon(socket=f"{INSIDE}/{SOCKET_NAME}", program="sbin/dockerd", arguments=dockerd),
        ),
        files=(("containerd.toml", _CONTAINERD), ("daemon.json", json.dumps(settings))),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivateEngine:
    """One generation with one image store."""

    generation: Generation
    store: str = "graphdriver"
    """``graphdriver`` or ``containerd``."""
    ours: bool = True
    kept: bool = False
    """Its data stays for the next one of the same kind, with its cache."""

    @property
    def id(self) -> str:
        plus = "+containerd" if self.store == "containerd" else ""
        return f"private:{self.generation.name}{plus}"

    @property
    def roots(self) -> tuple[Path, ...]:
        return (root_path(self.generation),)

    def describe(self, environment: Mapping[str, str]) -> EngineRow:
        """What it is, and what keeps it from running here."""
        oldest, newest = self.generation.api
        components = components_of(fetched_root(self.generation), DOCKER_PARTS)
        return EngineRow(
            id=self.id,
            title=f"Docker Engine {self.generation.name}",
            origin=f"Debian {self.generation.suite}",
            version=dict(components).get("dockerd", ""),
            builders=DOCKER.names,
            image_store=self.store,
            oldest_api=oldest,
            newest_api=newest,
            components=components,
            obstacles=tuple(find_obstacles(self.id, (self.generation,))),
        )

    def address(self, environment: Mapping[str, str]) -> str:
        """Empty: each start has another."""
        return ""

    def fetch(self, environment: Mapping[str, str], say: Say) -> None:
        """Fetch and unpack the generation's packages and make the base image. Raises: EngineError.

        Of a suite whatever it has now, even if another version of it is unpacked.
        """
        ensure_root(self.generation, environment, say, anew=not self.generation.version)
        ensure_base_archive(environment, say)

    @contextlib.contextmanager
    def start(self, environment: Mapping[str, str], say: Say) -> Iterator["RunningPrivateEngine"]:
        """Fetch what is missing, start, load the base image; on leaving, end and remove everything.

        What is ``kept`` stays. Raises: EngineError.
        """
        check_root_user()
        root = ensure_root(self.generation, environment, say)
        base_archive = ensure_base_archive(environment, say)
        base = base_directory(environment)
        with contextlib.ExitStack() as stack:
            kept = stack.enter_context(kept_data(base, self.id.replace(":", "-"))) if self.kept else None
            if self.kept:
                say(_about_kept(self.id, kept))
            plan = partial(docker_startup, self.store, bounded=kept is not None)
            daemons = stack.enter_context(launched(root.path, plan, base, kept))
            api = await_ready(daemons)
            engine = RunningPrivateEngine(
                daemons=daemons,
                api=api,
                info=read_engine_info(api, "private", ours=True),
                toolchain=root.toolchain,
                can_reset=kept is None,
            )
            _check_store(engine.info, self.store)
            engine.load(base_archive)
            yield engine


def _about_kept(name: str, kept: KeptData | None) -> str:
    if kept is None:
        return f"the kept {name} is in use or cannot be kept here: using a clean one with an empty cache"
    return f"using {name} with its kept cache ({kept.path}); `layerfork engines stop` removes it"


def how_to_load(reference: str) -> str:
    """How an image comes into an engine without a network."""
    return (
        "layerfork's own engines have no network: save the image where you have it "
        f"(docker save -o base.tar {reference}) and add --load base.tar, or use --engine host"
    )


def check_root_user() -> None:
    """Raises: EngineError when this user, or every user of this machine, cannot make namespaces."""
    debian_architecture()
    if os.geteuid() != 0:
        raise EngineError(
            "a private engine needs root: it makes namespaces, mounts and cgroups of its own",
            "run the same command as root (sudo), or use an installed Docker: --engine host",
        )


def _check_store(info: EngineInfo, store: str) -> None:
    if info.image_store != store:
        message = f"asked for the {store} image store, but the engine uses {info.image_store}"
        hint = f"Docker Engine {info.version} does not have it; choose a newer generation"
        raise EngineError(message, hint)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningPrivateEngine:
    """A private engine that answers."""

    daemons: Daemons
    api: EngineApi
    info: EngineInfo
    toolchain: Toolchain
    podman: None = None
    builders: ServedBuilders = DOCKER
    can_reset: bool = True
    pins: dict[str, str] = field(default_factory=dict)
    """Base image reference to the id of the container that keeps it from being pruned; empty before the
    first reset needs one."""

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
        return tuple(self.pins)

    def reset(self) -> None:
        """Remove every image, container and cache record but the base images. Raises: EngineError."""
        with explained(self.daemons, self.api):
            for reference, container in self.pins.items():
                self.pins[reference] = container or pin(self.api, reference)
            clean(self.api, self.pins)

    def how_to_bring(self, reference: str) -> str:
        """By `--load`: the engine has no network."""
        return how_to_load(reference)

    def image_facts(self, reference: str) -> ImageFacts:
        """What the engine says about an image. Raises: EngineError."""
        with explained(self.daemons, self.api):
            return read_image_facts(self.api, reference)

    def load(self, archive: Path) -> None:
        """Load a docker archive and keep its tagged images over every reset. Raises: EngineError."""
        with explained(self.daemons, self.api):
            self.pins.update(dict.fromkeys(load_archive(self.api, archive), ""))

    def remove_images(self, tags: Sequence[str]) -> None:
        """Remove tags. Raises: EngineError."""
        with explained(self.daemons, self.api):
            remove_tags(self.api, tags)

    def info_lines(self) -> tuple[tuple[str, str], ...]:
        """What ``docker info`` prints. Raises: EngineError."""
        with explained(self.daemons, self.api):
            return read_info_lines(self.api)

    def is_alive(self) -> bool:
        """Whether both daemons run and dockerd answers."""
        return is_alive(self.daemons, self.api)

    def log_tail(self) -> str:
        """The last lines of containerd and dockerd."""
        return self.daemons.log_tail()


PRIVATE_ENGINES = tuple(
    PrivateEngine(generation=suite.docker, store=store)
    for suite in SUITES
    for store in suite.docker.image_stores
)
_LISTED = listed_kind("private", PRIVATE_ENGINES)
_KEPT = "+kept"


def _find(rest: str) -> PrivateEngine:
    plain = rest.removesuffix(_KEPT)
    name, _, store = plain.removeprefix(":").removesuffix(DEFAULT_STORE).partition("+")
    if (generation := later_generation(name)) and store in ("", *generation.image_stores):
        return PrivateEngine(generation=generation, store=store or "graphdriver", kept=plain != rest)
    found = _LISTED.find(plain)
    assert isinstance(found, PrivateEngine)
    return replace(found, kept=plain != rest)


PRIVATE = EngineKind(name="private", engines=PRIVATE_ENGINES, find=_find)
