"""Every cause has one file, one place in the table, one page, and says what it must."""

import re
from itertools import pairwise

import pytest
from contracts.pageexample import PAGES, example_of, examples, section

from layerfork.app.explain import page_of
from layerfork.diagnose.causes.rule import CauseRule
from layerfork.diagnose.causes.table import CAUSES, LAST_RESORT
from layerfork.record.build import Builder
from layerfork.record.cause import CauseCode

RULES = (*CAUSES, LAST_RESORT)
ORDER = (
    ("builder", "builder-instance", "image-store", "engine-version", "cache-off"),
    ("base-image", "base-config"),
    ("instruction-order", "instruction"),
    ("network", "run-option", "mount"),
    ("entry-missing", "entry-extra"),
    ("entry-name", "mode-type-bits", "mode"),
    ("uid", "gid", "owner-name"),
    ("xattr",),
    ("content",),
)
"""Order of blame: codes of one line come before those of the next."""
WARNINGS = ("duplicate-entry", "stale-content")
"""Wrong hits: no step missed, so there is no fork to explain."""


def test_every_code_has_one_rule() -> None:
    codes = [code for code in CauseCode if code not in ("unexplained", *WARNINGS)]
    assert [rule.code for rule in CAUSES] == codes
    assert LAST_RESORT.code is CauseCode.UNEXPLAINED


def test_a_rule_that_rests_on_keys_can_be_undone() -> None:
    by_records = {
        *("builder", "builder-instance", "image-store", "cache-off", "cache-from", "cache-not-imported"),
        *("cache-empty", "cache-record-gone", "client-version", "unexplained"),
        *("parallel-build", "engine-bug"),
    }
    assert {rule.code for rule in RULES if rule.undo is None} == by_records


def test_each_code_has_a_page_and_each_page_a_code() -> None:
    pages = {path.stem for path in PAGES.glob("*.md")} - {"README"}
    assert pages == set(CauseCode)


def test_the_order_of_blame() -> None:
    places = {str(rule.code): place for place, rule in enumerate(CAUSES)}
    for earlier, later in pairwise(ORDER):
        assert max(places[code] for code in earlier) < min(places[code] for code in later)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_a_rule_names_builders_and_explains_itself(rule: CauseRule) -> None:
    assert set(rule.code.builders) <= set(Builder)
    assert rule.code.builders
    assert rule.find.__doc__ or rule.find.__name__ == "find"
    assert rule.remedy[:1].islower()


@pytest.mark.parametrize("code", CauseCode)
def test_a_page_says_what_it_must(code: CauseCode) -> None:
    text = (PAGES / f"{code}.md").read_text(encoding="utf-8")
    assert text.startswith(f"# {code}\n")
    sections = re.findall(r"^## (.+)$", text, flags=re.MULTILINE)
    required = ["Builders", "Example", "Evidence", "Remedy", "Threads", "Source"]
    assert [name for name in sections if name != "Proof"] == required
    builders = section(text, "Builders").lower()
    assert re.search(r"\d", builders), "for which versions?"
    assert all(builder in builders for builder in code.builders)


NOT_SHOWN = ("frontend", "image-store", "owner-name")
"""Causes that no private engine can show; their pages say why."""
TOLD_AS = {"target": "added-target"}
"""A warning that is the only thing to say where nothing was stored."""


def test_all_pages_but_these_have_an_example() -> None:
    assert sorted(set(CauseCode) - set(examples())) == sorted(NOT_SHOWN)
    reasons = [example_of((PAGES / f"{code}.md").read_text("utf-8")) for code in NOT_SHOWN]
    assert all(isinstance(reason, str) and len(reason) > 20 for reason in reasons)


@pytest.mark.parametrize("code", examples())
def test_an_example_promises_the_cause_of_its_page(code: str) -> None:
    shown = examples()[code]
    assert shown.code == TOLD_AS.get(code, code)
    assert (shown.status == "warning") == (code in (*WARNINGS, *TOLD_AS))


THREAD = re.compile(
    r"- \[(?P<name>[\w.-]+/[\w.-]+#\d+)\]"
    r"\(https://github\.com/(?P<repository>[\w./-]+)/(?:issues|pull)/(?P<number>\d+)\): "
    r"[^\n]+(?:\n  [^\n]+)*\n"
)


@pytest.mark.parametrize("code", CauseCode)
def test_a_thread_is_named_as_it_is_linked(code: str) -> None:
    text = section((PAGES / f"{code}.md").read_text("utf-8"), "Threads")
    if text == "None known.\n":
        return
    found = list(THREAD.finditer(text))
    assert "".join(thread[0] for thread in found) == text
    assert all(thread["name"] == f"{thread['repository']}#{thread['number']}" for thread in found)


def test_the_overview_lists_every_code() -> None:
    overview = (PAGES / "README.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| \[([a-z-]+)\]\(\1\.md\)", overview, flags=re.MULTILINE)
    assert sorted(listed) == sorted(CauseCode)


TOP = PAGES.parents[1]
NAMED = re.compile(r"\b(?:PROVEN|SUSPECTED|UNEXPLAINED) ([a-z][a-z_-]+)$", re.MULTILINE)


def test_whatever_an_answer_names_can_be_explained() -> None:
    """Causes and patterns in the expected outputs of all reports for people."""
    answers = [*(TOP / "tests" / "golden" / "expected").rglob("*.txt"), *(TOP / "docs").glob("*.md")]
    texts = [path.read_text("utf-8") for path in answers]
    named = {name for text in texts for name in NAMED.findall(text)}
    assert len(named) >= 5
    assert [name for name in sorted(named) if not page_of(name).text] == []
