"""Debian 15, duke."""

from layerfork.builders.debian.generation import Generation, Suite
from layerfork.builders.debian.packages import DOCKER, DOCKER_CLIENTS, NEW_GIT, SHELL_LINKS

DUKE = Suite(
    docker=Generation(
        name="31.0",
        suite="duke",
        version="31.0.",
        packages=(*DOCKER, *DOCKER_CLIENTS, *NEW_GIT, "libcurl4-gnutls"),
        links=SHELL_LINKS,
        api=("1.44", "1.60"),
        image_stores=("graphdriver", "containerd"),
    ),
)
