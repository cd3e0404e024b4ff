"""Differences of two keys that hold less of paths than their parts say."""

from layerfork.diagnose.compare.differences import list_differences
from layerfork.record.cachekey import CacheKey, HeldName, KeyPart


def key(path: str, content: str) -> CacheKey:
    """A key of BuildKit up to 0.25 for ``COPY */x /``: it holds the base name of the match alone."""
    part = KeyPart(cause="content", path=path, field="content", value=content)
    return CacheKey(parts=(part,), held_names=(HeldName(path, "1.0 x"),))


def test_another_directory_above_a_match_is_no_difference() -> None:
    assert not list_differences(key("a/x", "1"), key("b/x", "1"))


def test_where_something_else_differs_the_paths_are_told() -> None:
    assert {each.path for each in list_differences(key("a/x", "1"), key("b/x", "2"))} == {"a/x", "b/x"}
