"""Which paths of a directory a Go client sends: docker CLI with the classic builder, BuildKit, podman.

Source: moby/go-archive archive.go:Tarballer.Do (moby/moby pkg/archive @ v20.10.24 to v28.5.2);
docker/cli cli/command/image/build/dockerignore.go:TrimBuildFilesFromExcludes @ v20.10.24 to v28.5.2;
tonistiigi/fsutil filter.go:Walk @ 6d9dc2e and walker.go:Walk @ 0834f99; moby/buildkit
frontend/dockerui/config.go @ v0.32.2; containers/podman pkg/bindings/images/build.go:nTar @ v4.3.1 to v5.8.2.

All of them raise UsageError for a malformed pattern that they notice: the client then refuses the build.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial

from layerfork.context.ignore.containers_storage import storage_matcher
from layerfork.context.ignore.gopatterns import PatternRule
from layerfork.context.ignore.ignorefile import (
    CONTAINER_IGNORE,
    DOCKER_IGNORE,
    read_containers_ignorefile,
    read_docker_ignorefile,
)
from layerfork.context.ignore.moby import moby_matcher, old_moby_matcher
from layerfork.context.walk import ScannedTree, type_of
from layerfork.errors import UsageError
from layerfork.record.context import EntryType
from layerfork.record.gopath import clean
from layerfork.releases import StorageSyntax, moby_ignores

State = tuple[bool, ...] | None
"""What a directory hands on to what lies below it."""

Decide = Callable[[str, State], tuple[bool, State]]
"""Says of a path, and of what its directory handed on, whether it is left out, and what it hands on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """How a walk decides what is sent."""

    decide: Decide
    may_keep_below: Callable[[str], bool]
    """Whether something below a directory may be sent although the directory itself is left out."""


def classic_cli_paths(tree: ScannedTree, ignore_text: str, dockerfile: str) -> list[str]:
    """What the docker CLI from 23.0 on puts into the tar for the classic builder, in order.

    The ignore file and the Dockerfile are sent even when they are ignored.
    """
    return _tarred(tree, classic_cli_selection(ignore_text, dockerfile))


def classic_cli_selection(ignore_text: str, dockerfile: str) -> Selection:
    """How `classic_cli_paths` decides. Raises: UsageError for a pattern that is refused at once."""
    patterns = read_docker_ignorefile(ignore_text)
    kept = _kept_files((dockerfile,), lambda path: moby_matcher(patterns).excludes_by_one_parent(path))
    matcher = moby_matcher((*patterns, *kept))
    return _tar_selection(matcher.rules, matcher.decide)


def packed_selection(ignore_text: str, dockerfiles: Iterable[str]) -> Selection:
    """As `classic_cli_selection`, but no Dockerfile is lost: the CLI does not notice each ignored one.

    ``dockerfiles`` is its path, and where it is a link that of its target, too.

    Raises: UsageError for a pattern that is refused at once.
    """
    patterns = read_docker_ignorefile(ignore_text)
    kept = _kept_files(dockerfiles, moby_matcher(patterns).excludes)
    matcher = moby_matcher((*patterns, *kept))
    return _tar_selection(matcher.rules, matcher.decide)


def old_classic_cli_paths(
    tree: ScannedTree, ignore_text: str, dockerfile: str, version: str = "20.10.24"
) -> list[str]:
    """As `classic_cli_paths`, of the docker CLI up to 20.10."""
    patterns = read_docker_ignorefile(ignore_text)
    checks_whole = moby_ignores(version).checks_whole_pattern
    make_matcher = partial(old_moby_matcher, checks_whole_pattern=checks_whole)
    kept = _kept_files((dockerfile,), lambda path: make_matcher(patterns).excludes(path))
    matcher = make_matcher((*patterns, *kept))
    return _tarred(tree, _tar_selection(matcher.rules, lambda path, _: (matcher.excludes(path), None)))


def _kept_files(dockerfiles: Iterable[str], excludes: Callable[[str], bool]) -> Iterator[str]:
    """Exceptions that the CLI adds; a malformed pattern is no reason for one."""
    for name in (DOCKER_IGNORE, *dockerfiles):
        try:
            if excludes(clean(name)):
                yield f"!{name}"
        except UsageError:
            continue


