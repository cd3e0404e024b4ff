"""The builds of any file that declares some."""

from collections.abc import Callable, Iterator, Mapping

from layerfork.lint.declared.bake import bake_builds
from layerfork.lint.declared.build import DeclaredBuild
from layerfork.lint.declared.compose import compose_builds
from layerfork.lint.declared.github import github_builds
from layerfork.lint.declared.gitlab import gitlab_builds
from layerfork.lint.files.kind import FileKind
from layerfork.lint.files.reading import Source

READERS: Mapping[FileKind, Callable[[Source], Iterator[DeclaredBuild]]] = {
    FileKind.BAKE: bake_builds,
    FileKind.COMPOSE: compose_builds,
    FileKind.GITHUB: github_builds,
    FileKind.GITLAB: gitlab_builds,
}
"""By the kinds of files that declare builds."""
