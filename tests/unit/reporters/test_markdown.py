"""Markdown: what a report says stays text."""

import re

import pytest
from browser.hostile import PAYLOADS, hostile
from golden.cases import TROUBLE
from golden.recorded import compared, filed
from hypothesis import given
from hypothesis import strategies as st

from layerfork.reporters.markdown import MARKDOWN
from layerfork.reporters.markdown.text import block, code, escaped, prose
from layerfork.reporters.reporter import Look

ALLOWED = re.compile(r"</?details>|</?summary>|<!-- -->")


def outside_code(markdown: str) -> str:
    """What is left when blocks and spans of code are taken out, as CommonMark reads them."""
    without = re.sub(r"(?ms)^(`{3,}).*?^\1$", "", markdown)
    return re.sub(r"(?s)(?<![`\\])(`+)(?!`)(.+?)(?<!`)\1(?!`)", "", without)


@pytest.mark.parametrize("payload", PAYLOADS)
def test_markup_is_escaped(payload: str) -> None:
    assert not re.search(r"<(?!!-- -->)", escaped(payload))
    assert escaped("[x](javascript:1)") == "\\[x\\](javascript:1)"


def test_mentions_and_links_are_broken_up() -> None:
    assert escaped("@octocat and docker_py@4") == "@<!-- -->octocat and docker_py@<!-- -->4"
    assert escaped("see #12") == "see #<!-- -->12"
    assert escaped("moby/moby#12, GH-12 and !12") == "moby/moby#<!-- -->12, GH-<!-- -->12 and !<!-- -->12"
    assert escaped("somebody@example.org") == "somebody@<!-- -->example.org"
    assert "://" not in escaped("see https://example.org and www.example.org")
    assert "www." not in escaped("www.example.org")


@given(st.text(max_size=20))
def test_a_code_span_ends_where_it_should(text: str) -> None:
    span = code(text)

    assert "\n" not in span
    assert outside_code(span).strip() in ("", "(empty)")


@given(st.lists(st.text(max_size=12), min_size=1, max_size=3))
def test_a_block_ends_where_it_should(lines: list[str]) -> None:
    assert outside_code(block(lines)).strip() == ""


def test_words_between_backticks_are_code() -> None:
    assert prose("run `tar -C *`, or _strip_ it") == "run `tar -C *`, or \\_strip\\_ it"
    assert prose("one ` alone") == "one \\` alone"


def test_hostile_reports() -> None:
    reports = [hostile(each) for each in (*filed("seed-default"), TROUBLE)]
    texts = [MARKDOWN.render("runs", reports, Look())]
    texts.append(MARKDOWN.render("diffs", [hostile(each) for each in compared("seed-buildkit")], Look()))
    for text in texts:
        assert "<" not in ALLOWED.sub("", outside_code(text))
        assert not set("\x1b\x00\u202e") & set(text)
