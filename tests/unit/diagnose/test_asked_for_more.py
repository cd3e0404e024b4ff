"""Builds that were asked for another target or label, one after the other on one engine."""

from pathlib import Path

import pytest

from layerfork.diagnose import JudgedBuild, judge_pair, judge_relay
from layerfork.keys import keys_of
from layerfork.record.answer import Judgement, Verdict
from layerfork.record.build import Builder
from layerfork.record.store.recordfile import read_records

NAMES = ("target", "whole", "label", "other label")
RECORDS = tuple(read_records(Path(__file__).parent / "relays" / "asked-for-more.jsonl"))
BUILDS = {
    (record.builder, name): JudgedBuild(client=name, record=record, keys=keys_of(record), control="hit")
    for name, record in zip(NAMES * 2, RECORDS, strict=True)
}
CLASSIC, BUILDKIT = Builder.CLASSIC, Builder.BUILDKIT


def judge_both(builder: Builder, writer: str, reader: str) -> tuple[Judgement, Judgement]:
    builds = (BUILDS[builder, writer], BUILDS[builder, reader])
    return judge_pair(*builds), judge_relay(builds, clean_cache=False)


@pytest.mark.parametrize(
    ("builder", "writer", "reader", "warnings"),
    [
        (CLASSIC, "target", "whole", [("added-target", 3)]),
        (BUILDKIT, "target", "whole", [("added-target", 3)]),
        (CLASSIC, "whole", "label", [("added-label", 6)]),
        (BUILDKIT, "whole", "label", []),
        (BUILDKIT, "label", "other label", []),
    ],
)
def test_what_was_asked_for_more_is_no_fork(
    builder: Builder, writer: str, reader: str, warnings: list[tuple[str, int]]
) -> None:
    for judgement in judge_both(builder, writer, reader):
        assert (judgement.verdict, judgement.forks) == (Verdict.REUSED, ())
        assert judgement.classes == ((writer, reader),)
        assert [(caution.code, caution.step) for caution in judgement.warnings] == warnings
        assert all(caution.text.endswith("every other step is shared") for caution in judgement.warnings)


def test_a_label_that_was_stored_and_not_reused_is_a_fork() -> None:
    for judgement in judge_both(CLASSIC, "label", "other label"):
        assert (judgement.verdict, judgement.classes) == (Verdict.FORKED, (("label",), ("other label",)))
        (fork,) = judgement.forks
        assert (fork.step, [cause.code for cause in fork.causes]) == (6, ["label"])
