"""Engines: what executes builds, in which version, and the images in it."""

import re
from dataclasses import dataclass

BUILDKIT_DAEMON = "buildkit"
"""The kind of a BuildKit that is no part of a Docker Engine: it keeps no images."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineInfo:
    """An engine as it reports itself, never as it was asked for."""

    kind: str
    """Of the table of kinds: ``private``, ``host``, ``podman``, ``buildkit``."""
    ours: bool = False
    """Whether layerfork started it: its cache then held nothing but base images."""
    version: str
    api_version: str
    image_store: str
    """``graphdriver`` or ``containerd``; empty where there is none."""
    storage_driver: str = ""
    default_builder: str = ""
    """``classic`` or ``buildkit``: what the engine advises clients to use."""
    os: str = "linux"
    architecture: str = ""
    instance: str = ""
    """The engine's own id: equal ids are one engine, hence one cache."""
    buildkit_version: str = ""
    components: tuple[tuple[str, str], ...] = ()
    """Name and version of the parts, in the engine's order (Engine, containerd, runc …)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageStep:
    """One row of an image's history, oldest first."""

    created_by: str
    image_id: str
    """Full id after this step, or empty (BuildKit names only the last)."""
    empty_layer: bool = False
    created_at: str = ""
    """When it was made, as the image says, RFC 3339, UTC; empty when it says none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageFacts:
    """What an engine says about one built or base image."""

    image_id: str
    history: tuple[ImageStep, ...]
    diff_ids: tuple[str, ...]
    """Digests of the uncompressed layers, bottom first."""
    env: tuple[str, ...] = ()
    user: str = ""
    working_dir: str = ""
    shell: tuple[str, ...] = ()
    onbuild: tuple[str, ...] = ()
    architecture: str = ""
    """As images name it: ``amd64``; empty when unknown."""


# Versions of engines and builders, as far as rules depend on them.

Version = tuple[int, int]
Release = tuple[int, int, int]


def parse_version(text: str) -> Version | None:
    """Major and minor number of ``26.1.5+dfsg1`` or ``docker-v29.7.2``; None when there is none."""
    release = parse_release(text)
    return release[:2] if release is not None else None


def parse_release(text: str) -> Release | None:
    """All three numbers of a version; the last is 0 when it is left out. None when there are none."""
    match = re.search(r"(?:^|[^0-9.])(\d+)\.(\d+)(?:\.(\d+))?", text)
    return (int(match[1]), int(match[2]), int(match[3] or 0)) if match else None


# Images that a person brings into an engine of ours before a command runs.


@dataclass(frozen=True, slots=True, kw_only=True)
class Brought:
    """What is to be on the engine."""

    load: tuple[str, ...] = ()
    """Image archives."""
    stand_ins: tuple[str, ...] = ()
    """References; each becomes an image of busybox and nothing else."""

    @property
    def options(self) -> tuple[str, ...]:
        """The options that asked for them."""
        return (*(("--load",) if self.load else ()), *(("--stand-in",) if self.stand_ins else ()))


NOTHING_BROUGHT = Brought()
