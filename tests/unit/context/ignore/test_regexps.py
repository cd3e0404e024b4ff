"""Regular expressions as Go and JavaScript read them, by the documentation of each."""

import pytest

from layerfork.context.ignore.regexps import go_regexp, js_regexp
from layerfork.errors import UsageError


@pytest.mark.parametrize(
    ("expression", "text", "found"),
    [
        (r"^\d$", "7", True),
        (r"^\d$", "٣", False),
        (r"^\w$", "é", False),
        (r"^[[:alpha:]]$", "b", True),
        (r"^[]a]$", "]", True),
        ("^.$", "\n", False),
        ("^a$", "a\n", False),
        ("^a|b$", "ax", True),
        (r"^\x41\Qa*\E$", "Aa*", True),
        (r"^\Q\C\E$", "\\C", True),
        (r"^a{,2}$", "a{,2}", True),
        (r"^\pL$", "é", True),
        ("^[^/]$", "\udce9", True),
        ("^\ufffd$", "\udce9", True),
    ],
)
def test_go(expression: str, text: str, found: bool) -> None:
    assert go_regexp(expression)(text) is found


@pytest.mark.parametrize(
    "expression",
    ["[z-a]", "a**", "[^/]*+", "a{1001}", r"\1", r"\Z", r"\C", r"\é", "(", ")", "[[:foo:]]", "["],
)
def test_go_refuses(expression: str) -> None:
    with pytest.raises(UsageError, match="malformed"):
        go_regexp(expression)


@pytest.mark.parametrize(
    ("expression", "text", "found"),
    [
        (r"^\d$", "٣", False),
        (r"^\w\W$", "a-", True),
        (r"^\s\S$", "\ufeffa", True),
        (r"^\z\p\-$", "zp-", True),
        ("^[]$", "", False),
        ("^[^]$", "\n", True),
        ("^[]a]$", "a]", False),
        ("^[[:alpha:]]$", "a]", True),
        ("^[a\\-c]$", "b", False),
        ("^a{$", "a{", True),
        ("^a{2}$", "aa", True),
        ("^]}$", "]}", True),
        ("^.$", "\u2028", False),
        ("^a$", "a\n", False),
        ("^(a|b)+$", "abba", True),
        (r"^a\b-$", "a-", True),
        ("^[--/]$", ".", True),
        (r"^[\b\t]$", "\b", True),
    ],
)
def test_javascript(expression: str, text: str, found: bool) -> None:
    assert js_regexp(expression)(text) is found


@pytest.mark.parametrize("expression", ["[z-a]", "a++", "a{2}{3}", "+", "(", ")", "[", "a{3,2}", "^*", "\\"])
def test_javascript_refuses(expression: str) -> None:
    with pytest.raises(UsageError, match="malformed"):
        js_regexp(expression)


@pytest.mark.parametrize("expression", [r"(a)\1", r"\x41", r"\u0041", r"\cA", r"[\d]", r"[\x41]"])
def test_what_of_javascript_is_not_modelled_says_so(expression: str) -> None:
    with pytest.raises(UsageError, match="is not modelled"):
        js_regexp(expression)
