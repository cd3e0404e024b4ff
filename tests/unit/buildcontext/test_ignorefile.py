import pytest
from hypothesis import given
from hypothesis import strategies as st

from layerfork.buildcontext.ignore.docker_go import go_matcher, read_ignorefile
from layerfork.errors import UsageError


def test_reading() -> None:
    text = "\ufeff# comment\n  # kept, for it does not begin the line\n\n/a/../b/\r\n ! /c \n!\n.\n./d//e\n"
    assert read_ignorefile(text) == ("# kept, for it does not begin the line", "b", "!c", "!", ".", "d/e")


@pytest.mark.parametrize(
    ("pattern", "path", "excluded"),
    [
        ("a", "a", True),
        ("a", "a/b/c", True),
        ("a", "b/a", False),
        ("*.go", "x.go", True),
        ("*.go", "d/x.go", False),
        ("*/x", "d/x/y", True),
        ("**", "a/b", True),
        ("**/x", "x", True),
        ("**/x", "a/b/x/y", True),
        ("**x", "ax", True),
        ("**x*", "bax", False),
        ("a/**", "a", False),
        ("a/**", "a/b/c", True),
        ("a/**/c", "a/c", True),
        ("a/**/c", "a/b/b/c", True),
        ("a**b", "a/x/b", True),
        ("a.b", "axb", False),
        ("[a-c]", "b", True),
        ("[^a]", "b", True),
        ("a(b)+", "a(b)+", True),
        ("a\\*b", "a*b", True),
        ("a?c", "a/c", False),
    ],
)
def test_one_pattern(pattern: str, path: str, excluded: bool) -> None:
    assert go_matcher((pattern,)).excludes(path) is excluded


def test_of_several_patterns_the_last_decides() -> None:
    matcher = go_matcher(("*", "!a", "a/b"))
    assert matcher.excludes("x")
    assert not matcher.excludes("a/c")
    assert matcher.excludes("a/b/d")
    assert not go_matcher(("**",)).excludes(".")


def test_a_walk_may_decide_otherwise_than_a_single_look() -> None:
    matcher = go_matcher(("a/*", "!a"))
    _, below = matcher.decide("a", None)
    assert matcher.decide("a/x", below)[0]
    assert not matcher.excludes("a/x")


def test_where_exceptions_may_lie() -> None:
    matcher = go_matcher(("*", "!d/e/f", "!w*/x"))
    assert matcher.may_keep_below("d")
    assert matcher.may_keep_below("d/e")
    assert not matcher.may_keep_below("other")
    assert not matcher.may_keep_below("ww")
    assert matcher.may_keep_below_in_transfer("other")
    assert not go_matcher(("*", "!d/**")).may_keep_below_in_transfer("e")


@pytest.mark.parametrize("pattern", ["!", "[", "a[b"])
def test_what_go_refuses(pattern: str) -> None:
    with pytest.raises(UsageError):
        go_matcher((pattern,))


WORDS = st.sampled_from(["a", "b", "*", "**", "?", "a*", "[ab]"])
PATTERNS = st.lists(WORDS, min_size=1, max_size=3).map("/".join)
PATHS = st.lists(st.sampled_from(["a", "b", "ab"]), min_size=1, max_size=4).map("/".join)


@given(st.lists(PATTERNS, max_size=4), PATHS)
def test_without_exceptions_a_walk_and_a_look_agree(patterns: list[str], path: str) -> None:
    matcher = go_matcher(tuple(patterns))
    state: tuple[bool, ...] | None = None
    parts = path.split("/")
    excluded = False
    for depth in range(1, len(parts) + 1):
        excluded, state = matcher.decide("/".join(parts[:depth]), state)
    assert excluded == matcher.excludes(path)


@given(PATHS)
def test_excluded_directories_take_all_below_along(path: str) -> None:
    matcher = go_matcher(("a",))
    if matcher.excludes(path):
        assert matcher.excludes(path + "/x")
