"""A directory as a client would send it: its ignore rules applied, attributes changed, contents hashed."""

from dataclasses import dataclass
from pathlib import Path
from stat import S_ISREG

from layerfork.buildcontext.clientrules import ContextRules
from layerfork.buildcontext.hashing.contents import hash_files
from layerfork.buildcontext.hashing.digestcache import DigestCache
from layerfork.buildcontext.ignore.docker_go import go_matcher, read_ignorefile
from layerfork.buildcontext.ignore.docker_py import docker_py_paths
from layerfork.buildcontext.ignore.other import dockerode_paths, podman_py_paths
from layerfork.buildcontext.selection import IGNORE_FILE, buildkit_paths, classic_cli_paths
from layerfork.buildcontext.sending import sent_entries
from layerfork.buildcontext.walk import Problem, Prune, ScannedTree, scan
from layerfork.model.context import ContextManifest, Transport

NEWEST_DOCKER_PY = (7, 2)
_CONTAINER_IGNORE = ".containerignore"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadContext:
    """What came of reading a directory."""

    manifest: ContextManifest
    """Files that could not be read have no content digest; ``complete`` is then False."""
    problems: tuple[Problem, ...] = ()


def read_context(
    root: Path,
    rules: ContextRules,
    dockerfile: str = "Dockerfile",
    docker_py: tuple[int, int] = NEWEST_DOCKER_PY,
    umask: int = 0o022,
    cache: DigestCache | None = None,
) -> ReadContext:
    """Read a directory as a client with these rules would send it.

    ``dockerfile`` is its path inside the context, ``docker_py`` the version where that is the client.
    Raises: UsageError when the root is no readable directory or an ignore pattern is malformed.
    """
    ignore_text = read_ignore_text(root, rules, dockerfile)
    tree = scan(root, _prune(rules, ignore_text))
    paths = _kept_paths(tree, rules, ignore_text, dockerfile, docker_py)
    find = tree.statuses.get
    files = [
        (path, status) for path in paths if (status := find(path)) is not None and S_ISREG(status.st_mode)
    ]
    hashed = hash_files(tree, files, cache)
    entries = sent_entries(tree, paths, rules, hashed.contents, umask)
    problems = (*tree.problems, *hashed.problems)
    # In a tar the file itself goes along, and the engine reads it again.
    applied = rules.transport is not Transport.TAR or any(entry.name == IGNORE_FILE for entry in entries)
    return ReadContext(
        manifest=ContextManifest(
            transport=rules.transport,
            entries=entries,
            excludes=read_ignorefile(ignore_text) if applied else (),
            complete=not problems,
        ),
        problems=problems,
    )


def read_ignore_text(root: Path, rules: ContextRules, dockerfile: str) -> str:
    """Text of the ignore file that a client uses; empty when there is none."""
    names = [IGNORE_FILE]
    if rules.id in ("buildkit", "buildah", "podman-remote"):
        names.insert(0, f"{dockerfile}.dockerignore")
    if rules.id in ("buildah", "podman-remote", "podman-py"):
        names.insert(0, _CONTAINER_IGNORE)
    for name in names:
        try:
            return (root / name).read_bytes().decode("utf-8", "surrogateescape")
        except OSError:
            continue
    return ""


def _prune(rules: ContextRules, ignore_text: str) -> Prune | None:
    """Directories that no client with these rules would enter: they need not be listed."""
    if rules.id not in ("docker-cli", "docker-cli-23", "buildkit", "podman-remote"):
        return None
    matcher = go_matcher(read_ignorefile(ignore_text))
    if not matcher.patterns or matcher.has_exceptions:
        return None
    return matcher.excludes


def _kept_paths(
    tree: ScannedTree, rules: ContextRules, ignore_text: str, dockerfile: str, docker_py: tuple[int, int]
) -> list[str]:
    if rules.id in ("docker-cli", "docker-cli-23", "podman-remote"):
        return classic_cli_paths(tree, ignore_text, dockerfile)
    if rules.id == "buildkit":
        return buildkit_paths(tree, ignore_text)
    if rules.id == "docker-py":
        return sorted(docker_py_paths(tree, ignore_text, dockerfile, docker_py))
    if rules.id == "dockerode":
        listed = [name for name, _ in tree.directories["."]]
        return sorted(dockerode_paths(tree, ignore_text, listed))
    if rules.id == "podman-py":
        return sorted(podman_py_paths(tree, ignore_text))
    return list(tree.statuses)
