"""What the models say a builder copies of a whole context under an ignore file, engine by engine."""

from collections.abc import Callable, Iterable
from pathlib import Path

from layerfork.context.clientrules import find_rules
from layerfork.context.ignore.containers_storage import storage_matcher
from layerfork.context.ignore.ignorefile import read_docker_ignorefile
from layerfork.context.ignore.moby import moby_matcher_of
from layerfork.context.manifest import read_context
from layerfork.context.selection import (
    buildkit_paths,
    classic_cli_paths,
    old_buildkit_paths,
    old_classic_cli_paths,
)
from layerfork.context.walk import scan
from layerfork.errors import UsageError
from layerfork.keys.buildah.content import CopyOptions, MissingSourceError
from layerfork.keys.buildah.copier import SourceFinder
from layerfork.keys.unpacked import unpack
from layerfork.record.engine import EngineInfo
from layerfork.releases import buildah_rules, classic_rules

Copied = set[str] | None
"""Paths below the destination; None when the build is refused."""


def classic(root: Path, ignore: str, source: str, version: str) -> Copied:
    tree, name = scan(root), "Dockerfile"
    if version.startswith("20."):
        sent = implied(lambda: old_classic_cli_paths(tree, ignore, name, version))
    else:
        sent = implied(lambda: classic_cli_paths(tree, ignore, name))
    if sent is None:
        return None
    return {
        path for path in sent if path not in (name, ".dockerignore") or not is_removed(path, ignore, version)
    }


def is_removed(name: str, ignore: str, version: str) -> bool:
    """What the engine does when the context has arrived."""
    try:
        matcher = moby_matcher_of(classic_rules(version).ignores)
        return matcher(read_docker_ignorefile(ignore)).excludes(name)
    except UsageError:
        return False


def buildkit(root: Path, ignore: str, source: str, version: str) -> Copied:
    paths = old_buildkit_paths if version.startswith("20.") else buildkit_paths
    return implied(lambda: paths(scan(root), ignore))


def implied(sent: Callable[[], Iterable[str]]) -> Copied:
    """What a client sends, with the directories that it implies."""
    try:
        return {above for path in sent() for above in lineage(path)}
    except UsageError:
        return None


def buildah(root: Path, ignore: str, source: str, version: str) -> Copied:
    rules = buildah_rules(EngineInfo(kind="podman", version=version, api_version="", image_store=""))
    context = read_context(root, find_rules("buildah")).manifest
    try:
        excludes = storage_matcher(context.excludes, rules.ignores)
        finder = SourceFinder(tree=unpack(context.entries), excludes=excludes, rules=rules)
        found = finder.find(source.split(), CopyOptions())
    except (UsageError, MissingSourceError):
        return None
    return {above for each in found for member in each.members for above in lineage(member.name)}


def lineage(path: str) -> list[str]:
    names = path.split("/")
    return ["/".join(names[:end]) for end in range(1, len(names) + 1)]


MODELS: dict[str, Callable[[Path, str, str, str], Copied]] = {
    "classic": classic,
    "buildkit": buildkit,
    "buildah": buildah,
}
