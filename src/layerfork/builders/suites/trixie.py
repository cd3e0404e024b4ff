"""Debian 13, trixie."""

from layerfork.builders.debian.generation import Generation, Suite, podman_generation
from layerfork.builders.debian.packages import (
    DOCKER,
    DOCKER_CLIENTS,
    NEW_GIT,
    NEW_SHADOW_LIBRARIES,
    SHELL_LINKS,
)

TRIXIE = Suite(
    docker=Generation(
        name="26.1",
        suite="trixie",
        version="26.1.",
        packages=("tini", *DOCKER, *DOCKER_CLIENTS, *NEW_GIT, "libcurl3t64-gnutls", "librtmp1"),
        links=SHELL_LINKS,
        api=("1.24", "1.45"),
        image_stores=("graphdriver", "containerd"),
    ),
    podman=podman_generation(
        "5.4",
        "trixie",
        "1.41",
        *("netavark", "libgpgme11t64", "libassuan9", "libsqlite3-0", "libglib2.0-0t64", "libatomic1"),
        *("libsubid5", *NEW_SHADOW_LIBRARIES, "libattr1"),
    ),
)
