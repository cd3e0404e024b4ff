import errno
import os
import time
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from layerfork.context import sending
from layerfork.context.clientrules import RULES, ContextRules, find_rules
from layerfork.context.hashing.contents import hash_files, split
from layerfork.context.hashing.digestcache import DigestCache, cache_file, load_cache, save_cache
from layerfork.context.manifest import ReadContext, read_context
from layerfork.context.walk import scan
from layerfork.record.context import ContextEntry

BUILDAH = find_rules("buildah")


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything on the disk has not changed for long."""
    now = time.time_ns()
    monkeypatch.setattr(time, "time_ns", lambda: now + 10**11)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "context"
    (root / "d" / "sub").mkdir(parents=True)
    (root / "big").write_bytes(b"x" * 3_000_000)
    (root / "small").write_text("s")
    (root / "empty").write_text("")
    (root / "d" / "x").write_text("X")
    (root / "d" / "link").symlink_to("x")
    os.link(root / "small", root / "d" / "second")
    (root / "d" / "sub" / "caf\u00e9").write_text("c")
    Path(os.fsdecode(os.fsencode(root) + b"/caf\xe9")).write_text("bytes")
    return root


def test_digests_are_remembered_as_long_as_the_status_stays(root: Path, tmp_path: Path, later: None) -> None:
    cache = DigestCache()
    tree = scan(root)
    first = hash_files(str(tree.root), tree.files(), cache)
    assert first.contents["big"] == ("sha256:" + sha256(b"x" * 3_000_000).hexdigest(), True)
    save_cache(cache, tmp_path / "deep" / "cache")
    again = load_cache(tmp_path / "deep" / "cache")
    assert again.known == cache.known
    (root / "d" / "x").write_text("Y")
    contents, others = split(again, scan(root).files())
    assert [path for path, _ in others] == ["d/x"]
    assert contents == {path: content for path, content in first.contents.items() if path != "d/x"}


def test_what_changed_a_moment_ago_is_not_remembered(root: Path) -> None:
    cache = DigestCache()
    read_context(root, BUILDAH, cache=cache)
    assert cache.known == {}


def rewrite_with_old_times(path: Path) -> None:
    path.write_text("Z")
    os.utime(path, (1, 1))


def make_a_directory_of(path: Path) -> None:
    path.unlink()
    path.mkdir()


CHANGES: dict[str, Callable[[Path], object]] = {
    "content": lambda root: (root / "small").write_text("t"),
    "same times": lambda root: rewrite_with_old_times(root / "d" / "x"),
    "mode": lambda root: (root / "small").chmod(0o600),
    "new": lambda root: (root / "d" / "new").write_text("n"),
    "gone": lambda root: (root / "d" / "x").unlink(),
    "directory gone": lambda root: (root / "d").rename(root.parent / "elsewhere"),
    "swapped": lambda root: make_a_directory_of(root / "d" / "x"),
    "renamed": lambda root: (root / "empty").rename(root / "another"),
    "attribute": lambda root: os.setxattr(root / "small", "user.note", b"1"),
    "nothing": lambda root: None,
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("rules", RULES, ids=lambda rules: rules.id)
def test_a_cached_reading_is_a_plain_one(
    root: Path, tmp_path: Path, later: None, rules: ContextRules, change: str
) -> None:
    cache = DigestCache()
    assert read_context(root, rules, cache=cache) == read_context(root, rules)
    save_cache(cache, tmp_path / "cache")
    CHANGES[change](root)
    cache = load_cache(tmp_path / "cache")
    assert cache.known
    assert read_context(root, rules, cache=cache) == read_context(root, rules)
    assert read_context(root, rules, cache=cache) == read_context(root, rules)


def test_an_unchanged_tree_is_not_read_again(
    root: Path, later: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = DigestCache()
    first = read_context(root, BUILDAH, cache=cache)
    cache.changed = False

    def refuse(*_: object) -> None:
        raise AssertionError("read")

    monkeypatch.setattr(os, "read", refuse)
    assert read_context(root, BUILDAH, cache=cache) == first
    assert not cache.changed


def test_damaged_and_absent_caches_are_empty(root: Path, tmp_path: Path, later: None) -> None:
    place = tmp_path / "cache"
    assert load_cache(place).known == {}
    cache = DigestCache()
    read_context(root, BUILDAH, cache=cache)
    save_cache(cache, place)
    whole = place.read_bytes()
    for damaged in (b"", b"nonsense", whole[:-1], whole[:40] + b"?" + whole[41:]):
        place.write_bytes(damaged)
        assert load_cache(place).known == {}


def test_caches_are_bounded_in_number(root: Path, tmp_path: Path, later: None) -> None:
    cache = DigestCache()
    read_context(root, BUILDAH, cache=cache)
    for number in range(70):
        cache.changed = True
        save_cache(cache, cache_file(tmp_path, root / str(number)))
    assert len(list((tmp_path / "contexts").iterdir())) == 64


def test_a_place_that_cannot_be_written_is_no_error(root: Path, tmp_path: Path, later: None) -> None:
    cache = DigestCache()
    read_context(root, BUILDAH, cache=cache)
    (tmp_path / "file").write_text("")
    save_cache(cache, tmp_path / "file" / "cache")
    assert cache.changed


def slowly(root: Path, rules: ContextRules, umask: int, patch: pytest.MonkeyPatch) -> ReadContext:
    """Every entry made by the class of entries."""
    with patch.context() as within:

        def maker(rules: ContextRules, umask: int) -> Callable[..., ContextEntry | None]:
            sender = sending._Sender(tree=tree, rules=rules, umask=umask, names={}, contents=contents)
            return lambda path, status, _: sender.entry(path, status)

        tree = scan(root)
        contents = hash_files(str(tree.root), tree.files()).contents
        within.setattr(sending, "plain_file_maker", maker)
        return read_context(root, rules, umask=umask)


@given(
    mode=st.integers(0, 0o7777),
    uid=st.sampled_from((0, 1, 54321)),
    size=st.integers(0, 5000),
    mtime_ns=st.integers(-(10**18), 4 * 10**18),
    name=st.text("ab.-", min_size=1).filter(lambda name: name.strip(".")),
    umask=st.sampled_from((0, 0o022, 0o077)),
    rules=st.sampled_from(RULES),
)
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_quick_entries_are_entries(
    tmp_path_factory: pytest.TempPathFactory,
    mode: int,
    uid: int,
    size: int,
    mtime_ns: int,
    name: str,
    umask: int,
    rules: ContextRules,
) -> None:
    root = tmp_path_factory.mktemp("context")
    file = root / name
    file.write_bytes(b"c" * size)
    if os.geteuid() == 0:
        os.chown(file, uid, uid)
    file.chmod(mode | 0o400)
    os.utime(file, ns=(mtime_ns, mtime_ns))
    quick = read_context(root, rules, umask=umask)
    assert quick == slowly(root, rules, umask, pytest.MonkeyPatch())
    for entry in quick.manifest.entries:
        assert type(entry) is ContextEntry
        with pytest.raises(AttributeError):
            entry.name = "other"  # type: ignore[misc]


def test_a_full_disk_loses_the_cache_and_nothing_else(
    root: Path, tmp_path: Path, later: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: Path, target: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    cache = DigestCache()
    read_context(root, BUILDAH, cache=cache)
    monkeypatch.setattr(Path, "replace", full)
    save_cache(cache, tmp_path / "kept" / "cache")
    assert list((tmp_path / "kept").iterdir()) == []
    assert cache.changed
