"""What changed from release to release of each builder, and which builder an engine has.

The one place that compares versions of BuildKit, of Docker's classic builder and of buildah. It lies below
`dockerfile`, `context` and `keys`, because all of them ask it: the parser for its `Grammar`, the model of
the frontend for `FrontendRules`, the key models for `BuildKitRules`, `ClassicRules` and `BuildahRules`,
ignore files for `MobyIgnores` and `StorageSyntax`.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

from layerfork.record.engine import EngineInfo, Release, Version, parse_release, parse_version

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
    flags_escape: bool = True
    """In flags the character of ``# escape`` escapes; else always a backslash.

    Source: moby/buildkit commit 877d8a771, v0.21.0.
    """


NEWEST = Grammar(since=(0, 22, 0))
GRAMMARS = (
    NEWEST,
    Grammar(since=(0, 21, 0), heredocs_after_blanks=False),
    Grammar(since=(0, 15, 0), heredocs_after_blanks=False, flags_escape=False),
    Grammar(
        since=(0, 9, 0),
        heredocs_after_blanks=False,
        flags_escape=False,
        shares_words=False,
        text_after_array=True,
    ),
    Grammar(
        since=(0, 0, 0),
        heredocs_after_blanks=False,
        flags_escape=False,
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


_LABS_FLAGS = frozenset({("RUN", "device")})


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontendRules:
    """What holds for one BuildKit; the defaults are those of 0.29 and later."""

    writable_mounts_are_kept: bool = False
    """A writable bind mount is an output of its RUN. No longer since 0.12."""
    scratch_secrets: bool = True
    """Mounts of secrets and sockets read no input by their number; else the first. Since 0.16."""
    mode_words: bool = True
    """``--chmod=u+x`` counts. Since 0.20; from 0.17 in the labs channel alone.
    Source: moby/buildkit commits e42889dfa and 165f8b441."""
    strict_modes: bool = True
    """``--chmod`` takes no other numbers than octal ones up to 07777; else what is none is passed over.
    Since 0.16. Source: moby/buildkit commit 6fddb5dc8."""
    secret_variables: bool = True
    """A mount of a secret may have ``env``. Since 0.16. Source: moby/buildkit commit 96f746bca."""
    trigger_sources: bool = True
    """An ONBUILD trigger makes the stage be built that it reads; else one that nothing else needs is refused.
    Since 0.17.1. Source: moby/buildkit dockerfile2llb/convert.go (onBuildInit) @ v0.17.0, v0.17.1."""
    refused_flags: frozenset[tuple[str, str]] = _LABS_FLAGS
    """Instructions with flags that the frontend of the stable channel does not take."""
    required_paths: bool = True
    """``COPY --parents`` asks for paths without wildcards to be there. Since 0.26."""
    dates_directories: bool = True
    """A directory that WORKDIR makes has the time of SOURCE_DATE_EPOCH, which then is in its key.
    Source: moby/buildkit commit 01b3eb44f, since v0.22.0."""
    dates_by_global_default: bool = True
    """A global ARG gives SOURCE_DATE_EPOCH, too. Source: moby/buildkit commit d751ebd4b, since v0.29.0."""
    chomps_first: bool = True
    """``RUN <<-EOF`` drops leading tabs before it looks for ``#!``. Since 0.27.
    Source: moby/buildkit frontend/dockerfile/dockerfile2llb/convert.go:dispatchRun @ v0.26.0, v0.27.0."""
    keeps_dots: bool = True
    """A destination that ends in ``/.`` keeps it. Since 0.12 for absolute paths.
    Source: moby/buildkit frontend/dockerfile/dockerfile2llb/convert.go:pathRelativeToWorkingDir @ v0.11.6,
    v0.12.5, v0.14.0 and client/llb/fileop.go:normalizePath."""
    keeps_relative_dots: bool = True
    """So does a relative destination. Since 0.14."""
    clones: bool = True
    """``ADD`` takes a repository. Since 0.12; until then in the labs channel alone.
    Source: moby/buildkit frontend/dockerfile/dockerfile2llb/convert_noaddgit.go @ v0.11.6."""
    checks_commits: bool = True
    """``ADD --checksum`` of a repository asks for a commit; else it is refused. Since 0.22.
    Source: moby/buildkit frontend/dockerfile/dockerfile2llb/convert.go:dispatchCopy @ v0.21.1, v0.22.0."""
    repository_options: bool = True
    """The address of a repository may have options: ``?ref=v1&keep-git-dir=true``. Since 0.24.
    Source: moby/buildkit frontend/dockerfile/dfgitutil/git_ref.go:loadQuery @ v0.24.0 to v0.32.2."""
    target_stage: bool = True
    """Every stage may declare TARGETSTAGE, which has the name of what is built. Since 0.17.
    Source: moby/buildkit commit 6a31a78b4; dockerfile2llb/{platform,convert}.go @ v0.16.0, v0.17.0."""
    os_versions: bool = True
    """So it may BUILDOSVERSION and TARGETOSVERSION. Since 0.19.
    Source: moby/buildkit commit 94ddeb7db; dockerfile2llb/platform.go:defaultArgs @ v0.18.2, v0.19.0."""
    arguments_in_turn: bool = True
    """Each argument of an ARG line sees those before it, a name is as it is written, and the default of a
    given argument is not read; else the whole line is expanded first, names as well. Since 0.14.
    Source: moby/buildkit frontend/dockerfile/dockerfile2llb/convert.go:dispatch @ v0.13.2, v0.14.0."""
    merges: bool | None = None
    """The daemon can merge, which ``COPY --link`` needs; None when that is not known. A Docker Engine can
    with containerd's image store alone. Source: moby/moby builder/builder-next/controller.go @ v26.1.5."""


