"""What holds for BuildKit's content digest of any files, in every release."""

import itertools
import posixpath
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from hashlib import sha256

import pytest
from fakes.contenttrees import Files, files_of, key_of, selector
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from layerfork.keys.buildkit.content_tree import ContentError, ContentTree, Selector
from layerfork.keys.unpacked import LinkLoopError
from layerfork.record.context import ContextEntry, EntryType
from layerfork.releases import buildkit_rules

RELEASES = ("0.8.2", "0.8.3", "0.9.0", "0.10.6", "0.13.2", "0.14.1", "0.18.2", "0.25.2", "0.26.3")
NAMES = ("a", "b", "x.txt", "a.b", "é")
TARGETS = (
    "a",
    "b",
    ".",
    "..",
    "/",
    "a/",
    "../a",
    "/a/b",
    "a/b/..",
    "b/a/b",
    "./a//b",
    "nowhere",
    "../../b/a",
)
PATTERNS = ("a", "**/a", "*.txt", "**/*.txt", "a/**", "*", "!a", "!**/b", "b/*", "**", "[ab]", "a/b")
SOURCES = ("/", "/a", "/a/b", "/b/a/x.txt", "/*", "/a/*", "/a/*.txt", "/?/b", "/[ab]/*/a", "/a*", "/*/x.txt")


PATHS = tuple("/".join(path) for depth in (1, 2, 3) for path in itertools.product(NAMES[:4], repeat=depth))
CONTENTS = ("1", "2")
EMPTY = "sha256:" + sha256(b"").hexdigest()


def some_files(links: bool = True) -> st.SearchStrategy[Files]:
    """Files, links to anything and empty directories, up to three deep."""
    ends = st.sampled_from(["", *CONTENTS, *(f"-> {target}" for target in TARGETS if links)])
    return st.dictionaries(st.sampled_from(PATHS), ends, max_size=7).map(laid_out)


def laid_out(ends: Mapping[str, str]) -> Files:
    """Content, ``-> target`` or nothing for a directory, by path; what lies below others makes those
    directories."""
    above = {path[:cut] for path in ends for cut in range(len(path)) if path[cut] == "/"}
    entries, data = [], {}
    for path in sorted(ends.keys() | above):
        end = "" if path in above else ends[path]
        if end.startswith("-> "):
            kind, mode, target = EntryType.SYMLINK, 0o777, end[3:]
        elif end:
            kind, mode, target = EntryType.FILE, 0o644, ""
            data[path] = end.encode()
        else:
            kind, mode, target = EntryType.DIRECTORY, 0o755, ""
        entries.append(ContextEntry(name=path, type=kind, mode=mode, linkname=target))
    return files_of(entries, data)


@st.composite
def selectors(draw: st.DrawFn) -> Selector:
    some = st.lists(st.sampled_from(PATTERNS), max_size=2).map(tuple)
    return selector(draw(st.sampled_from(SOURCES)), include=draw(some), exclude=draw(some))


def of_release(one: Selector, release: str) -> Selector:
    """Patterns came with 0.9."""
    return replace(one, include=(), exclude=()) if release.startswith("0.8.") else one


@pytest.mark.parametrize("release", RELEASES)
@settings(max_examples=60, deadline=2000)
@given(files=some_files(), one=selectors(), on_disk=st.booleans(), follow=st.booleans())
def test_every_selection_ends(release: str, files: Files, one: Selector, on_disk: bool, follow: bool) -> None:
    tree = files.tree(buildkit_rules(release, ""), on_disk)
    asked = replace(of_release(one, release), follow_links=follow)
    assert re.fullmatch("sha256:[0-9a-f]{64}|error", ends_with(files, tree, asked))


def ends_with(files: Files, tree: ContentTree, asked: Selector) -> str:
    try:
        return files.digest_of_one(tree, asked)
    except (ContentError, LinkLoopError):
        return "error"


@pytest.mark.parametrize("release", ["0.8.3", "0.13.2", "0.18.2", "0.26.3"])
@pytest.mark.parametrize("source", ["/a/b", "/a/*", "/a", "/b/*/x", "/c"])
def test_links_that_multiply_end_too(release: str, source: str) -> None:
    deep = "/".join(["a"] * 1000)
    links = {"a": "a/a/a", "b": "b/../b/c/b", "c": deep, "d": "c/c"}
    entries = [
        ContextEntry(name=name, type=EntryType.SYMLINK, mode=0o777, linkname=target)
        for name, target in links.items()
    ]
    tree = files_of(entries, {}).tree(buildkit_rules(release, ""), on_disk=False)
    assert ends_with(files_of(entries, {}), tree, selector(source)) in ("error", EMPTY)


