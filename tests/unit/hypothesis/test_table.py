"""Everything that an answer proposes to edit is a remedy, or takes back what may have been meant."""

import pytest
from corpus.make import path_of
from corpus.pairs import PAIRS, patterns
from golden.test_answers import OF_CAUSES, looker

from layerfork.app.compare.comparison import diff_stored
from layerfork.builders.recording import filesondisk as filelook
from layerfork.diagnose.patterns import PATTERNS
from layerfork.hypothesis.remedies import treatment_of
from layerfork.record.answer import CauseStatus, Edit, Fix, Point
from layerfork.record.store.recordfile import read_records, stored

MEANT = ("ignore-rule", "instruction", "label")
"""What a person wrote; so is a line that was edited."""
BY_NAME = {pair.name: pair for pair in PAIRS}


def test_what_every_build_may_meet_is_a_directory_that_is_copied() -> None:
    assert not [each.code for each in PATTERNS if each.by_product and not each.code.endswith("-copied")]


@pytest.mark.parametrize(
    "name", dict.fromkeys((*OF_CAUSES.values(), *(pair.name for pair in patterns.PAIRS)))
)
def test_an_edit_is_a_remedy_or_was_meant(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pair = BY_NAME[name]
    writer, reader = read_records(path_of(pair))
    monkeypatch.setattr(filelook, "look_at", looker(pair.reader, reader))
    report = diff_stored(stored(writer), stored(reader), "earlier", "later", again=True)
    points = [point for answer in report.answers for point in answer.points if point.fix.edits]
    left = {point.named for point in points if treatment_of(point) is None and point.pattern != "line-edited"}
    assert left <= set(MEANT)


@pytest.mark.parametrize(
    ("before", "after", "put_back"),
    [("RUN  a", "RUN a", True), ("RUN a", "RUN b", False), ("RUN a", "RUN a b", False)],
)
def test_a_line_is_put_back_where_only_blanks_differ(before: str, after: str, put_back: bool) -> None:
    edit = Edit(file="Dockerfile", line=2, before=(before,), after=(after,))
    point = Point(
        culprit="",
        code="instruction",
        pattern="line-edited",
        status=CauseStatus.PROVEN,
        causes=(0,),
        fix=Fix(sentence="", edits=(edit,)),
    )
    assert (treatment_of(point) is not None) is put_back
