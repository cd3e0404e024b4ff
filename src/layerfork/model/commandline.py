"""Command lines that build, as far as it is known what their words do."""

from collections.abc import Sequence
from pathlib import PurePath

BUILDERS = ("docker", "podman", "buildah", "nerdctl", "docker-buildx")


def is_plain_build(argv: Sequence[str]) -> bool:
    """Whether a command is a build whose options are known: ``docker build …``."""
    return bool(argv) and PurePath(argv[0]).name in BUILDERS and "build" in argv and "compose" not in argv
