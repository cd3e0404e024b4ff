"""The pages about causes, by code."""

from pathlib import Path

import pytest

from layerfork.app import explain
from layerfork.app.explain import cause_rows, page_of
from layerfork.diagnose.patterns import PATTERNS
from layerfork.errors import LayerforkError, UsageError
from layerfork.record.cause import CauseCode


def test_every_cause_has_a_line_in_the_order_of_blame() -> None:
    rows = cause_rows()
    assert [row.code for row in rows] == list(CauseCode)
    assert all(row.summary and "`" not in row.summary for row in rows)
    assert rows[0].builders == ("classic", "buildkit", "buildah")


@pytest.mark.parametrize("word", ["mode", "MODE", " Mode "])
def test_a_code_is_found_in_any_case(word: str) -> None:
    page = page_of(word)
    assert page.row.code == "mode"
    assert page.text.startswith("# mode\n")


def test_an_underscore_is_a_hyphen() -> None:
    assert page_of("IGNORE_RULE").row.code == "ignore-rule"


@pytest.mark.parametrize(
    ("word", "nearest"),
    [
        ("mod", "mode"),
        ("ignorerule", "ignore-rule"),
        ("buildarg", "build-arg"),
        ("entry-nam", "entry-name"),
    ],
)
def test_one_that_is_none_names_the_nearest(word: str, nearest: str) -> None:
    with pytest.raises(UsageError) as raised:
        page_of(word)
    assert f"'{word}'" in raised.value.message
    assert raised.value.hint.startswith(f"perhaps {nearest}")
    assert "layerfork explain lists all" in raised.value.hint


def test_one_that_is_like_none_names_none() -> None:
    with pytest.raises(UsageError) as raised:
        page_of("xyzzy")
    assert "perhaps" not in raised.value.hint


def test_an_installation_without_pages_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(explain, "PLACES", (tmp_path,))
    with pytest.raises(LayerforkError, match="did not come with this installation"):
        page_of("mode")


@pytest.mark.parametrize(
    ("pattern", "code"),
    [
        ("umask", "mode"),
        ("Executable-Bit", "mode"),
        ("one-owner", "uid"),
        ("node_modules-copied", "entry-extra"),
    ],
)
def test_a_pattern_gives_the_page_of_the_cause_that_it_stands_for(pattern: str, code: str) -> None:
    page = page_of(pattern)
    assert (page.row.code, page.pattern) == (code, pattern.lower())
    assert page.text == page_of(code).text


def test_a_pattern_may_be_meant() -> None:
    with pytest.raises(UsageError) as raised:
        page_of("umaks")
    assert raised.value.hint.startswith("perhaps umask")


def test_every_pattern_stands_for_a_cause() -> None:
    assert {page_of(pattern.code).pattern for pattern in PATTERNS} == {each.code for each in PATTERNS}
