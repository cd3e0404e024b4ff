"""Which builds are the same build, made again: of one context, Dockerfile, target, platform and name."""

import os
import re
from dataclasses import dataclass

from layerfork.record.branch import normal_platform, platforms_of
from layerfork.record.record import BuildRecord

SERVICE = "com.docker.compose.service"
"""Label that compose gives what it builds with BuildKit.
Source: docker/compose pkg/api/labels.go (ServiceLabel) @ v2.26.1."""
_MADE_UP = re.compile(r"\.dockerfile\.[0-9a-f]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildKind:
    """What a build has in common with earlier ones of the same."""

    directory: str
    """Absolute path of the context's directory, or the URL of a remote one; that of the command's working
    directory where nothing shows the context's."""
    ran_in: str = ""
    """The command's working directory."""
    name: str = ""
    """Of a service or bake target; empty when the client says none."""
    dockerfile: str = ""
    """Relative to the directory, else its name; empty when the client made a name up."""
    target: str = ""
    platform: str = ""
    """What was asked for, sorted, with commas."""

    @property
    def label(self) -> str:
        """What texts call it among others: the service or target, else the directory, and what is unusual."""
        name = self.name or _relative(self.directory, self.ran_in)
        if not self.name and ("://" in self.directory or name.startswith("..")):
            name = self.directory
        usual = self.dockerfile in ("", "Dockerfile")
        more = (
            "" if usual or self.name else self.dockerfile,
            f"target {self.target}" if self.target else "",
            self.platform,
        )
        shown = ", ".join(filter(None, more))
        return f"{name} ({shown})" if shown else name


def _relative(directory: str, ran_in: str) -> str:
    return os.path.relpath(directory, ran_in or "/") if directory else "a build of an unknown directory"


def kind_of(record: BuildRecord) -> BuildKind:
    """The kind of a recorded build, as far as the record shows it."""
    place, request = record.place, record.request
    remote = record.context.remote if record.context is not None else ""
    dockerfile = "" if _MADE_UP.fullmatch(request.dockerfile_name) else request.dockerfile_name
    if place.directory and place.dockerfile:
        dockerfile = os.path.relpath(place.dockerfile, place.directory)
    return BuildKind(
        directory=place.directory or remote or place.ran_in,
        ran_in=place.ran_in,
        name=place.name or dict(request.labels).get(SERVICE, ""),
        dockerfile=dockerfile,
        target=request.target,
        platform=",".join(sorted(map(normal_platform, platforms_of(request.platform)))),
    )


def agreement(one: BuildKind, other: BuildKind) -> int | None:
    """How surely two kinds are one, wherever their directories are; None when they are not.

    What one of the two does not show may be the other's. Greater is surer.
    """
    if (one.target, one.platform) != (other.target, other.platform):
        return None
    sure = 0
    for mine, theirs in ((one.name, other.name), (one.dockerfile, other.dockerfile)):
        if mine and theirs and mine != theirs:
            return None
        sure += bool(mine) and mine == theirs
    return sure
