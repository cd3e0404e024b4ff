"""`docs/corpus-study.md` is what its evidence says, and the evidence is of the corpus as it is described."""

from dataclasses import replace
from pathlib import Path

import pytest

from research.histories.walk import git
from research.study.described import descriptions
from research.study.page import CORPUS, PAGE, PICTURE, PUBLIC, drawn, page
from research.study.results import read_study, write_study
from research.study.written import write_repository


def test_the_page_is_what_the_evidence_says() -> None:
    """`make study` writes both again, `python -m research.study --page` the page alone."""
    assert PAGE.read_text("utf-8") == page()
    assert PICTURE.read_text("utf-8") == drawn()


def test_the_page_changes_with_the_evidence(tmp_path: Path) -> None:
    """No number on it was typed."""
    study = read_study(CORPUS)
    other = tmp_path / "other.json"
    write_study(replace(study, studied=study.studied[1:]), other)

    assert page(other) != page()
    assert f"of {len(study.studied) - 1} Dockerfiles" in page(other)


def test_the_evidence_is_of_the_corpus_as_it_is_described(tmp_path: Path) -> None:
    """Heads have the ids that the descriptions lead to: another text or share is another history."""
    studied = read_study(CORPUS).studied
    assert {each.repository for each in studied} == set(descriptions())
    for name, description in descriptions().items():
        write_repository(name, description, tmp_path / name)
        head = git(tmp_path / name, "rev-parse", "main").strip()
        own = [each for each in studied if each.repository == name]
        assert {each.head for each in own} == {head}, f"{name}: make study"
        assert {each.counts.commits for each in own} == {description.commits}


@pytest.mark.parametrize("evidence", [CORPUS, PUBLIC], ids=lambda path: path.stem)
def test_counts_agree_with_each_other(evidence: Path) -> None:
    for each in read_study(evidence).studied:
        counts = each.counts
        assert sum(counts.missed.values()) == counts.misses
        assert sum(counts.first.values()) == sum(counts.causes.values()) == counts.busting
        assert sum(counts.reasons.values()) == counts.unknown
        assert counts.all_reused + counts.busting <= counts.commits
        assert counts.installs_again <= counts.runs_again <= counts.busting
