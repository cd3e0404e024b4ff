"""Markdown: what a report says stays text."""

import re
from dataclasses import replace

import pytest
from browser.hostile import PAYLOADS, hostile
from golden.cases import FORKED, TROUBLE
from golden.recorded import compared, filed
from hypothesis import given
from hypothesis import strategies as st

from layerfork.report.formats import MARKDOWN, formats_for
from layerfork.report.markdown import graph_block
from layerfork.report.markdown.words import block, code, escaped, prose
from layerfork.report.rendering import Look
from layerfork.report.svg.graph import graph_of_run

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


def test_the_graph_is_written_for_mermaid() -> None:
    (drawing,) = re.findall(r"(?s)```mermaid\n(.*?)```", MARKDOWN.render("runs", [FORKED], Look()))

    assert '  s1_0 -- "entry-name" --> s2_1' in drawing.splitlines()
    edges = re.findall(r"^  (\w+) -.*> (\w+)$", drawing, re.MULTILINE)
    shared, first, second = [("s0_0", "s1_0")], [("s1_0", "s2_0"), ("s2_0", "s3_0")], [("s2_1", "s3_1")]
    assert edges == [*shared, *first, ("s3_0", "e0"), ("s1_0", "s2_1"), *second, ("s3_1", "e1")]


@pytest.mark.parametrize(
    "payload", [*PAYLOADS, '"] --> x["', "a`b", "%% comment", "https://example.org", "_x_"]
)
def test_nothing_ends_a_label_of_the_graph(payload: str) -> None:
    graph = graph_of_run(FORKED)
    texts = tuple(replace(column, text=payload) for column in graph.columns)
    lines = tuple(replace(line, names=(payload,)) for line in graph.lines)
    drawing = graph_block(replace(graph, columns=texts, lines=lines))

    label = r'"[\w .,:;=/()\[\]{}+*#-]*"'
    statement = rf"\w+(?:\[{label}\]|\(\[{label}\]\)|( -- {label})? -->? \w+)"
    assert [line for line in drawing.splitlines()[2:-1] if not re.fullmatch(f"  {statement}", line)] == []


def test_what_nobody_could_read_is_not_drawn() -> None:
    graph = graph_of_run(FORKED)
    wide = replace(graph, lines=tuple(replace(line, cells=line.cells * 60) for line in graph.lines))

    assert graph_block(replace(wide, columns=graph.columns * 60)) == ""
    assert graph_block(replace(graph, splits=())) == ""


@pytest.mark.parametrize(
    ("sentence", "times"), [("`docker build .` again", 1), ("give the argument its value", 1)]
)
def test_a_command_is_shown_once(sentence: str, times: int) -> None:
    (known,) = compared("seed-buildkit")
    point = known.answers[0].points[0]
    fix = replace(point.fix, sentence=sentence, command="docker build .", edits=())
    report = replace(known, answers=(replace(known.answers[0], points=(replace(point, fix=fix),)),))
    for name in ("markdown", "html"):
        text = formats_for("diffs")[name].render("diffs", [report], Look())
        assert text.count("docker build .") == times, name
