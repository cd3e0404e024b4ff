"""What a source of COPY or ADD matches: Go's ``Glob`` inside the context, links in directories followed.

Source: golang/go src/path/filepath/match.go:Glob @ go1.22; containers/buildah copier/copier.go:extendedGlob
@ v1.38.0 to v1.44.0.
"""

import posixpath

from layerfork.keys.shared.tree import ContextTree, Node, in_byte_order
from layerfork.record import gopath


class _MalformedGlobError(Exception):
    pass


def glob_paths(tree: ContextTree, pattern: str, *, double_star: bool) -> list[str]:
    """Paths that a clean relative pattern matches, in buildah's order; a malformed one matches nothing.

    With ``double_star`` a component ``**`` stands for every directory there; else it is as ``*``.
    Raises: LinkLoopError.
    """
    patterns = _expand(tree, pattern) if double_star and pattern != "." else [pattern]
    try:
        return [path for each in patterns for path in _glob(tree, each)]
    except _MalformedGlobError:
        return []


def locate(tree: ContextTree, path: str) -> tuple[str, Node | None]:
    """Where a path lies when links on the way are followed, and what is there; the last name may be a link.

    Raises: LinkLoopError.
    """
    if path == ".":
        return path, tree.root
    parent, name = posixpath.split(path)
    place = _join(tree.resolve(parent), name)
    return place, tree.find(place)


def _expand(tree: ContextTree, pattern: str) -> list[str]:
    patterns = ["."]
    for component in pattern.split("/"):
        if component == "**":
            joined = [_join(parent, below) for parent in patterns for below in _directories(tree, parent)]
        else:
            joined = [_join(parent, component) for parent in patterns]
        patterns = list(dict.fromkeys(joined))
    return patterns


def _directories(tree: ContextTree, parent: str) -> list[str]:
    """A directory and all below it, relative to it; nothing when wildcards or a link are in the way."""
    top, node = locate(tree, parent)
    if node is None or not node.is_directory:
        return []
    places = [place for place, found in tree.walk(top) if found.is_directory]
    return [posixpath.relpath(place, top) for place in places]


def _glob(tree: ContextTree, pattern: str) -> list[str]:
    if not gopath.has_glob(pattern):
        return [pattern] if locate(tree, pattern)[1] is not None else []
    if not gopath.is_valid_pattern(pattern):
        raise _MalformedGlobError
    parent, name = posixpath.split(pattern)
    parents = _glob(tree, parent) if gopath.has_glob(parent) else [parent or "."]
    found = []
    for directory in parents:
        node = tree.find(tree.resolve(directory))
        children = node.children if node is not None and node.is_directory else {}
        found += [_join(directory, child) for child in in_byte_order(children) if gopath.match(name, child)]
    return found


def _join(parent: str, name: str) -> str:
    if parent == ".":
        return name
    return parent if name == "." else f"{parent}/{name}"
