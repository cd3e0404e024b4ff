"""Ignore files as lists of patterns: how Docker's Go programs read them, and how buildah and podman do."""

from layerfork.record import gopath


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
