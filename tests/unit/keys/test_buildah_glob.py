"""Go's ``Glob`` in a context, and buildah's ``**``; whole builds are in `test_measured_ignores`."""

import pytest

from layerfork.keys.buildah.copier import glob_paths
from layerfork.keys.unpacked import ContextTree, unpack
from layerfork.record.context import ContextEntry, EntryType


@pytest.fixture
def tree() -> ContextTree:
    names = ("a", "b.x", "d/a", "d/e/a", "d/e/b", "[a]", "a*", "e.d/a")
    files = [ContextEntry(name=name, type=EntryType.FILE, mode=0o644) for name in names]
    links = {"to-d": "d", "to-root": "/", "d/up": "../e.d", "lost": "nowhere"}
    linked = [
        ContextEntry(name=name, type=EntryType.SYMLINK, mode=0o777, linkname=target)
        for name, target in links.items()
    ]
    return unpack((*files, *linked))


@pytest.mark.parametrize(
    ("pattern", "matches"),
    [
        ("a", ["a"]),
        (".", ["."]),
        ("nothing", []),
        ("lost", ["lost"]),
        ("?", ["a", "d"]),
        ("*", ["[a]", "a", "a*", "b.x", "d", "e.d", "lost", "to-d", "to-root"]),
        ("*/a", ["d/a", "e.d/a", "to-d/a", "to-root/a"]),
        ("to-d/*", ["to-d/a", "to-d/e", "to-d/up"]),
        ("d/up/*", ["d/up/a"]),
        ("[[]a]", ["[a]"]),
        ("a\\*", ["a*"]),
        ("\\a", ["a"]),
        ("[z-", []),
        ("a/*", []),
        ("**/b", []),
    ],
)
def test_go(tree: ContextTree, pattern: str, matches: list[str]) -> None:
    assert glob_paths(tree, pattern, double_star=False) == matches


@pytest.mark.parametrize(
    ("pattern", "matches"),
    [
        ("**/a", ["a", "d/a", "d/e/a", "e.d/a"]),
        ("**", [".", "d", "d/e", "e.d"]),
        ("d/**/b", ["d/e/b"]),
        ("**/**/b", ["d/e/b"]),
        ("*/**/b", []),
        ("to-d/**/b", []),
        ("**/[z-", []),
        ("a", ["a"]),
    ],
)
def test_double_star(tree: ContextTree, pattern: str, matches: list[str]) -> None:
    """It enters no link, and comes before other wildcards are expanded."""
    assert glob_paths(tree, pattern, double_star=True) == matches
