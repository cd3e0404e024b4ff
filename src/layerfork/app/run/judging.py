"""Measured builds judged: keys, classes, forks, and whether there is a verdict at all."""

from collections.abc import Sequence
from dataclasses import replace

from layerfork.app.compare.answering import answers_of_rows
from layerfork.diagnose import (
    JudgedBuild,
    describe_failure,
    judge_pair,
    judge_relay,
    layer_contradictions,
    lend_definitions,
)
from layerfork.keys import keys_of
from layerfork.record.judgement import Caution, Judgement, Verdict
from layerfork.record.record import BuildOutcome
from layerfork.record.report import AGAIN, RunReport, TrialBuild


def judged(report: RunReport, *, random_runs: bool = False) -> RunReport:
    """A report of measured builds with all that is said about them; ``random_runs`` as for `judge_rows`."""
    builds, judgement = judge_rows(report.builds, random_runs=random_runs)
    return replace(report, builds=builds, judgement=judgement, answers=answers_of_rows(judgement, builds))


def judge_rows(
    measured: Sequence[TrialBuild], *, random_runs: bool = False
) -> tuple[tuple[TrialBuild, ...], Judgement]:
    """Keys, identities, classes and forks of the builds of one relay.

    Builds that failed have no class, but what they stored can have been reused by later ones.
    ``random_runs``: every RUN of the Dockerfile writes a random value, so equal layers prove reuse.
    """
    lent = lend_definitions(
        [
            JudgedBuild(client=row.client, record=row.record, keys=keys_of(row.record), control=row.control)
            for row in measured
            if row.record is not None
        ]
    )
    judgement = judge_relay(lent, random_runs=random_runs)
    doubts = tuple(layer_contradictions(lent, random_runs=random_runs))
    own = [judged_control for row in measured if (judged_control := _judge_control(row, lent)) is not None]
    judgement = replace(
        judgement,
        forks=judgement.forks + tuple(fork for each in own for fork in each.forks),
        warnings=judgement.warnings + tuple(caution for each in own for caution in each.warnings) + doubts,
    )
    rows = _with_identities(measured, lent)
    attempted = [row for row in rows if row.outcome is not BuildOutcome.UNSUPPORTED]
    succeeded = [row for row in rows if row.outcome is BuildOutcome.SUCCEEDED and row.record is not None]
    if not succeeded or (len(succeeded) == 1 and len(attempted) > 1):
        judgement = replace(judgement, verdict=Verdict.ERROR)
    index = {client: number for number, members in enumerate(judgement.classes) for client in members}
    return tuple(replace(row, class_index=index.get(row.client)) for row in rows), judgement


def _judge_control(row: TrialBuild, judged: Sequence[JudgedBuild]) -> Judgement | None:
    """Why a client's second build missed what its first had stored; None when it did not miss."""
    build = next((each for each in judged if each.client == row.client), None)
    record = row.control_record
    if build is None or record is None or row.record is None:
        return None
    name = AGAIN.format(row.client)
    judgement = judge_pair(
        replace(build, control=""), JudgedBuild(client=name, record=record, keys=keys_of(record))
    )
    if failure := describe_failure(record):
        told = Caution(code="control-failed", client=row.client, text=f"{name}: the build {failure}")
        return replace(judgement, warnings=(told,))
    return replace(judgement, warnings=())


def _with_identities(measured: Sequence[TrialBuild], judged: Sequence[JudgedBuild]) -> tuple[TrialBuild, ...]:
    """The rows, those of builds that succeeded with the identities that their keys give."""
    keys = {build.client: build.keys for build in judged}
    return tuple(
        replace(row, computed_identities=keys[row.client].chain_digests())
        if row.outcome is BuildOutcome.SUCCEEDED and row.client in keys
        else row
        for row in measured
    )
