"""Debian 14, forky."""

from layerfork.builders.debian.generation import Generation, Suite, podman_generation
from layerfork.builders.debian.packages import (
    DOCKER,
    DOCKER_CLIENTS,
    NEW_GIT,
    NEW_SHADOW_LIBRARIES,
    SHELL_LINKS,
)

FORKY = Suite(
    docker=Generation(
        name="28.5",
        suite="forky",
        version="28.5.",
        packages=("tini-static", *DOCKER, *DOCKER_CLIENTS, *NEW_GIT, "libcurl4-gnutls"),
        links=SHELL_LINKS,
        api=("1.24", "1.51"),
        image_stores=("graphdriver", "containerd"),
    ),
    podman=podman_generation(
        "5.8",
        "forky",
        "1.44",
        *("netavark", "libgpgme45", "libassuan9", "libsqlite3-0", "libglib2.0-0t64", "libatomic1"),
        *("libsubid6", *NEW_SHADOW_LIBRARIES),
    ),
)
