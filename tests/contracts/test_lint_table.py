"""Every lint rule has its page with a proof, a line in the overview, and a place in the table."""

import re

import pytest
from contracts.lintproof import PAGES, proof_of

from layerfork.lint.rules import RULES
from layerfork.record.lint import TrapCode


def test_every_code_has_one_rule() -> None:
    assert sorted(rule.code for rule in RULES) == sorted(TrapCode)


def test_each_rule_has_a_page_and_each_page_a_rule() -> None:
    assert {path.stem for path in PAGES.glob("*.md")} - {"README"} == set(TrapCode)


@pytest.mark.parametrize("code", TrapCode)
def test_a_page_says_what_it_must(code: TrapCode) -> None:
    text = (PAGES / f"{code}.md").read_text("utf-8")
    assert text.startswith(f"# {code}\n")
    sections = re.findall(r"^## (.+)$", text, flags=re.MULTILINE)
    assert sections == ["Repair", "Proof", "Not reported", "Source"]
    proof = proof_of(text)
    assert proof.watch.split()[0] in ("RUN", "COPY", "ADD")


def test_the_overview_lists_every_rule_in_order() -> None:
    overview = (PAGES / "README.md").read_text("utf-8")
    assert re.findall(r"^\| \[([a-z-]+)\]\(\1\.md\)", overview, flags=re.MULTILINE) == list(TrapCode)
