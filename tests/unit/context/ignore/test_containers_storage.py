import pytest
from unit.context.ignore.tables import EVERYWHERE, REFUSED, STORAGE, Case

from layerfork.context.ignore.containers_storage import storage_matcher
from layerfork.errors import UsageError
from layerfork.releases import StorageSyntax

OLD = StorageSyntax(strips_slashes=False, strips_exceptions=False, checks_whole_pattern=False)


@pytest.mark.parametrize("case", [*EVERYWHERE, *STORAGE])
def test_upstreams_own_cases(case: Case) -> None:
    pattern, path, excluded = case
    assert storage_matcher((pattern,)).excludes(path) is excluded


@pytest.mark.parametrize(
    ("pattern", "path", "excluded"),
    [
        ("**.pyc", "a.pyc", False),
        ("**.pyc", ".pyc/x", True),
        ("**/b", "x/a/b/file", True),
        ("a+b", "aab", True),
        ("a+b", "a+b", False),
        ("a{2}", "aa/x", True),
        ("(a)b", "ab", True),
        ("a|b", "ax", True),
        ("a|b", "xb/y", True),
        ("a|b", "xby", False),
        ("d", "d/e\nf", False),
        ("\\d", "7", True),
        ("[[:alpha:]]", "q", True),
        ("é", "é/x", True),
    ],
)
def test_patterns_are_expressions_that_take_what_lies_below(pattern: str, path: str, excluded: bool) -> None:
    assert storage_matcher((pattern,)).excludes(path) is excluded


def test_the_last_pattern_decides() -> None:
    matcher = storage_matcher(("*", "!d/e"))
    assert matcher.has_exceptions
    assert matcher.excludes("d")
    assert not matcher.excludes("d/e/x")
    assert storage_matcher(("!a", "*")).excludes("a")
    assert not storage_matcher(("**",)).excludes(".")


def test_slashes_around_a_pattern_do_not_count_since_1_22() -> None:
    assert storage_matcher(("/a/",)).excludes("a")
    assert not storage_matcher(("a", "!/a")).excludes("a")
    assert not storage_matcher(("a", "!./a")).excludes("a")
    assert not storage_matcher(("/",)).excludes("a")
    assert not storage_matcher(("/a",), OLD).excludes("a")
    assert storage_matcher(("a", "!/a"), OLD).excludes("a")


@pytest.mark.parametrize("pattern", REFUSED)
def test_patterns_that_are_refused_at_once(pattern: str) -> None:
    with pytest.raises(UsageError, match="malformed ignore pattern"):
        storage_matcher((pattern,))


@pytest.mark.parametrize("patterns", [("[Local-Only]/",), ("a", "[z-a]"), ("![z-a]", "a"), ("a++",)])
def test_a_malformed_expression_is_always_noticed(patterns: tuple[str, ...]) -> None:
    with pytest.raises(UsageError, match="malformed ignore pattern"):
        storage_matcher(patterns).excludes("a")