@pytest.mark.parametrize("release", ["0.8.2", "0.8.3", "0.10.6", "0.25.2", "0.26.3"])
@settings(max_examples=60, deadline=2000)
@given(
    files=some_files(links=False),
    asked=st.lists(selectors(), min_size=1, max_size=2),
    old=st.sampled_from(NAMES),
    new=st.sampled_from(NAMES),
    content=st.booleans(),
)
def test_parts_are_equal_exactly_when_digests_are(
    release: str, files: Files, asked: list[Selector], old: str, new: str, content: bool
) -> None:
    rules = buildkit_rules(release, "")
    chosen = [of_release(one, release) for one in asked]
    other = changed(files) if content else moved(files, old, new)
    trees = [each.tree(rules, on_disk=False) for each in (files, other)]
    try:
        keys = [key_of(tree, chosen).digest for tree in trees]
        digests = [files.digest(trees[0], chosen), other.digest(trees[1], chosen)]
    except ContentError:
        assume(False)
    assert (keys[0] == keys[1]) == (digests[0] == digests[1])


def moved(files: Files, old: str, new: str) -> Files:
    """The same files where one name is another one everywhere, unless that is taken."""

    def renamed(path: str) -> str:
        return "/".join(new if name == old else name for name in path.split("/"))

    names = [renamed(path) for path in files.entries]
    if len(set(names)) < len(names):
        return files
    entries = [replace(entry, name=renamed(path)) for path, entry in files.entries.items()]
    return files_of(entries, {renamed(path): data for path, data in files.data.items()})


def changed(files: Files) -> Files:
    """The same files where the last one has other content."""
    last = max(files.data, default=None)
    return files_of(files.entries.values(), {**files.data, **({last: b"3"} if last else {})})


@settings(max_examples=100, deadline=2000)
@given(
    files=some_files(links=False),
    include=st.lists(st.sampled_from(["a", "**/a", "*.txt", "**/*.txt", "a/**", "*/b"]), max_size=2),
    exclude=st.lists(st.sampled_from(["b", "**/b", "a/b", "**/x.txt", "*/a"]), max_size=2),
)
def test_patterns_pick_what_they_say_of_a_path_or_of_a_directory_above_it(
    files: Files, include: list[str], exclude: list[str]
) -> None:
    assume(include or exclude)
    tree = files.tree(buildkit_rules("0.26.0", ""), on_disk=False)
    asked = selector("/", include=tuple(include), exclude=tuple(exclude))
    assert files.digest_of_one(tree, asked) == brute_force(files, include, exclude)


def brute_force(files: Files, include: Sequence[str], exclude: Sequence[str]) -> str:
    """Every path judged by itself; a directory is listed too where something in it is picked."""
    picked = {
        path
        for path in files.entries
        if (not include or any(map(matcher(path), include))) and not any(map(matcher(path), exclude))
    }
    above = {posixpath.dirname(path) for path in picked}
    while missing := {posixpath.dirname(path) for path in above} - above:
        above |= missing
    listed = sorted((picked | above) - {""}, key=lambda path: path.encode().replace(b"/", b"\0"))
    if not listed:
        return EMPTY
    text = b"".join(
        b"\0" + path.encode().replace(b"/", b"\0") + own_digest(files, path).encode() for path in listed
    )
    return "sha256:" + sha256(text).hexdigest()


def matcher(path: str):  # type: ignore[no-untyped-def]
    lineage = ["/".join(path.split("/")[:depth]) for depth in range(1, path.count("/") + 2)]
    return lambda pattern: any(re.fullmatch(EXPRESSIONS[pattern], each) for each in lineage)


EXPRESSIONS: Mapping[str, str] = {
    "a": "a",
    "b": "b",
    "**/a": "(.*/)?a",
    "**/b": "(.*/)?b",
    "*.txt": r"[^/]*\.txt",
    "**/*.txt": r"(.*/)?[^/]*\.txt",
    "**/x.txt": r"(.*/)?x\.txt",
    "a/**": "a/.*",
    "a/b": "a/b",
    "*/a": "[^/]*/a",
    "*/b": "[^/]*/b",
}
"""What the patterns of .dockerignore mean, by Docker's documentation."""


def own_digest(files: Files, path: str) -> str:
    entry, data = files.entries[path], files.data.get(path, b"")
    flag = "0" if entry.type is EntryType.FILE else "5"
    front = f"namemode{entry.mode}uid0gid0size{len(data)}typeflag{flag}linknameunamegnamedevmajor0devminor0"
    return "sha256:" + sha256(front.encode() + data).hexdigest()
