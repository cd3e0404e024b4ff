"""The harness notices a wrong prediction, a wrong string and a wrong explanation."""

import json
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from layerfork.diagnose import JudgedBuild, explain_pair
from layerfork.keys import keys_of
from layerfork.record.answer import CauseStatus, Fork
from layerfork.record.build import Builder
from layerfork.record.record import BuildRecord, StepStatus
from layerfork.record.store.recordfile import read_records
from research.mutations.change import Change, Expected
from research.mutations.generate import generate
from research.mutations.predict import Cache, wrong_strings
from research.mutations.report import Disagreement, Report
from research.mutations.run import run_group
from research.mutations.subject import Arena, Delivery
from research.mutations.verdict import Case, Named
from research.mutations.verdict import judge as judge_case

PAIR = Path(__file__).parent / "regressions" / "buildkit-link-for-file-with-xattr.jsonl"
CLASSIC = Path(__file__).parent / "regressions" / "classic-setuid-mode.jsonl"
ARENA = Arena(builder=Builder.BUILDKIT, delivery=Delivery.TAR)
SUBJECT = generate(Random(1), ARENA)


@pytest.fixture
def pair() -> tuple[BuildRecord, BuildRecord]:
    writer, reader = read_records(PAIR)
    assert not any("--from" in step.instruction for step in writer.steps)
    return writer, reader


def forks_of(pair: tuple[BuildRecord, BuildRecord]) -> tuple[Fork, ...]:
    writer, reader = (
        JudgedBuild(client=f"build {number}", record=record, keys=keys_of(record))
        for number, record in enumerate(pair)
    )
    return explain_pair(writer, reader)


def judge(forks: tuple[Fork, ...], causes: tuple[Expected, ...]) -> Named:
    return judge_case(forks, Case(change=Change(name="any", after=SUBJECT, causes=causes), places={}))


def test_a_case_that_raises_ends_its_group_alone(
    capsys: pytest.CaptureFixture[str],
) -> None:
    report = Report(builder="buildkit", engine="none", seed=1, cases=3)

    class Broken:
        doing = "buildkit/1/7/2"

        def __init__(self) -> None:
            self.report = report

        def run(self) -> None:
            raise IndexError("Cannot choose from an empty sequence")

    run_group(Broken())

    assert (report.cases, report.crashed, report.tried, report.agreed) == (3, 1, 4, False)
    assert "buildkit/1/7/2 crash" in report.text()
    assert "IndexError: Cannot choose from an empty sequence" in report.text()
    assert "IndexError" in capsys.readouterr().err


def test_what_the_engine_did_is_predicted(pair: tuple[BuildRecord, BuildRecord]) -> None:
    cache = Cache(arena=ARENA)
    for record in pair:
        assert cache.check(record, SUBJECT).wrong == ()


@pytest.mark.parametrize("number", [0, 1])
def test_another_answer_of_the_engine_is_noticed(pair: tuple[BuildRecord, BuildRecord], number: int) -> None:
    cache = Cache(arena=ARENA)
    for record in pair[:number]:
        cache.check(record, SUBJECT)
    record = pair[number]
    flipped = {StepStatus.HIT: StepStatus.MISS, StepStatus.MISS: StepStatus.HIT}
    steps = tuple(replace(step, status=flipped[step.status]) for step in record.steps)
    prediction = cache.check(replace(record, steps=steps), SUBJECT)
    assert len(prediction.wrong) == prediction.steps > 0


def test_another_string_of_the_engine_is_noticed() -> None:
    record = read_records(CLASSIC)[0]
    assert wrong_strings(record) == ()
    steps = tuple(replace(step, created_by=step.created_by.replace("COPY", "ADD")) for step in record.steps)
    assert wrong_strings(replace(record, steps=steps))


def test_the_right_explanation_is_accepted(pair: tuple[BuildRecord, BuildRecord]) -> None:
    assert judge(forks_of(pair), (Expected(code="entry-type", names=frozenset({"ü.txt"})),)).problem == ""


@pytest.mark.parametrize(
    "expected",
    [
        (),
        (Expected(code="mode"),),
        (Expected(code="entry-type"), Expected(code="uid")),
        (Expected(code="entry-type", names=frozenset({"other.txt"})),),
    ],
    ids=["nothing", "another", "one-more", "another-path"],
)
def test_a_wrong_explanation_is_noticed(
    pair: tuple[BuildRecord, BuildRecord], expected: tuple[Expected, ...]
) -> None:
    assert judge(forks_of(pair), expected).problem


@pytest.mark.parametrize("status", [CauseStatus.SUSPECTED, CauseStatus.UNEXPLAINED])
def test_a_first_cause_that_is_not_proven_is_noticed(
    pair: tuple[BuildRecord, BuildRecord], status: CauseStatus
) -> None:
    (fork,) = forks_of(pair)
    unsure = replace(fork, causes=tuple(replace(cause, status=status) for cause in fork.causes))
    assert judge((unsure,), (Expected(code="entry-type"),)).problem


def test_a_report_of_nothing_agrees_with_nothing() -> None:
    report = Report(builder="classic", engine="private", seed=1)
    assert not report.agreed
    report.cases = 1
    report.codes.update(["mode", "mode"])
    assert json.loads(report.json())["codes"] == {"mode": 2}
    assert report.agreed
    report.disagreements.append(
        Disagreement(case="1", kind="prediction", mutation="m", expected=(), named=(), what=())
    )
    assert not report.agreed
