"""What becomes of the rows of a relay when they are judged."""

from dataclasses import replace

from layerfork.app.experiment.judging import judge_rows
from layerfork.record.answer import Verdict
from layerfork.record.build import Builder
from layerfork.record.record import (
    BuildOutcome,
    BuildRecord,
    BuildResult,
    IdentitySource,
    RecordedRequest,
    StepRecord,
    StepStatus,
)
from layerfork.record.run import TrialBuild

HIT, MISS = StepStatus.HIT, StepStatus.MISS


def row(client: str, run: str, status: StepStatus, outcome: BuildOutcome) -> TrialBuild:
    """A classic build of `FROM base` and one RUN."""
    steps = (
        StepRecord(index=1, instruction="FROM base", status=HIT, identity="sha256:" + "b" * 64),
        StepRecord(index=2, instruction=f"RUN {run}", status=status, identity="sha256:" + run * 64),
    )
    record = BuildRecord(
        id=client,
        recorded_at="2026-01-01T00:00:00Z",
        builder=Builder.CLASSIC,
        request=RecordedRequest(dockerfile=f"FROM base\nRUN {run}\n"),
        steps=steps,
        result=BuildResult(outcome=outcome),
    )
    return TrialBuild(client=client, builder="classic", outcome=outcome, steps=steps, record=record)


def kit(client: str, status: StepStatus) -> TrialBuild:
    """A BuildKit build whose client showed no definition; nobody names its steps."""
    plain = row(client, "1", status, BuildOutcome.SUCCEEDED)
    assert plain.record is not None
    steps = tuple(replace(step, identity="") for step in plain.steps)
    record = replace(plain.record, builder=Builder.BUILDKIT, steps=steps)
    return replace(plain, builder="buildkit", record=record, steps=steps)


def test_a_failed_build_has_no_class_and_accounts_for_hits() -> None:
    rows = [
        row("one", "1", MISS, BuildOutcome.SUCCEEDED),
        row("failed", "2", MISS, BuildOutcome.FAILED),
        row("two", "2", HIT, BuildOutcome.SUCCEEDED),
    ]

    judged, judgement = judge_rows(rows)

    assert judgement.classes == (("one",), ("two",))
    assert [each.class_index for each in judged] == [0, None, 1]
    assert [fork.causes[0].code for fork in judgement.forks] == ["instruction"]
    assert judgement.warnings == ()


def test_a_judged_build_keeps_the_facts_that_were_recorded() -> None:
    """What is computed lies beside the record; a measurement is never replaced by a hypothesis."""
    measured = [
        row("one", "1", MISS, BuildOutcome.SUCCEEDED),
        row("failed", "2", MISS, BuildOutcome.FAILED),
        kit("kit", MISS),
    ]

    judged, _ = judge_rows(measured)

    assert [(each.record, each.steps) for each in judged] == [(each.record, each.steps) for each in measured]
    one, failed, other = (each.identities for each in judged)
    assert {step.source for step in one.values()} == {IdentitySource.OBSERVED}
    assert [one[index].value for index in (1, 2)] == ["sha256:" + "b" * 64, "sha256:" + "1" * 64]
    assert judged[1].computed_identities == {}
    assert failed[2].value == "sha256:" + "2" * 64
    assert other == {}, "the key of a BuildKit step without a definition is unknown"


def test_one_success_among_failures_says_nothing() -> None:
    rows = [
        row("one", "1", MISS, BuildOutcome.SUCCEEDED),
        row("failed", "1", HIT, BuildOutcome.FAILED),
    ]

    assert judge_rows(rows)[1].verdict is Verdict.ERROR
    assert judge_rows(rows[1:])[1].verdict is Verdict.ERROR
    assert judge_rows(rows[:1])[1].verdict is Verdict.REUSED


def test_a_build_whose_class_nobody_knows_has_none() -> None:
    """Nobody emptied that cache, and no key is known: the hits may be of anybody's builds."""
    judged, judgement = judge_rows(
        [kit("one", MISS), kit("two", HIT), row("three", "1", MISS, BuildOutcome.SUCCEEDED)]
    )

    assert judgement.classes == (("one",), ("three",))
    assert judgement.class_unknown == ("two",)
    assert [each.class_index for each in judged] == [0, None, 1]
    assert "class-unknown" in {caution.code for caution in judgement.warnings}


def test_a_control_that_missed_is_explained_like_any_other_miss() -> None:
    again = row("again", "2", MISS, BuildOutcome.SUCCEEDED).record
    rows = [replace(row("one", "1", MISS, BuildOutcome.SUCCEEDED), control="miss", control_record=again)]

    _, judgement = judge_rows(rows)

    (fork,) = judgement.forks
    assert (fork.writer, fork.reader, fork.step) == ("one", "one again", 2)
    assert [cause.code for cause in fork.causes] == ["instruction"]
    assert [caution.code for caution in judgement.warnings] == ["control-failed"]
    assert judgement.verdict is Verdict.FORKED


def test_a_control_that_failed_says_how() -> None:
    failed = row("again", "1", MISS, BuildOutcome.FAILED).record
    assert failed is not None
    failed = replace(failed, result=replace(failed.result, error="no space left"))
    rows = [replace(row("one", "1", MISS, BuildOutcome.SUCCEEDED), control="miss", control_record=failed)]

    _, judgement = judge_rows(rows)

    assert judgement.forks == ()
    assert "one again: the build failed: no space left" in [caution.text for caution in judgement.warnings]
