"""Which paths of a directory a Go client sends: docker CLI with the classic builder, BuildKit, podman.

Source: moby/go-archive archive.go:Tarballer.Do (moby/moby pkg/archive @ v24.0.0 to v28.5.2);
docker/cli cli/command/image/build/dockerignore.go:TrimBuildFilesFromExcludes @ v26.1.5;
tonistiigi/fsutil filter.go:Walk @ 6d9dc2e; moby/buildkit frontend/dockerui/config.go @ v0.32.2.
"""

from collections.abc import Callable, Iterator

from layerfork.buildcontext.gopath import clean
from layerfork.buildcontext.ignore.docker_go import GoMatcher, go_matcher, read_ignorefile
from layerfork.buildcontext.walk import ScannedTree

IGNORE_FILE = ".dockerignore"


def classic_cli_paths(tree: ScannedTree, ignore_text: str, dockerfile: str) -> list[str]:
    """What the docker CLI puts into the tar for the classic builder, in order.

    The ignore file and the Dockerfile are sent even when they are ignored.
    Raises: UsageError for a malformed pattern.
    """
    patterns = read_ignorefile(ignore_text)
    if not patterns:
        return list(tree.statuses)
    for kept in (IGNORE_FILE, dockerfile):
        if go_matcher(patterns).excludes(clean(kept)):
            patterns = (*patterns, f"!{kept}")
    return list(_tarred(tree, go_matcher(patterns)))


def _tarred(tree: ScannedTree, matcher: GoMatcher) -> Iterator[str]:
    """A directory that is left out has no entry of its own, even when something below it is kept."""
    for path, excluded in _walk(tree, matcher, matcher.may_keep_below):
        if not excluded:
            yield path


def buildkit_paths(tree: ScannedTree, ignore_text: str) -> list[str]:
    """What a BuildKit client offers of a directory, in order: kept paths and all their parents.

    Which of them a build asks for depends on its instructions.
    Raises: UsageError for a malformed pattern.
    """
    patterns = read_ignorefile(ignore_text)
    if not patterns:
        return list(tree.statuses)
    sent: dict[str, None] = {}
    matcher = go_matcher(patterns)
    for path, excluded in _walk(tree, matcher, matcher.may_keep_below_in_transfer):
        if not excluded:
            parts = path.split("/")
            sent.update(dict.fromkeys("/".join(parts[:end]) for end in range(1, len(parts) + 1)))
    return list(sent)


def _walk(
    tree: ScannedTree, matcher: GoMatcher, may_keep_below: Callable[[str], bool]
) -> Iterator[tuple[str, bool]]:
    """Every path in lexical order and whether it is left out; hopeless directories are not entered."""
    states: dict[str, tuple[bool, ...] | None] = {".": None}
    skipped = ""
    for path, _ in tree.walk():
        if skipped and path.startswith(skipped):
            continue
        parent, _, _ = path.rpartition("/")
        excluded, state = matcher.decide(path, states[parent or "."])
        if path in tree.directories:
            states[path] = state
            if excluded and not may_keep_below(path):
                skipped = path + "/"
        yield path, excluded
