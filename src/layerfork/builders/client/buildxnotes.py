"""What buildx notes on disk about each build that it starts, compose's and bake's builds included.

Source: docker/buildx localstate/localstate.go (State) and util/confutil/config.go @ v0.13.1 and v0.29.1:
``refs/BUILDER/NODE/REF`` in its configuration directory.
"""

import re
from collections.abc import Mapping
from pathlib import Path

import msgspec

from layerfork.record.store.blocks import UNREADABLE

_REF = re.compile("[a-z0-9]{8,64}")
NO_NAME = "default"
"""The target of a build that is not one of several."""


class BuildxNote(msgspec.Struct, frozen=True):
    """One build."""

    target: str = msgspec.field(name="Target", default="")
    context: str = msgspec.field(name="LocalPath", default="")
    """Absolute path, URL, or ``-``."""
    dockerfile: str = msgspec.field(name="DockerfilePath", default="")

    @property
    def name(self) -> str:
        """What bake or compose calls the build; empty for a plain one."""
        return "" if self.target == NO_NAME else self.target


def read_note(ref: str, environment: Mapping[str, str]) -> BuildxNote | None:
    """The note about a build by its ref, for a client with this environment; None when there is none."""
    if _REF.fullmatch(ref) is None:
        return None
    for path in (_directory(environment) / "refs").glob(f"*/*/{ref}"):
        try:
            return msgspec.json.decode(path.read_bytes(), type=BuildxNote)
        except (OSError, *UNREADABLE):
            continue
    return None


def _directory(environment: Mapping[str, str]) -> Path:
    if own := environment.get("BUILDX_CONFIG"):
        return Path(own)
    if docker := environment.get("DOCKER_CONFIG"):
        return Path(docker) / "buildx"
    return Path(environment.get("HOME") or "/") / ".docker" / "buildx"
