"""Ignore files: their names in the order that builders look for them, and their lines as patterns."""

import re

from layerfork.record import gopath
from layerfork.record.engine import Version
from layerfork.releases import IgnoreFiles, buildah_ignore_files, podman_service_ignore_files

# Names of ignore files, in the order that a builder looks for them: the first that is there counts.
#
# ``{}`` is the Dockerfile's path. Measured with podman 3.0.1, 4.3.1, 5.4.2 and 5.8.6. Source: moby/moby
# builder/remotecontext/detect.go:removeDockerfile @ v26.1.5; moby/buildkit frontend/dockerui/config.go @
# v0.32.2; containers/buildah pkg/parse/parse.go:ContainerIgnoreFile @ v1.28.0 to v1.44.0;
# openshift/imagebuilder builder.go:ParseDockerignore @ v1.1.8 and v1.2.0; containers/podman
# pkg/util/utils.go:ParseDockerignore @ v4.5.0 to v5.8.2.

DOCKER_IGNORE = ".dockerignore"
CONTAINER_IGNORE = ".containerignore"
_OWN = ("{}.dockerignore", "{}.containerignore")
_GENERAL = (CONTAINER_IGNORE, DOCKER_IGNORE)

DOCKER_FILES = (DOCKER_IGNORE,)
BUILDKIT_FILES = ("{}.dockerignore", DOCKER_IGNORE)
BUILDAH_FILES = (*_OWN, *_GENERAL)
PODMAN_SERVICE_FILES = (*_GENERAL, *_OWN)
GENERAL_FILES = _GENERAL


_IN_ORDER = {
    IgnoreFiles.DOCKER: DOCKER_FILES,
    IgnoreFiles.GENERAL: GENERAL_FILES,
    IgnoreFiles.OWN_FIRST: BUILDAH_FILES,
    IgnoreFiles.GENERAL_FIRST: PODMAN_SERVICE_FILES,
}


def files_of_buildah(podman: Version | None) -> tuple[str, ...]:
    """For a context that is read in place, by the version of podman beside it; None is the newest."""
    return _IN_ORDER[buildah_ignore_files(podman)]


def files_of_podman_service(podman: Version | None) -> tuple[str, ...]:
    """For a tar that is posted to podman's service."""
    return _IN_ORDER[podman_service_ignore_files(podman)]


# Ignore files as lists of patterns: how Docker's Go programs read them, and how buildah and podman do.


def read_docker_ignorefile(text: str) -> tuple[str, ...]:
    """Patterns as Docker's programs read them: cleaned, without a leading slash, exceptions with their ``!``.

    Source: moby/patternmatcher ignorefile/ignorefile.go:ReadAll @ v0.6.0; moby/buildkit
    frontend/dockerfile/dockerignore/dockerignore.go @ v0.8.4 (the same rules).
    """
    patterns = []
    for line in text.removeprefix("\ufeff").split("\n"):
        pattern = gopath.trim_space(line)
        if line.startswith("#") or not pattern:
            continue
        exception = pattern.startswith("!")
        if exception:
            pattern = gopath.trim_space(pattern[1:])
        patterns.append("!" * exception + _relative(pattern))
    return tuple(patterns)


def _relative(pattern: str) -> str:
    if not pattern:
        return ""
    cleaned = gopath.clean(pattern)
    return cleaned[1:] if len(cleaned) > 1 and cleaned.startswith("/") else cleaned


def read_containers_ignorefile(text: str) -> tuple[str, ...]:
    """Patterns as buildah and podman read them: the lines that are neither empty nor comments, unchanged.

    Which slashes are taken off afterwards depends on the version: see `containers_storage`.
    Source: openshift/imagebuilder builder.go:{ParseDockerignore,ParseIgnore} @ v1.1.8 to v1.2.21;
    containers/podman pkg/util/utils.go:ParseDockerignore @ v5.4.2.
    """
    return tuple(line for line in text.split("\n") if line and not line.startswith("#"))


# What was probably meant by a line of an ignore file that matches nothing.

_COMMENT = re.compile(r"\s+#\s")


def before_comment(pattern: str) -> str:
    """The pattern in front of what looks like a comment, and is none: ``.git`` of ``.git  # history``; empty
    where there is none.

    Source: moby/patternmatcher ignorefile/ignorefile.go:ReadAll @ v0.6.0 and openshift/imagebuilder
    builder.go:ParseIgnore @ v1.2.21: only a line that begins with ``#`` is a comment.
    """
    comment = _COMMENT.search(pattern)
    return pattern[: comment.start()] if comment is not None else ""


def comment_of(line: str) -> str:
    """``# history`` of ``.git  # history``, as a line of its own; empty where there is none."""
    comment = _COMMENT.search(line)
    return line[comment.start() :].strip() if comment is not None else ""


def mended(line: str, pattern: str) -> str:
    """The pattern to write instead of a line that was meant to leave out what ``pattern`` does, and does not;
    empty where the line is none. Of a line that meant more than that, what it meant.

    No program takes quotes off a pattern: the sources are those of `before_comment`.
    """
    text = line.strip()
    if text.startswith(("#", "!")):
        return ""
    bare = before_comment(text) or text
    if len(bare) > 1 and bare[0] == bare[-1] and bare[0] in "\"'":
        bare = bare[1:-1]
    if bare == text or _without_place(bare) != _without_place(pattern):
        return ""
    return bare if bare.startswith("**/") else pattern


def _without_place(pattern: str) -> str:
    return pattern.removeprefix("**/").removeprefix("./").removesuffix("/**").strip("/")
