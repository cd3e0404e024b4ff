"""Rules of BuildKit that changed from version to version."""

from dataclasses import dataclass
from enum import StrEnum

from layerfork.keys.versions import buildkit_release
from layerfork.record.engine import Release


class OwnerJson(StrEnum):
    """How the owner of a COPY is spelled in the JSON behind an op digest.

    Source: moby/buildkit solver/pb/ops.pb.go @ v0.16.0 (gogo), v0.17.0 (no field tag left),
    solver/pb/json.go @ v0.18.0 (commit 56ffa9f66).
    """

    GOGO = "byID"
    UNTAGGED = "ByID"
    CUSTOM = "byId"


class Listing(StrEnum):
    """What a digest holds of each match of a wildcard, or of include and exclude patterns.

    Source: moby/buildkit cache/contenthash/checksum.go @ v0.8.2, v0.8.3, v0.10.6, v0.26.0.
    """

    BARE_TREES = "digests of whole matches"
    """A directory that matches counts as one digest; names do not count. Up to 0.8.2."""
    TREES = "base names of whole matches"
    """Likewise, with the base name of each match. In 0.8.3."""
    UNKNOWN = ""
    """Of 0.9, which no Docker Engine ever held."""
    NAMES = "base names"
    """Each file and directory by itself, with its base name. From 0.10 to 0.25."""
    PATHS = "paths"
    """Likewise, with its path below what precedes the wildcard. Since 0.26, commit 940330210."""


class LinkWalk(StrEnum):
    """How links in a path are followed.

    Source: moby/buildkit cache/contenthash/checksum.go:getFollowLinks @ v0.13.2, v0.14.1, v0.15.0.
    """

    TEXT = "text"
    """A link is joined to the rest of the path by text alone. Up to 0.13."""
    STEPS_BUT_ROOT = "steps, the root mistaken"
    """Name by name; a link to the root or to its own directory finds the wrong record. In 0.14."""
    STEPS = "steps"
    """Name by name, as the kernel does. Since 0.15, commit 65c91465c."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildKitRules:
    """What holds for one BuildKit; the defaults are those of 0.26 and later."""

    known: bool = True
    """False when no version was recorded: keys that depend on it say that it is unknown."""
    zero_indexes: bool = False
    """Mount and merge inputs are written even when 0.
    Source: moby/buildkit commit 1a3fc0aa1: no longer since v0.17.0."""
    owner_json: OwnerJson = OwnerJson.CUSTOM
    mounts: bool = True
    """Mounts of a RUN count at all. Source: moby/buildkit commit 0e106e696: since v0.8.3."""
    tmpfs_sizes: bool = True
    """Mounts of type tmpfs have a size. Source: moby/buildkit commit 87e1fa7ec: since v0.10.0."""
    cache_ids: bool = False
    """Every id and sharing mode of a cache mount counts.
    Source: moby/buildkit commit 584ec4008: no longer since v0.13.0."""
    whole_mounts: bool = True
    """Of one input, a mount of all files counts beside a mount of some.
    Source: moby/buildkit commit dc608427e: since v0.13.0."""
    owners: bool = True
    """Owners of files count. Source: moby/buildkit commit f84058eb1: since v0.11.0."""
    devices_on_disk: bool = False
    """Device numbers count for files that BuildKit finds on its disk, not only for transferred ones.
    Source: moby/buildkit commit c415d85fe: no longer since v0.13.0, by a slip."""
    link_walk: LinkWalk = LinkWalk.STEPS
    follows_listed_links: bool = False
    """With wildcards or patterns links count as their targets at every depth, not only at the top.
    Source: moby/buildkit commit 74d177910: no longer since v0.25.0."""
    listing: Listing = Listing.PATHS
    git_refs: bool = True
    """A repository that is kept counts with the name of its branch or tag.
    Source: moby/buildkit commit 44b1aca26: since v0.17.0."""
    git_commit_refs: bool = True
    """Likewise with the commit, where that is its ref.
    Source: moby/buildkit commit 70e592971: since v0.26.0."""


def buildkit_rules(buildkit: str, engine: str) -> BuildKitRules:
    """Rules of a BuildKit by its own version text or that of the engine that holds it."""
    release = buildkit_release(buildkit, engine)
    if release is None:
        return BuildKitRules(known=False)
    return BuildKitRules(
        zero_indexes=release < (0, 17, 0),
        owner_json=_owner_json(release),
        mounts=release >= (0, 8, 3),
        tmpfs_sizes=release >= (0, 10, 0),
        cache_ids=release < (0, 13, 0),
        whole_mounts=release >= (0, 13, 0),
        owners=release >= (0, 11, 0),
        devices_on_disk=release < (0, 13, 0),
        link_walk=_link_walk(release),
        follows_listed_links=release < (0, 25, 0),
        listing=_listing(release),
        git_refs=release >= (0, 17, 0),
        git_commit_refs=release >= (0, 26, 0),
    )


def _owner_json(release: Release) -> OwnerJson:
    if release >= (0, 18, 0):
        return OwnerJson.CUSTOM
    return OwnerJson.UNTAGGED if release >= (0, 17, 0) else OwnerJson.GOGO


_LISTINGS = (
    ((0, 26, 0), Listing.PATHS),
    ((0, 10, 0), Listing.NAMES),
    ((0, 9, 0), Listing.UNKNOWN),
    ((0, 8, 3), Listing.TREES),
)
"""First release of each, newest first."""


def _listing(release: Release) -> Listing:
    found = (listing for first, listing in _LISTINGS if release >= first)
    return next(found, Listing.BARE_TREES)


def _link_walk(release: Release) -> LinkWalk:
    if release >= (0, 15, 0):
        return LinkWalk.STEPS
    return LinkWalk.STEPS_BUT_ROOT if release >= (0, 14, 0) else LinkWalk.TEXT
