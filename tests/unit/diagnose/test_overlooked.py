"""Changes that BuildKit's directory transfer overlooked, in real builds (see relays/README.md)."""

from pathlib import Path

import pytest

from layerfork.diagnose import JudgedBuild, judge_pair
from layerfork.keys import keys_of
from layerfork.record.answer import Verdict
from layerfork.record.record import StepStatus
from layerfork.record.store.recordfile import read_records

FILE = "size, mode and modification time are the same, so BuildKit did not read it again"
DIRECTORY = "BuildKit ignores changes to a directory that it already has"
BUILDS = [
    JudgedBuild(client=name, record=record, keys=keys_of(record))
    for name, record in zip(
        ("base", "xattr", "nested xattr", "directory mode", "directory xattr"),
        read_records(Path(__file__).parent / "relays" / "overlooked.jsonl"),
        strict=True,
    )
]
CHANGES = {
    "xattr": ((2,), f"an extended attribute of f differs from what base sent: {FILE}"),
    "nested xattr": ((3, 4), f"an extended attribute of d/sub/h differs from what base sent: {FILE}"),
    "directory mode": ((3, 4), f"the mode of d/sub differs from what base sent: {DIRECTORY}"),
    "directory xattr": ((3, 4), f"an extended attribute of d/sub differs from what base sent: {DIRECTORY}"),
}


@pytest.mark.parametrize("reader", BUILDS[1:], ids=lambda build: build.client)
def test_the_hit_is_stale(reader: JudgedBuild) -> None:
    steps, text = CHANGES[reader.client]
    assert {step.status for step in reader.record.steps} == {StepStatus.HIT}

    judgement = judge_pair(BUILDS[0], reader)

    assert (judgement.verdict, judgement.forks) == (Verdict.REUSED, ())
    assert [(caution.code, caution.step) for caution in judgement.warnings] == [
        ("stale-content", step) for step in steps
    ]
    assert all(caution.text.endswith(f"was reused although {text}") for caution in judgement.warnings)
