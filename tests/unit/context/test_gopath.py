import posixpath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from layerfork.record.gopath import clean, context_path, has_wildcard, is_valid_pattern, match


@pytest.mark.parametrize(
    ("pattern", "name", "matches"),
    [
        ("*.txt", "a.txt", True),
        ("*.txt", "d/a.txt", False),
        ("d/*", "d/a", True),
        ("d/*", "d/a/b", False),
        ("?", "é", True),
        ("?", "/", False),
        ("[a-c]x", "bx", True),
        ("[^a-c]x", "bx", False),
        ("[^a]", "/", True),
        ("[\\]]", "]", True),
        ("\\*", "*", True),
        ("\\*", "a", False),
        ("[z-a]", "b", False),
        ("[^z-a]", "b", True),
        ("a+(b)", "a+(b)", True),
    ],
)
def test_match(pattern: str, name: str, matches: bool) -> None:
    assert match(pattern, name) is matches


@pytest.mark.parametrize("pattern", ["[", "[]", "[a", "[-x]", "[a-]", "\\", "a[^]"])
def test_malformed_patterns_match_nothing(pattern: str) -> None:
    assert not is_valid_pattern(pattern)
    assert not match(pattern, pattern)


def test_wildcards_hide_behind_backslashes() -> None:
    assert has_wildcard("a*")
    assert has_wildcard("a\\\\*")
    assert not has_wildcard("a\\*b\\[")


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("./a", "a"),
        ("/a", "a"),
        ("d/", "d"),
        ("./", "."),
        ("", "."),
        ("../a", "a"),
        ("a//b/./c/../d", "a/b/d"),
    ],
)
def test_context_path(name: str, path: str) -> None:
    assert context_path(name) == path


@given(st.text("ab./", max_size=12))
def test_context_paths_are_relative_and_clean(name: str) -> None:
    path = context_path(name)
    assert not path.startswith("/")
    assert posixpath.normpath(path) == path
    assert context_path(path) == path
    assert context_path("./" + name.lstrip("/")) == context_path("/" + name)


@given(st.text("ab./", max_size=12))
def test_cleaning_twice_is_cleaning_once(path: str) -> None:
    assert clean(clean(path)) == clean(path)
