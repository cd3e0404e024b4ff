"""Patterns for which expressions that backtrack take for ever, and what RE2 says instead."""

import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from linear import assert_linear

from layerfork.context.ignore.python_clients import _docker_py_match, _translate
from layerfork.context.ignore.regexps import js_regexp, linear_match, linear_search
from layerfork.errors import UsageError

PATTERNS: dict[str, Callable[[int], bool]] = {
    "docker-py": lambda n: _docker_py_match("a" * 200, "*a" * n + "*b"),
    "JavaScript": lambda n: js_regexp(f"^{'[^/]*a' * n}[^/]*b$")("a" * 200),
    "JavaScript, groups": lambda n: js_regexp("^(a+)+$")("a" * 200 * n + "b"),
}


@pytest.mark.parametrize("matches", PATTERNS.values(), ids=PATTERNS)
def test_many_stars_take_linear_time(matches: Callable[[int], bool]) -> None:
    def work(size: int) -> None:
        _translate.cache_clear()
        js_regexp.cache_clear()
        assert not matches(size)

    assert_linear(work, 10)


def test_stars_match() -> None:
    assert _docker_py_match("a" * 200 + "b", "*a" * 25 + "*b")


pieces = st.lists(
    st.sampled_from(
        [
            "[^/]*",
            "(.*/)?",
            ".*",
            "[^/]",
            "[a-c]",
            "[^b]",
            "[]]",
            "[]-a]",
            r"\[",
            r"\.",
            r"\ ",
            r"\-",
            "a",
            "b",
            "ä",
            "/",
        ]
    ),
    max_size=6,
).map("".join)
texts = st.text(alphabet="abc/ .-[]\nä\udc80", max_size=8)


@given(regex=pieces, text=texts)
def test_re2_says_what_python_says(regex: str, text: str) -> None:
    linear = linear_match(regex)
    if linear is not None and "\udc80" not in text:
        assert linear(text) is (re.compile(regex + "$").match(text) is not None)
    found = linear_search(regex)
    if found is not None and "\udc80" not in text:
        assert found(text) is (re.compile(regex).search(text) is not None)


@given(pattern=st.text(alphabet="ab*?[]!^-\\/.# ", max_size=8), text=texts)
def test_any_pattern_is_read_or_refused(pattern: str, text: str) -> None:
    try:
        matches = _translate(pattern)
    except UsageError:
        return
    assert matches(text) in (True, False)


def test_bytes_that_are_no_utf8_are_characters() -> None:
    assert _docker_py_match("x\udc80y", "x?y")
    with pytest.raises(UsageError):
        _translate("[z-a]")
