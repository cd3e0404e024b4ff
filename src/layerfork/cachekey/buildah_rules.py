"""Rules of buildah that changed from version to version."""

from dataclasses import dataclass

from layerfork.cachekey.versions import Version, parse_version
from layerfork.model.engine import EngineInfo

BUILDAH_OF_PODMAN: tuple[tuple[Version, Version], ...] = (
    ((5, 8), (1, 43)),
    ((5, 7), (1, 42)),
    ((5, 6), (1, 41)),
    ((5, 5), (1, 40)),
    ((5, 4), (1, 39)),
    ((5, 3), (1, 38)),
    ((5, 0), (1, 35)),
    ((4, 3), (1, 28)),
    ((3, 0), (1, 19)),
)
"""First podman version, and the buildah that it vendors, newest first.

Source: containers/podman go.mod @ v3.0.1, v4.3.1, v5.0.0, v5.3.x to v5.8.x.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildahRules:
    """What holds for one buildah; the defaults are those of 1.42 and later."""

    known: bool = True
    owner_names: bool = False
    """Files that belong to the building user carry its name in their headers.
    Source: containers/buildah commit 9461dd61d: no longer since v1.41.2."""


def buildah_rules(engine: EngineInfo | None) -> BuildahRules:
    """Rules of the buildah behind an engine: its own version when it tells it, else podman's."""
    version = _buildah_version(engine)
    if version is None:
        return BuildahRules(known=False)
    return BuildahRules(owner_names=version < (1, 42))


def _buildah_version(engine: EngineInfo | None) -> Version | None:
    if engine is None:
        return None
    own = {name.lower(): version for name, version in engine.components}.get("buildah", "")
    if own or engine.kind == "buildah":
        return parse_version(own or engine.version)
    version = parse_version(engine.version)
    if version is None:
        return None
    return next((vendored for first, vendored in BUILDAH_OF_PODMAN if version >= first), None)
