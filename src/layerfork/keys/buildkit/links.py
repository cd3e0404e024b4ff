"""Where paths of a BuildKit source lead when links are followed, as each version follows them."""

import posixpath
from dataclasses import dataclass, field

from layerfork.keys.buildkit.content_tree import ContentTree, UnmodelledError, key_path
from layerfork.keys.unpacked import MAX_LINKS, LinkLoopError, Node, link_target
from layerfork.releases import LinkWalk

Located = tuple[str, Node | None]
"""Where a path leads, and what lies there; None when nothing does."""


def locate(tree: ContentTree, path: str, follow_last: bool) -> Located:
    """Where a path leads when links before its end, and with ``follow_last`` there too, are followed.

    Raises: LinkLoopError, UnmodelledError.
    """
    if tree.rules.link_walk is not LinkWalk.TEXT:
        return _by_steps(tree, path, follow_last)
    place, node = _by_text(tree, path, _Budget(path))
    budget = _Budget(path)
    while follow_last and node is not None and node.is_link:
        budget.spend()
        path = key_path(posixpath.join(posixpath.dirname(path), _target(node)))
        place, node = _by_text(tree, path, _Budget(path))
    return place, node


def locate_prefix(tree: ContentTree, prefix: str) -> Located:
    """Where the part of a path before its first wildcard leads.

    Raises: LinkLoopError, UnmodelledError.
    """
    if tree.rules.link_walk is not LinkWalk.TEXT:
        return _by_steps(tree, prefix, follow_last=True)
    budget = _Budget(prefix)
    first, node = _by_text(tree, prefix, budget)
    place = first
    while node is not None and node.is_link:
        budget.spend()
        # By a slip every link of a chain is taken to lie where the first one does.
        place = _joined(first, _target(node))
        node = tree.find(place) if place else None
    return place, node


@dataclass(slots=True)
class _Budget:
    """Links that may still be followed."""

    path: str
    left: int = MAX_LINKS

    def spend(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise LinkLoopError(self.path)


def _by_text(tree: ContentTree, path: str, budget: _Budget) -> Located:
    """Up to 0.13: what lies at the path itself goes first; a link's target is joined to what follows.

    A link to the root leads nowhere: what is joined to it is looked for below an empty name.
    """
    names = path.split("/")[1:]
    asked, place, node = "", "", tree.root
    for number, name in enumerate(names):
        found: Node | None
        if node.is_link:
            target = _joined(asked, _target(node))
            budget.spend()
            place, found = _by_text(tree, f"{target}/{name}", budget) if target else (f"//{name}", None)
        else:
            place, found = f"{place}/{name}", node.children.get(name)
        if found is None:
            return "/".join((place, *names[number + 1 :])), None
        asked, node = f"{asked}/{name}", found
    return place, node


def _joined(link: str, target: str) -> str:
    """A target by text alone, seen from the link at a path."""
    return key_path(posixpath.join(posixpath.dirname(link), target))


def _by_steps(tree: ContentTree, path: str, follow_last: bool) -> Located:
    """Since 0.14: name by name, the remains of a path after the target of a link."""
    walk = _Walk(tree=tree, path=path, nodes=[tree.root], pending=path.split("/")[::-1])
    while walk.pending:
        walk.step(follow_last)
    walk.check_record()
    return "".join("/" + name for name in walk.names), walk.nodes[-1]


@dataclass(slots=True, kw_only=True)
class _Walk:
    """A place on the way along a path."""

    tree: ContentTree
    path: str
    names: list[str] = field(default_factory=list)
    nodes: list[Node | None]
    """The root and one for each name."""
    pending: list[str]
    """Names still to go, the next one last."""
    links: int = 0
    record_depth: int = 0
    """How deep the last thing that was looked up lies; -1 for a link."""

    def step(self, follow_last: bool) -> None:
        name = self.pending.pop()
        if name in ("", "."):
            return
        if name == "..":
            self._leave()
            return
        parent = self.nodes[-1]
        node = parent.children.get(name) if parent is not None else None
        if node is not None and node.is_link and (follow_last or any(self.pending)):
            self._follow(node)
            return
        self.names.append(name)
        self.nodes.append(node)
        self.record_depth = len(self.names)

    def _leave(self) -> None:
        del self.names[-1:], self.nodes[max(1, len(self.nodes) - 1) :]
        if self.names:
            self.record_depth = len(self.names)

    def _follow(self, link: Node) -> None:
        self.links += 1
        if self.links > MAX_LINKS:
            raise LinkLoopError(self.path)
        target = _target(link)
        if target.startswith("/"):
            del self.names[:], self.nodes[1:]
        self.pending.extend(target.split("/")[::-1])
        self.record_depth = -1

    def check_record(self) -> None:
        """0.14 goes on with what it looked up last when the path ends in a name that leads nowhere else."""
        if self.tree.rules.link_walk is LinkWalk.STEPS_BUT_ROOT and self.record_depth != len(self.names):
            raise UnmodelledError(f"where BuildKit 0.14 finds {self.path}")


def _target(node: Node) -> str:
    return link_target(node.entry) if node.entry is not None else ""
