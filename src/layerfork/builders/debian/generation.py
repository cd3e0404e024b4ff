"""A generation of an engine, as one Debian suite ships it."""

from dataclasses import dataclass

from layerfork.builders.debian.packages import PODMAN, PODMAN_LIBRARIES


@dataclass(frozen=True, slots=True, kw_only=True)
class Generation:
    """One generation of an engine, as one Debian suite ships it."""

    title: str = "Docker Engine"
    """What it is a generation of, for people."""
    name: str
    """What a person calls it: ``26.1``."""
    suite: str
    """Debian suite by code name."""
    package: str = "docker.io"
    """The package that its version is read from."""
    version: str
    """Start of that package's upstream version; empty takes whatever the suite has."""
    packages: tuple[str, ...]
    programs: tuple[str, ...] = (
        "sbin/dockerd",
        "bin/containerd",
        "bin/docker",
        "bin/docker-init",
        "sbin/runc",
        "bin/git",
        "bin/busybox",
    )
    """Without these below ``usr`` it is not complete."""
    links: tuple[tuple[str, str], ...] = ()
    """Links below ``usr`` and their targets that a package's script would have made."""
    api: tuple[str, str] = ("", "")
    """Oldest and newest version of the Docker API that it speaks."""
    image_stores: tuple[str, ...] = ("graphdriver",)
    """``graphdriver``, and ``containerd`` where the daemon obeys ``features.containerd-snapshotter``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """What one Debian suite brings: engines that link the same libraries."""

    docker: Generation
    podman: Generation | None = None


def podman_generation(
    name: str, suite: str, newest_api: str, *libraries: str, links: tuple[tuple[str, str], ...] = ()
) -> Generation:
    """A generation of podman: its programs, what they link everywhere, and ``libraries`` of this suite."""
    return Generation(
        title="podman",
        name=name,
        suite=suite,
        package="podman",
        version=f"{name}.",
        packages=(*PODMAN, *PODMAN_LIBRARIES, *libraries),
        programs=("bin/podman", "bin/buildah", "bin/conmon", "sbin/runc"),
        links=links,
        api=("1.24", newest_api),
    )
