"""What kind of file something is, by its name."""

import re
from enum import StrEnum
from pathlib import Path


class FileKind(StrEnum):
    """What a file is read as."""

    DOCKERFILE = "Dockerfile"
    IGNORE = "ignore file"
    BAKE = "bake file"
    COMPOSE = "compose file"
    GITHUB = "GitHub workflow"
    GITLAB = "GitLab CI file"


_NAMES: tuple[tuple[FileKind, re.Pattern[str]], ...] = (
    (FileKind.IGNORE, re.compile(r".*\.(?:docker|container)ignore")),
    (FileKind.BAKE, re.compile(r"docker-bake(?:\.[\w-]+)*\.(?:hcl|json)")),
    (FileKind.COMPOSE, re.compile(r"(?:docker-)?compose(?:[.-][\w-]+)*\.ya?ml")),
    (FileKind.GITLAB, re.compile(r"(?:.*\.)?gitlab-ci\.ya?ml")),
    (FileKind.DOCKERFILE, re.compile(r"(?:Docker|Container)file(?:[.-][\w.-]+)?|[\w.-]+\.[Dd]ockerfile")),
)
"""The first that fits the whole name counts.

Source: docker/buildx bake/bake.go:defaultFilenames @ 00cc36c4029a; others are what people call such files.
"""
_WORKFLOWS = (".github", "workflows")
_NOT_DOCKERFILES = re.compile(
    r".*\.(?:md|rst|txt|py|js|ts|go|rb|rs|sh|ya?ml|json|toml|tmpl|j2|erb|in|bak|orig|swp|html)"
    r"|.*[.-]template"
)
"""Names such as ``Dockerfile.j2`` and ``Dockerfile.md`` hold something else."""


def kind_of(path: Path) -> FileKind | None:
    """The kind of a file that was found; None for one that is of no interest."""
    if path.suffix in (".yml", ".yaml") and path.parent.parts[-2:] == _WORKFLOWS:
        return FileKind.GITHUB
    kind = next((kind for kind, name in _NAMES if name.fullmatch(path.name)), None)
    return None if kind is FileKind.DOCKERFILE and _NOT_DOCKERFILES.fullmatch(path.name) else kind


def is_fragment(path: Path, text: str) -> bool:
    """Whether a file called like a Dockerfile is only a part of one, or a template of some."""
    is_whole = path.name in ("Dockerfile", "Containerfile") or re.search(r"(?im)^\s*from\s", text)
    return not is_whole or re.search(r"\{\{|\{%|<%", text) is not None


def kind_by_text(path: Path, text: str) -> FileKind:
    """The kind of a file that somebody named, whatever it is called."""
    found = kind_of(path)
    if found is not None:
        return found
    if path.suffix in (".hcl", ".json"):
        return FileKind.BAKE
    if path.suffix in (".yml", ".yaml"):
        return _of_yaml(text)
    return FileKind.DOCKERFILE


def _of_yaml(text: str) -> FileKind:
    if re.search(r"(?m)^services:", text):
        return FileKind.COMPOSE
    return FileKind.GITHUB if re.search(r"(?m)^jobs:", text) else FileKind.GITLAB
