"""The contexts that files of a project say a Dockerfile is built with."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from layerfork.lint.declared.build import DeclaredBuild
from layerfork.lint.dockerfiles.opened import OpenedDockerfile, context_at


def in_context(opened: OpenedDockerfile, builds: Sequence[DeclaredBuild]) -> OpenedDockerfile:
    """A Dockerfile with the contexts of the builds that name it; as it is where none does."""
    path = opened.source.path
    places = [each.context_path for each in builds if each.dockerfile_path == path]
    known = [Path(place) for place in dict.fromkeys(places) if Path(place).is_dir()]
    return replace(opened, contexts=tuple(context_at(place, path) for place in known)) if known else opened
