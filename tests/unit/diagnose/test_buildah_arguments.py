"""Arguments, proxies and labels of builds that podman 5.4.2 made one after the other."""

from pathlib import Path

import pytest

from layerfork.diagnose import JudgedBuild, judge_pair
from layerfork.keys import keys_of
from layerfork.record.answer import CauseStatus
from layerfork.record.store.recordfile import read_records

NAMES = (
    "nothing given",
    "given",
    "given over a default",
    "proxy",
    "label",
    "other label",
    "env",
    "other env",
    "B not given",
    "B given over a default",
)
RECORDS = tuple(read_records(Path(__file__).parent / "relays" / "buildah-arguments.jsonl"))
BUILDS = {
    name: JudgedBuild(client=name, record=record, keys=keys_of(record), control="hit")
    for name, record in zip(NAMES, RECORDS, strict=True)
}


def test_the_strings_are_those_of_the_engine() -> None:
    for built in BUILDS.values():
        written = {step.index: step.created_by for step in built.record.steps}
        for step in built.keys.steps:
            assert step.key.engine_form in ("", written[step.index])


@pytest.mark.parametrize(
    ("writer", "reader", "step", "code"),
    [
        ("nothing given", "given", 3, "build-arg"),
        ("B not given", "B given over a default", 3, "build-arg"),
        ("nothing given", "proxy", 3, "proxy"),
        ("label", "other label", 4, "label"),
        ("env", "other env", 4, "instruction"),
    ],
)
def test_one_cause_is_proven(writer: str, reader: str, step: int, code: str) -> None:
    judgement = judge_pair(BUILDS[writer], BUILDS[reader])
    found = [(fork.step, cause.code, cause.status) for fork in judgement.forks for cause in fork.causes]
    assert found == [(step, code, CauseStatus.PROVEN)]


def test_an_argument_counts_by_having_a_value() -> None:
    """The engine reused the step: a default instead, or under the given value, makes no other string."""
    assert judge_pair(BUILDS["given"], BUILDS["given over a default"]).forks == ()
