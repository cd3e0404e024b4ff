import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.context.ignore.tables import EVERYWHERE, MOBY, REFUSED, Case

from layerfork.context.ignore.moby import moby_matcher
from layerfork.errors import UsageError


@pytest.mark.parametrize("case", [*EVERYWHERE, *MOBY])
def test_upstreams_own_cases(case: Case) -> None:
    pattern, path, excluded = case
    matcher = moby_matcher((pattern,))
    assert matcher.excludes(path) is excluded
    assert matcher.decide(path, None)[0] is excluded


@pytest.mark.parametrize(
    ("patterns", "path", "excluded"),
    [
        (("!f.go", "*.go"), "f.go", True),
        (("*.go", "!f.go"), "f.go", False),
        (("docs", "!docs/README.md"), "docs/README.md", False),
        (("**", "!util/docker/web"), "util/docker/web/foo", False),
        (("**", "!util/docker/web", "util/docker/web/foo"), "util/docker/web/foo", True),
        (("**", "!dist/*.whl"), "dist/a.dev36+g08-py3.whl", False),
        (("docs", "", "  !docs/README.md "), "docs/README.md", False),
        ((), "any/path", False),
    ],
)
def test_of_several_patterns_the_last_decides(patterns: tuple[str, ...], path: str, excluded: bool) -> None:
    assert moby_matcher(patterns).excludes(path) is excluded


@pytest.mark.parametrize(
    ("pattern", "path", "excluded"),
    [
        ("\\d", "7", True),
        ("\\d", "d", False),
        ("[[:alpha:]]", "q", True),
        ("[[:alpha:]]", "é", False),
        ("a*", "a\nb", True),
        ("**/a**", "x\ny/a", False),
        ("**x", "\nx", True),
        ("a|b", "a|b", True),
        ("a|b*", "a", True),
        ("a|b*", "xb", True),
        ("a{2}*", "aab", True),
        ("a+*", "a+b", True),
        ("a+*", "aa", False),
        ("a^b", "a^b", True),
        ("a^*", "a^b", False),
        ("a.b*", "axb", False),
    ],
)
def test_what_goes_into_a_regular_expression(pattern: str, path: str, excluded: bool) -> None:
    """Only patterns with a wildcard, a set or a backslash become one; measured with Engine 26.1.5."""
    assert moby_matcher((pattern,)).excludes(path) is excluded


@pytest.mark.parametrize("pattern", REFUSED)
def test_patterns_that_are_refused_at_once(pattern: str) -> None:
    with pytest.raises(UsageError, match="malformed ignore pattern"):
        moby_matcher((pattern,))


@pytest.mark.parametrize("pattern", ["[z-a]", "[Local-Only]/", "\\z*\\C", "\\é", "a*{3,2}", "**/a|*{2}"])
def test_malformed_expressions_are_noticed_by_the_first_path(pattern: str) -> None:
    matcher = moby_matcher((pattern,))
    with pytest.raises(UsageError, match="malformed ignore pattern"):
        matcher.excludes("x")
    with pytest.raises(UsageError, match="malformed ignore pattern"):
        matcher.decide("x", None)


def test_a_malformed_expression_that_could_change_nothing_is_not_noticed() -> None:
    assert moby_matcher(("a", "[z-a]")).excludes("a")
    assert not moby_matcher(("![z-a]", "b")).excludes("a")
    with pytest.raises(UsageError):
        moby_matcher(("a", "![z-a]")).excludes("a")


def test_the_root_is_never_left_out() -> None:
    assert not moby_matcher(("**",)).excludes(".")
    assert not moby_matcher(("**",)).excludes_by_one_parent(".")


def test_one_parent_is_looked_at_where_the_dockerfile_is_kept() -> None:
    matcher = moby_matcher(("**/b",))
    assert matcher.excludes("x/a/b/Dockerfile")
    assert not matcher.excludes_by_one_parent("x/a/b/Dockerfile")
    assert matcher.excludes_by_one_parent("a/b/Dockerfile")


def test_a_walk_may_decide_otherwise_than_a_single_look() -> None:
    matcher = moby_matcher(("a/*", "!a"))
    _, below = matcher.decide("a", None)
    assert matcher.decide("a/x", below)[0]
    assert not matcher.excludes("a/x")


def test_what_hands_nothing_on_is_as_if_it_were_not_known() -> None:
    matcher = moby_matcher(("**/node_modules",))
    assert matcher.decide("node_modules/x/package.json", None)[0]
    assert matcher.decide("node_modules/x/package.json", ())[0]
    assert not matcher.decide("node_modules/x/package.json", (False,))[0]


WORDS = st.sampled_from(["a", "b", "*", "**", "?", "a*", "[ab]"])
PATTERNS = st.lists(WORDS, min_size=1, max_size=3).map("/".join)
PATHS = st.lists(st.sampled_from(["a", "b", "ab"]), min_size=1, max_size=4).map("/".join)


@given(st.lists(PATTERNS, max_size=4), PATHS)
def test_without_exceptions_a_walk_and_a_look_agree(patterns: list[str], path: str) -> None:
    matcher = moby_matcher(tuple(patterns))
    state: tuple[bool, ...] | None = None
    parts = path.split("/")
    excluded = False
    for depth in range(1, len(parts) + 1):
        excluded, state = matcher.decide("/".join(parts[:depth]), state)
    assert excluded == matcher.excludes(path)


@given(PATHS)
def test_excluded_directories_take_all_below_along(path: str) -> None:
    matcher = moby_matcher(("a",))
    if matcher.excludes(path):
        assert matcher.excludes(path + "/x")