_FLAGS_SINCE: dict[tuple[str, str], Release] = {
    ("ADD", "checksum"): (0, 12, 0),
    ("ADD", "keep-git-dir"): (0, 12, 0),
    ("HEALTHCHECK", "start-interval"): (0, 12, 0),
    ("ADD", "unpack"): (0, 23, 0),
    ("ADD", "exclude"): (0, 25, 0),
    ("COPY", "exclude"): (0, 25, 0),
    ("COPY", "parents"): (0, 26, 0),
    ("RUN", "security"): (0, 26, 0),
}
"""Flags by the first release whose stable channel takes them.

Source: moby/buildkit frontend/dockerfile/instructions/*.go, build tags and calls of ``AddString`` and its
like, @ v0.11.6 to v0.32.2.
"""


def frontend_rules(release: Release, merges: bool | None) -> FrontendRules:
    """Rules of a BuildKit's own frontend."""
    return FrontendRules(
        writable_mounts_are_kept=release < (0, 12, 0),
        scratch_secrets=release >= (0, 16, 0),
        mode_words=release >= (0, 20, 0),
        strict_modes=release >= (0, 16, 0),
        secret_variables=release >= (0, 16, 0),
        trigger_sources=release >= (0, 17, 1),
        refused_flags=_LABS_FLAGS | {flag for flag, since in _FLAGS_SINCE.items() if release < since},
        required_paths=release >= (0, 26, 0),
        dates_directories=release >= (0, 22, 0),
        dates_by_global_default=release >= (0, 29, 0),
        chomps_first=release >= (0, 27, 0),
        keeps_dots=release >= (0, 12, 0),
        keeps_relative_dots=release >= (0, 14, 0),
        clones=release >= (0, 12, 0),
        checks_commits=release >= (0, 22, 0),
        repository_options=release >= (0, 24, 0),
        target_stage=release >= (0, 17, 0),
        os_versions=release >= (0, 19, 0),
        arguments_in_turn=release >= (0, 14, 0),
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


# How ignore files are read, from version to version.


@dataclass(frozen=True, slots=True, kw_only=True)
class MobyIgnores:
    """How a docker CLI or engine of one release reads patterns; the defaults are those of 23.0 and later."""

    is_old: bool = False
    """Patterns become regular expressions by the rules of releases up to 20.10."""
    checks_whole_pattern: bool = True
    """False for a program built with Go before 1.16: it checks no more of a pattern than a path of one dot
    needs. Debian's 20.10.5 is one. Source: golang/go src/path/filepath/match.go:Match @ go1.15 and go1.16;
    moby/moby Dockerfile, ARG GO_VERSION @ v20.10.7 (1.13) and v20.10.8 (1.16)."""


def moby_ignores(version: str) -> MobyIgnores:
    """Those of a docker CLI or engine by its version text; the newest where that is unknown."""
    release = parse_release(version)
    if release is None or release >= (23, 0, 0):
        return MobyIgnores()
    return MobyIgnores(is_old=True, checks_whole_pattern=release >= (20, 10, 8))


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageSyntax:
    """How patterns are read, from version to version; the defaults are those of buildah 1.22 and later."""

    strips_slashes: bool = True
    """Slashes around a line do not count. Source: openshift/imagebuilder builder.go:{ParseDockerignore @
    v1.1.8,ParseIgnore @ v1.2.0}: since buildah 1.20."""
    strips_exceptions: bool = True
    """Nor does one after its ``!``. Source: containers/storage commit 94b63f024: since buildah 1.22."""
    checks_whole_pattern: bool = True
    """False for programs built with Go before 1.16, as in `MobyIgnores`; Debian's podman 3.0 is one."""


class IgnoreFiles(StrEnum):
    """Which ignore files buildah looks for, and in which order."""

    DOCKER = ".dockerignore alone"
    GENERAL = ".containerignore, .dockerignore"
    OWN_FIRST = "those of the Dockerfile's name, then the general ones"
    GENERAL_FIRST = "the general ones, then those of the Dockerfile's name"


def buildah_ignore_files(podman: Version | None) -> IgnoreFiles:
    """Of a context that is read in place, by the version of podman beside it; None is the newest.

    Measured with podman 3.0.1, 4.3.1, 5.4.2 and 5.8.6. Source: containers/buildah
    pkg/parse/parse.go:ContainerIgnoreFile @ v1.28.0 to v1.44.0; openshift/imagebuilder
    builder.go:ParseDockerignore @ v1.1.8 and v1.2.0.
    """
    if podman is None or podman >= (4, 3):
        return IgnoreFiles.OWN_FIRST
    return IgnoreFiles.GENERAL if podman >= (3, 1) else IgnoreFiles.DOCKER


def podman_service_ignore_files(podman: Version | None) -> IgnoreFiles:
    """Of a tar that is posted to podman's service.

    Source: containers/podman pkg/util/utils.go:ParseDockerignore @ v4.5.0 to v5.8.2.
    """
    newest = podman is None or podman >= (4, 5)
    return IgnoreFiles.GENERAL_FIRST if newest else buildah_ignore_files(podman)


# Rules of Docker's classic builder that changed from version to version.

_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "NO_PROXY")
OLD_PROXIES = frozenset({*_PROXIES, *map(str.lower, _PROXIES)})
ALL_PROXIES = OLD_PROXIES | {"ALL_PROXY", "all_proxy"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassicRules:
    """What holds for one engine; the defaults are those of 25.0 to 29.4."""

    known: bool = True
    """False when the engine's version was not recorded: the newest common rules are assumed, and
    keys that depend on the version say that it is unknown."""
    health_form: str = "%q"
    """Format of the HEALTHCHECK comment: ``%q``, ``%v`` or ``%+v``.

    Source: moby/moby builder/dockerfile/dispatchers.go @ v20.10.24 to docker-v29.4.3 (``%q``);
    commit 5d143db66b, since docker-v29.5.0 (``%+v``); Debian's 28.5.2+dfsg4 was measured to write ``%v``.
    """
    start_interval: bool = True
    """HEALTHCHECK has a start interval. Source: moby/moby api/types/container/config.go @ v25.0.0."""
    chown_blank: bool = True
    """A blank follows ``--chown=…`` in the comment. Source: moby/moby commit 43b1afb2cf, since v25.0.0."""
    follows_inner_links: bool = True
    """A link inside a copied directory counts as what it leads to. Source: moby/moby
    builder/tarsum.go:Walk @ v1.9.1 (not yet), builder/remotecontext/archive.go @ v17.12.1-ce."""
    owner_names: bool = False
    """Owner names of tar entries are hashed.
    Source: moby/moby commit a422774e59: no longer since v18.06.0-ce."""
    shares_words: bool = True
    """What stands before a ``${x:-word}`` in its word of an EXPOSE is lost: see `Grammar.shares_words`.
    Measured on 26.1.5 (not yet) and 28.5.2; no other instruction splits its text into words so late."""
    compares_platforms: bool = True
    """Only images of the platform that the build is for are candidates.
    Source: moby/moby image/cache/cache.go:getLocalCachedImage, since v23.0.10, v24.0.9 and v25.0.2."""
    proxies: frozenset[str] = ALL_PROXIES
    """Arguments that need no ARG.
    Source: moby/moby builder/dockerfile/buildargs.go @ v23.0.0 (ALL_PROXY is new there)."""
    ignores: MobyIgnores = MobyIgnores()
    """How the engine reads the patterns that may have it remove the Dockerfile and the ignore file.
    Source: moby/moby builder/remotecontext/detect.go:removeDockerfile @ v20.10.24 and v23.0.0."""


def classic_rules(engine_version: str) -> ClassicRules:
    """Rules of an engine by its version text, such as ``26.1.5+dfsg1``; empty when unknown."""
    version = parse_version(engine_version)
    if version is None:
        return ClassicRules(known=False)
    grammar = grammar_of_engine(engine_version)
    return ClassicRules(
        health_form=_health_form(engine_version, version),
        start_interval=version >= (25, 0),
        chown_blank=version >= (25, 0),
        follows_inner_links=version >= (17, 12),
        owner_names=version < (18, 6),
        shares_words=grammar is not None and grammar.shares_words,
        compares_platforms=_compares_platforms(parse_release(engine_version)),
        proxies=ALL_PROXIES if version >= (23, 0) else OLD_PROXIES,
        ignores=moby_ignores(engine_version),
    )


_HEALTH_FORMS = (
    ((29, 5), "%+v"),
    ((0, 0), "%q"),
)
"""First release of each, newest first."""


def _health_form(engine_version: str, version: Version) -> str:
    if version == (28, 5) and "+dfsg" in engine_version:
        return "%v"
    return next(form for first, form in _HEALTH_FORMS if version >= first)


def _compares_platforms(release: Release | None) -> bool:
    """The filter came with one release of each branch."""
    first = {(23, 0): 10, (24, 0): 9, (25, 0): 2}
    return release is None or (release >= (23, 0, 0) and release[2] >= first.get(release[:2], 0))


# Rules of buildah that changed from version to version.

BUILDAH_OF_PODMAN: tuple[tuple[Version, Release], ...] = (
    ((5, 8), (1, 43, 0)),
    ((5, 7), (1, 42, 0)),
    ((5, 6), (1, 41, 3)),
    ((5, 5), (1, 40, 0)),
    ((5, 4), (1, 39, 0)),
    ((5, 3), (1, 38, 0)),
    ((5, 0), (1, 35, 0)),
    ((4, 8), (1, 33, 0)),
    ((4, 7), (1, 32, 0)),
    ((4, 6), (1, 31, 0)),
    ((4, 5), (1, 30, 0)),
    ((4, 4), (1, 29, 0)),
    ((4, 3), (1, 28, 0)),
    ((4, 2), (1, 27, 0)),
    ((4, 1), (1, 26, 0)),
    ((4, 0), (1, 24, 0)),
    ((3, 4), (1, 23, 0)),
    ((3, 3), (1, 22, 0)),
    ((3, 2), (1, 21, 0)),
    ((3, 1), (1, 20, 0)),
    ((3, 0), (1, 19, 0)),
)
"""First podman version, and the first buildah that it vendors, newest first.

Source: containers/podman go.mod @ v3.0.1 to v4.9.0, v5.0.0, v5.3.x to v5.8.x.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildahRules:
    """What holds for one buildah; the defaults are those of 1.41.2 and later."""

    known: bool = True
    owner_names: bool = False
    """Files that belong to the building user carry its name in their headers, looked up by the id on disk.
    Source: containers/buildah commit 9461dd61d: no longer since v1.41.2."""
    directory_slash: bool = True
    """Names of directories end in a slash. Source: containers/buildah commit 738fa0d3c, since v1.41.2."""
    here_documents_with_arguments: bool = True
    """A RUN's here-documents are in its string even when arguments are in force.
    Source: containers/buildah imagebuildah/stage_executor.go:getCreatedBy, since v1.40.0."""
    copy_ends: str = "     "
    """What ends the string of a COPY when nothing is unset, annotated or dated.
    Source: containers/buildah imagebuildah/stage_executor.go:buildMetadata, since v1.41.0."""
    shows_link: bool = True
    """``COPY --link`` says so. Source: containers/buildah commit eea4838d8, since v1.41.0."""
    inherits_arguments: bool = True
    """A stage takes over the ARG lines of the stage it is built on.
    Source: containers/buildah commit a4a30cf5e, since v1.41.0."""
    argument_values: bool = False
    """The string of an ARG has values beside the names, and that of a RUN every proxy that is given; an
    ENV hides no argument there.
    Source: containers/buildah commit 062445509, no longer since v1.24.0; seen with podman 3.0.1."""
    ignores: StorageSyntax = StorageSyntax()
    prunes_excluded: bool = True
    """A walk enters a directory that is left out only where an exception begins with its path.
    Source: containers/buildah copier/copier.go:copierHandlerGet @ v1.22.0 (not yet), v1.23.0."""
    skips_empty_wildcards: bool = True
    """A wildcard that matches nothing is no error beside a source that matches.
    Source: containers/buildah commit 37e9d254c, since v1.21.0."""
    extended_globs: bool = True
    """``**`` stands for directories; what a wildcard matched is hidden from the next one.
    Source: containers/buildah commits 9e374f9fd and 3ea43566a, since v1.38.0."""
    service_has_cache: bool = True
    """Podman's service has a cache for every request; else only for those that ask for layers, which Docker's
    clients do not. Source: containers/podman commit 022273c197, since v4.0.0, which has buildah 1.24; seen
    with podman 3.0.1."""
    excludes_below_sources: bool = False
    """Patterns of ``--exclude`` count from the source, too. Source: containers/buildah commit ece597f10,
    since v1.44.0."""


def buildah_rules(engine: EngineInfo | None) -> BuildahRules:
    """Rules of the buildah behind an engine: its own version when it tells it, else podman's."""
    version = _buildah_version(engine)
    if version is None:
        return BuildahRules(known=False)
    return BuildahRules(
        owner_names=version < (1, 41, 2),
        directory_slash=version >= (1, 41, 2),
        here_documents_with_arguments=version >= (1, 40, 0),
        copy_ends="     " if version >= (1, 41, 0) else "",
        shows_link=version >= (1, 41, 0),
        argument_values=version < (1, 24, 0),
        inherits_arguments=version >= (1, 41, 0),
        ignores=StorageSyntax(
            strips_slashes=version >= (1, 20, 0),
            strips_exceptions=version >= (1, 22, 0),
            checks_whole_pattern=version >= (1, 20, 0),
        ),
        prunes_excluded=version >= (1, 23, 0),
        skips_empty_wildcards=version >= (1, 21, 0),
        extended_globs=version >= (1, 38, 0),
        service_has_cache=version >= (1, 24, 0),
        excludes_below_sources=version >= (1, 44, 0),
    )


def _buildah_version(engine: EngineInfo | None) -> Release | None:
    if engine is None:
        return None
    own = {name.lower(): version for name, version in engine.components}.get("buildah", "")
    if own:
        match = re.match(r"v?(\d+)\.(\d+)(?:\.(\d+))?", own)
        return (int(match[1]), int(match[2]), int(match[3] or 0)) if match else None
    version = parse_version(engine.version)
    if version is None:
        return None
    return next((vendored for first, vendored in BUILDAH_OF_PODMAN if version >= first), None)
