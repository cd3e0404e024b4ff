"""Rules of BuildKit that changed from version to version."""

from dataclasses import dataclass
from enum import StrEnum

from layerfork.cachekey.shared.versions import buildkit_version


class OwnerJson(StrEnum):
    """How the owner of a COPY is spelled in the JSON behind an op digest.

    Source: moby/buildkit solver/pb/ops.pb.go @ v0.16.0 (gogo), v0.17.0 (no field tag left),
    solver/pb/json.go @ v0.18.0 (commit 56ffa9f66).
    """

    GOGO = "byID"
    UNTAGGED = "ByID"
    CUSTOM = "byId"


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildKitRules:
    """What holds for one BuildKit; the defaults are those of 0.26 and later."""

    known: bool = True
    """False when no version was recorded: keys that depend on it say that it is unknown."""
    zero_indexes: bool = False
    """Mount and merge inputs are written even when 0.
    Source: moby/buildkit commit 1a3fc0aa1: no longer since v0.17.0."""
    owner_json: OwnerJson = OwnerJson.CUSTOM
    lexical_links: bool = False
    """Links in the middle of a path are resolved by text, not step by step.
    Source: moby/buildkit commits 265994573 and e5171cdca: no longer since v0.14.0."""
    follows_listed_links: bool = False
    """With wildcards or patterns links count as their targets at every depth, not only at the top.
    Source: moby/buildkit commit 74d177910: no longer since v0.25.0."""
    lists_paths: bool = True
    """With wildcards or patterns the digest holds paths; before, base names.
    Source: moby/buildkit commit 940330210, since v0.26.0."""


def buildkit_rules(buildkit: str, engine: str) -> BuildKitRules:
    """Rules of a BuildKit by its own version text or that of the engine that holds it."""
    version = buildkit_version(buildkit, engine)
    if version is None:
        return BuildKitRules(known=False)
    owner_json = OwnerJson.CUSTOM
    if version < (0, 18):
        owner_json = OwnerJson.UNTAGGED if version >= (0, 17) else OwnerJson.GOGO
    return BuildKitRules(
        zero_indexes=version < (0, 17),
        owner_json=owner_json,
        lexical_links=version < (0, 14),
        follows_listed_links=version < (0, 25),
        lists_paths=version >= (0, 26),
    )
