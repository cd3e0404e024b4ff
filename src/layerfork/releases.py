"""What changed with which release of BuildKit, and which release an engine has.

The one place that compares versions of BuildKit. It lies below `dockerfile` and `keys`, because both ask it:
the parser for its `Grammar`, the model of the frontend for `FrontendRules`, key models for `BuildKitRules`.
"""

from dataclasses import dataclass
from enum import StrEnum

from layerfork.record.engine import Release, parse_release

BUILDKIT_OF_ENGINE: tuple[tuple[Release, Release], ...] = (
    ((29, 7, 0), (0, 32, 0)),
    ((29, 6, 0), (0, 31, 0)),
    ((29, 5, 0), (0, 30, 0)),
    ((29, 4, 0), (0, 29, 0)),
    ((29, 3, 0), (0, 28, 0)),
    ((29, 2, 0), (0, 27, 0)),
    ((29, 1, 0), (0, 26, 2)),
    ((28, 5, 0), (0, 25, 0)),
    ((28, 4, 0), (0, 24, 0)),
    ((28, 3, 0), (0, 23, 1)),
    ((28, 2, 0), (0, 22, 0)),
    ((28, 1, 0), (0, 21, 0)),
    ((28, 0, 0), (0, 20, 0)),
    ((27, 5, 0), (0, 18, 2)),
    ((27, 4, 0), (0, 17, 3)),
    ((27, 3, 0), (0, 16, 0)),
    ((27, 1, 0), (0, 15, 0)),
    ((27, 0, 0), (0, 14, 1)),
    ((26, 0, 0), (0, 13, 1)),
    ((25, 0, 0), (0, 12, 5)),
    ((24, 0, 0), (0, 11, 6)),
    ((23, 0, 0), (0, 10, 6)),
    ((20, 10, 7), (0, 8, 3)),
    ((20, 10, 0), (0, 8, 2)),
)
"""First engine release, and the BuildKit that it vendors, newest first.

Source: moby/moby vendor.conf, vendor.mod and go.mod @ v20.10.0 to v20.10.24, v23.0.0 to v28.5.2,
docker-v29.0.0 to docker-v29.7.2, each minor release.
"""


def buildkit_release(buildkit: str, engine: str) -> Release | None:
    """The builder's own release when it reported one, else the one that the engine's version implies."""
    own = parse_release(buildkit)
    if own is not None:
        return own
    release = parse_release(engine)
    if release is None:
        return None
    return next((vendored for first, vendored in BUILDKIT_OF_ENGINE if release >= first), None)


# What builders of different versions read differently in one Dockerfile.
#
# The classic builder of an engine reads as the BuildKit that the engine vendors.


@dataclass(frozen=True, slots=True, kw_only=True)
class Grammar:
    """How builders from one version on read, until the next newer grammar."""

    since: Release
    """The first BuildKit."""
    heredocs: bool = True
    """``<<EOF`` opens a here-document, and flags as new as that are known: ``--link``, ``--parents`` ….

    Source: moby/buildkit commit aed6932b3, v0.9.0.
    """
    text_after_array: bool = False
    """Text behind a JSON array is passed over; else it makes all of it text.

    Source: moby/buildkit frontend/dockerfile/parser/line_parsers.go:parseJSON @ v0.8.0 to v0.14.1;
    commit 80518e257, v0.15.0.
    """
    shares_words: bool = True
    """The lexer has one buffer for the words in and around a ``${x:-word}``: see `expand.expand`.

    Source: moby/buildkit commit f0563a5c0, v0.15.0, to 73ed6825c.
    """
    heredocs_after_blanks: bool = True
    """``<< EOF`` opens a here-document too. So does ``$((1 << 2))``, which then wants an end.

    Source: moby/buildkit commit 0b77373ab, v0.22.0.
    """


NEWEST = Grammar(since=(0, 22, 0))
GRAMMARS = (
    NEWEST,
    Grammar(since=(0, 15, 0), heredocs_after_blanks=False),
    Grammar(
        since=(0, 9, 0),
        heredocs_after_blanks=False,
        shares_words=False,
        text_after_array=True,
    ),
    Grammar(
        since=(0, 0, 0),
        heredocs_after_blanks=False,
        shares_words=False,
        text_after_array=True,
        heredocs=False,
    ),
)
"""Newest first."""


def grammar_of_engine(version: str) -> Grammar | None:
    """The grammar of an engine's builders; None when its version is not known."""
    if parse_release(version) is None:
        return None
    # Engines before the first that vendors a BuildKit read as the oldest grammar says.
    return _grammar_at(buildkit_release("", version) or GRAMMARS[-1].since)


def grammar_of_buildkit(version: str) -> Grammar | None:
    """The grammar of a BuildKit; None when its version is not known."""
    release = parse_release(version)
    return None if release is None else _grammar_at(release)


def _grammar_at(release: Release) -> Grammar:
    return next(each for each in GRAMMARS if release >= each.since)


# What changed in BuildKit's frontend from version to version, and what its daemon can do.
#
# Source: moby/buildkit frontend/dockerfile/dockerfile2llb/convert*.go and client/llb/exec.go @ v0.11.6 to
# v0.32.2, every minor release read.

OLDEST_FRONTEND: Release = (0, 11, 0)
"""The first BuildKit whose frontend is modelled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontendRules:
    """What holds for one BuildKit; the defaults are those of 0.29 and later."""

    writable_mounts_are_kept: bool = False
    """A writable bind mount is an output of its RUN. No longer since 0.12."""
    scratch_secrets: bool = True
    """Mounts of secrets and sockets read no input by their number; else the first. Since 0.16."""
    mode_words: bool = True
    """``--chmod=u+x`` counts; else it is passed over. Since 0.17."""
    required_paths: bool = True
    """``COPY --parents`` asks for paths without wildcards to be there. Since 0.26."""
    dates_directories: bool = True
    """A directory that WORKDIR makes has the time of SOURCE_DATE_EPOCH, which then is in its key.
    Source: moby/buildkit commit 01b3eb44f, since v0.22.0."""
    dates_by_global_default: bool = True
    """A global ARG gives SOURCE_DATE_EPOCH, too. Source: moby/buildkit commit d751ebd4b, since v0.29.0."""
    merges: bool | None = None
    """The daemon can merge, which ``COPY --link`` needs; None when that is not known. A Docker Engine can
    with containerd's image store alone. Source: moby/moby builder/builder-next/controller.go @ v26.1.5."""


def frontend_rules(release: Release, merges: bool | None) -> FrontendRules:
    """Rules of a BuildKit's own frontend."""
    return FrontendRules(
        writable_mounts_are_kept=release < (0, 12, 0),
        scratch_secrets=release >= (0, 16, 0),
        mode_words=release >= (0, 17, 0),
        required_paths=release >= (0, 26, 0),
        dates_directories=release >= (0, 22, 0),
        dates_by_global_default=release >= (0, 29, 0),
        merges=merges,
    )


# Rules of BuildKit that changed from version to version.


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
    """The same, with the base name of each match. In 0.8.3."""
    UNKNOWN = ""
    """Of 0.9, which no Docker Engine ever held."""
    NAMES = "base names"
    """Each file and directory by itself, with its base name. From 0.10 to 0.25."""
    PATHS = "paths"
    """The same, with its path below what precedes the wildcard. Since 0.26, commit 940330210."""


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
    """The same for a commit, where that is its ref.
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
