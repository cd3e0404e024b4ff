"""Debian 12, bookworm."""

from layerfork.builders.debian.generation import Generation, Suite, podman_generation
from layerfork.builders.debian.packages import (
    DOCKER,
    OLD_DOCKER_LIBRARIES,
    OLD_GIT,
    SHADOW_LIBRARIES,
    SHELL_LINKS,
)

BOOKWORM = Suite(
    docker=Generation(
        name="20.10",
        suite="bookworm",
        version="20.10.",
        packages=("tini", *DOCKER, *OLD_DOCKER_LIBRARIES, *OLD_GIT, "libffi8", "libldap-2.5-0", "libssl3"),
        links=SHELL_LINKS,
        api=("1.12", "1.41"),
    ),
    podman=podman_generation(
        "4.3",
        "bookworm",
        "1.41",
        *("netavark", "libgpgme11", "libassuan0", "libdevmapper1.02.1", "libudev1", "libglib2.0-0"),
        *("libgcrypt20", "liblz4-1", "liblzma5", "libzstd1", "libsubid4", *SHADOW_LIBRARIES),
    ),
)
