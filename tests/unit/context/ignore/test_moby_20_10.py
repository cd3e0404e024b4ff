import pytest
from unit.context.ignore.tables import EVERYWHERE, REFUSED, Case

from layerfork.context.ignore.moby import moby_matcher_of, old_moby_matcher
from layerfork.errors import UsageError
from layerfork.releases import moby_ignores


@pytest.mark.parametrize("case", EVERYWHERE)
def test_upstreams_own_cases(case: Case) -> None:
    pattern, path, excluded = case
    assert old_moby_matcher((pattern,)).excludes(path) is excluded


@pytest.mark.parametrize(
    ("pattern", "path", "excluded"),
    [
        ("**.pyc", "a.pyc", False),
        ("**.pyc", "d/.pyc", True),
        ("a+b", "a+b", False),
        ("a+b", "aab", True),
        ("(a)b", "ab", True),
        ("a{2}", "aa", True),
        ("a{2}", "a{2}", False),
        ("a|b", "ax", True),
        ("^a", "a", True),
        ("a.b$", "a.b$", True),
        ("\\d", "7", True),
        ("[[:alpha:]]", "q", True),
    ],
)
def test_more_characters_mean_something_than_today(pattern: str, path: str, excluded: bool) -> None:
    """Measured with Engine 20.10.24."""
    assert old_moby_matcher((pattern,)).excludes(path) is excluded


def test_of_the_parents_only_the_one_as_deep_as_the_pattern_is_looked_at() -> None:
    assert old_moby_matcher(("**/b",)).excludes("a/b/file")
    assert not old_moby_matcher(("**/b",)).excludes("x/a/b/file")
    assert not old_moby_matcher(("**/b",)).excludes("b/file")
    assert old_moby_matcher(("d",)).excludes("d/e/f/g")


def test_the_last_pattern_decides() -> None:
    assert not old_moby_matcher(("*", "!d/e")).excludes("d/e/x")
    assert old_moby_matcher(("!a", "*")).excludes("a")
    assert not old_moby_matcher(("*",)).excludes(".")


@pytest.mark.parametrize("pattern", REFUSED)
def test_patterns_that_are_refused_at_once(pattern: str) -> None:
    with pytest.raises(UsageError, match="malformed ignore pattern"):
        old_moby_matcher((pattern,))


@pytest.mark.parametrize("patterns", [("[z-a]",), ("a", "[z-a]"), ("![z-a]", "a"), ("a**b*+",), ("(",)])
def test_a_malformed_expression_is_always_noticed(patterns: tuple[str, ...]) -> None:
    with pytest.raises(UsageError, match="malformed ignore pattern"):
        old_moby_matcher(patterns).excludes("a")


@pytest.mark.parametrize(
    ("pattern", "path"), [("b\\", "b$x"), ("a[]b]", "a]"), ("a[-b]", "a-"), ("?[x-]", "a-")]
)
def test_before_go_1_16_less_of_a_pattern_is_checked(pattern: str, path: str) -> None:
    """Debian's 20.10.5 takes ``b\\``, whose backslash hides the end of the expression: measured."""
    with pytest.raises(UsageError):
        moby_matcher_of(moby_ignores("20.10.24+dfsg1"))((pattern,))
    matcher = moby_matcher_of(moby_ignores("20.10.5+dfsg1"))((pattern,))
    assert matcher.excludes(path)
    assert not matcher.excludes("b")


@pytest.mark.parametrize("pattern", ["[", "*[a", "\\", "**\\"])
def test_the_first_item_was_always_checked(pattern: str) -> None:
    with pytest.raises(UsageError):
        moby_matcher_of(moby_ignores("19.03.15"))((pattern,))
