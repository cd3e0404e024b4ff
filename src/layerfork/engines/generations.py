"""Which generations of Docker Engine Debian has, and the packages that each is made of."""

from dataclasses import dataclass

SHARED = ("docker.io", "containerd", "runc", "libc6", "libseccomp2", "libsystemd0", "libcap2")
"""In every generation: the daemons and the libraries they link."""
OLD_LIBRARIES = (
    "libdevmapper1.02.1", "libselinux1", "libudev1", "libpcre2-8-0", "liblzma5", "libzstd1", "liblz4-1",
    "libgcrypt20", "libgpg-error0",
)  # fmt: skip
"""What dockerd 20.10 (devicemapper) and the libsystemd of its suites link besides."""
CLIENTS = ("docker-cli", "docker-buildx", "docker-compose")
"""Packages of their own from trixie on; before, docker.io held the CLI and there was no buildx."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Generation:
    """One generation of Docker Engine, as one Debian suite ships it."""

    name: str
    """What a person calls it: ``26.1``."""
    suite: str
    """Debian suite by code name."""
    version: str
    """Start of docker.io's upstream version. A suite that moved on is an error, not another engine."""
    packages: tuple[str, ...]
    image_stores: tuple[str, ...]
    """``graphdriver``, and ``containerd`` where the daemon obeys ``features.containerd-snapshotter``."""


GENERATIONS = (
    Generation(
        name="26.1",
        suite="trixie",
        version="26.1.",
        packages=(*SHARED, *CLIENTS, "busybox-static"),
        image_stores=("graphdriver", "containerd"),
    ),
    Generation(
        name="20.10.5",
        suite="bullseye",
        version="20.10.5",
        packages=SHARED + OLD_LIBRARIES,
        image_stores=("graphdriver",),
    ),
    Generation(
        name="20.10",
        suite="bookworm",
        version="20.10.",
        packages=SHARED + OLD_LIBRARIES,
        image_stores=("graphdriver",),
    ),
    Generation(
        name="28.5",
        suite="forky",
        version="28.5.",
        packages=SHARED + CLIENTS,
        image_stores=("graphdriver", "containerd"),
    ),
)
"""The first is the default."""
