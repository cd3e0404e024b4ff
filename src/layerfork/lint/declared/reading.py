"""The builds of any file that declares some."""

from collections.abc import Callable, Iterator

from layerfork.lint.declared.build import DeclaredBuild
from layerfork.lint.files.kind import FileKind
from layerfork.lint.files.reading import Source


def builds_of(source: Source) -> tuple[DeclaredBuild, ...]:
    """What a file declares; nothing for kinds of files that declare no build. Raises: UnreadableError."""
    reader = _reader(source.kind)
    return () if reader is None else tuple(reader(source))


def _reader(kind: FileKind) -> Callable[[Source], Iterator[DeclaredBuild]] | None:
    """Imported when a file needs it: most directories have only some of them."""
    match kind:
        case FileKind.BAKE:
            from layerfork.lint.declared.bake import bake_builds

            return bake_builds
        case FileKind.COMPOSE:
            from layerfork.lint.declared.compose import compose_builds

            return compose_builds
        case FileKind.GITHUB:
            from layerfork.lint.declared.github import github_builds

            return github_builds
        case FileKind.GITLAB:
            from layerfork.lint.declared.gitlab import gitlab_builds

            return gitlab_builds
    return None