def _tar_selection(rules: tuple[PatternRule, ...], decide: Decide) -> Selection:
    may_keep_below = _prefix_of_exception(rules)
    return Selection(decide=decide if rules else _keep, may_keep_below=may_keep_below)


def _keep(path: str, state: State) -> tuple[bool, State]:
    """What is decided where there are no rules."""
    return False, None


def _tarred(tree: ScannedTree, selection: Selection) -> list[str]:
    """A directory that is left out has no entry of its own, even when something below it is kept."""
    walked = _walk(tree, selection.decide, selection.may_keep_below)
    return [path for path, excluded in walked if not excluded]


def buildkit_paths(tree: ScannedTree, ignore_text: str) -> list[str]:
    """What a BuildKit client offers of a directory, in order: kept paths and all their parents.

    Which of them a build asks for depends on its instructions.
    """
    matcher = moby_matcher(read_docker_ignorefile(ignore_text))
    sent: dict[str, None] = {}
    for path, excluded in _walk(tree, matcher.decide, _wildcard_or_prefix_of_exception(matcher.rules)):
        if not excluded:
            parts = path.split("/")
            sent.update(dict.fromkeys("/".join(parts[:end]) for end in range(1, len(parts) + 1)))
    return list(sent)


def old_buildkit_paths(tree: ScannedTree, ignore_text: str) -> list[str]:
    """As `buildkit_paths`, of the docker CLI up to 20.10: directories above an exception are sent."""
    matcher = old_moby_matcher(read_docker_ignorefile(ignore_text))
    may_keep_below = _prefix_of_exception(matcher.rules)
    walked = _walk(tree, lambda path, _: (matcher.excludes(path), None), may_keep_below)
    return [
        path for path, excluded in walked if not excluded or _is_kept_directory(tree, path, may_keep_below)
    ]


def _is_kept_directory(tree: ScannedTree, path: str, may_keep_below: Callable[[str], bool]) -> bool:
    return path in tree.directories and may_keep_below(path)


def podman_remote_paths(tree: ScannedTree, ignore_text: str, dockerfile: str) -> list[str]:
    """What podman's remote client puts into its tar, in order: each path is judged alone.

    It takes no slashes off its patterns, but it always sends Dockerfiles and ignore files.
    """
    names = ("Dockerfile", "Containerfile", DOCKER_IGNORE, CONTAINER_IGNORE, dockerfile)
    own = (dockerfile + DOCKER_IGNORE, dockerfile + CONTAINER_IGNORE)
    patterns = (*read_containers_ignorefile(ignore_text), *(f"!{name}" for name in (*names, *own)))
    matcher = storage_matcher(patterns, StorageSyntax(strips_slashes=False))
    kinds = (EntryType.FILE, EntryType.DIRECTORY, EntryType.SYMLINK)
    return [path for path, status in tree.walk() if type_of(status) in kinds and not matcher.excludes(path)]


def _prefix_of_exception(rules: tuple[PatternRule, ...]) -> Callable[[str], bool]:
    """Whether an exception may keep something below a directory; its wildcards are compared as text."""
    exceptions = [rule.text + "/" for rule in rules if rule.exception]
    return lambda directory: any(text.startswith(directory + "/") for text in exceptions)


def _wildcard_or_prefix_of_exception(rules: tuple[PatternRule, ...]) -> Callable[[str], bool]:
    """As `_prefix_of_exception`, for today's transfer: any wildcard but a last one may keep anything."""
    texts = [rule.text.removesuffix("/**").removesuffix("/*") for rule in rules if rule.exception]
    if any(re.search(r"[*\[\]?^\\]", text) for text in texts):
        return lambda directory: True
    return lambda directory: any((text + "/").startswith(directory + "/") for text in texts)


def _walk(
    tree: ScannedTree, decide: Decide, may_keep_below: Callable[[str], bool]
) -> Iterator[tuple[str, bool]]:
    """Every path in lexical order and whether it is left out; hopeless directories are not entered."""
    states: dict[str, State] = {".": None}
    skipped = ""
    for path, _ in tree.walk():
        if skipped and path.startswith(skipped):
            continue
        parent, _, _ = path.rpartition("/")
        excluded, state = decide(path, states[parent or "."])
        if path in tree.directories:
            states[path] = state
            if excluded and not may_keep_below(path):
                skipped = path + "/"
        yield path, excluded
