"""Predictions of builds and commits, and fixes, as JSON."""

from collections.abc import Mapping, Sequence
from json import dumps
from typing import Any

from layerfork.record.fixing import (
    FIX_SCHEMA,
    FixReport,
    PredictedReuse,
    Proposal,
    RebuildCost,
    Reused,
    exit_code_of_fixes,
)
from layerfork.record.prediction import (
    HISTORY_SCHEMA,
    PREDICT_SCHEMA,
    PREDICTIONS_SCHEMA,
    Blamed,
    CommitPrediction,
    HistoryPrediction,
    PredictedStatus,
    PredictedStep,
    Prediction,
)
from layerfork.record.study import STUDY_SCHEMA, Counts, StudyReport
from layerfork.report.json.documents import answer_fields, cause_fields, fork_fields, plain
from layerfork.report.rendering import Look


def render_predictions(predictions: Sequence[Prediction], look: Look) -> str:
    """One document: a prediction, or all of them where the command makes several builds."""
    found = [_prediction(each) for each in predictions]
    document = found[0] if len(found) == 1 else {"schema": PREDICTIONS_SCHEMA, "builds": found}
    return dumps(document, indent=2) + "\n"


def _prediction(prediction: Prediction) -> dict[str, Any]:
    return {
        "schema": PREDICT_SCHEMA,
        "build": prediction.build or None,
        "against": plain(prediction.against),
        "steps": [step_fields(step) for step in prediction.steps],
        "seconds_lost": rounded(prediction.seconds_lost),
        "exit": int(prediction.exit_code),
        "answers": [answer_fields(answer) for answer in prediction.answers],
        "forks": [fork_fields(fork) for fork in prediction.judgement.forks],
        "assumes": list(prediction.assumes),
    }


def step_fields(step: PredictedStep) -> dict[str, Any]:
    """One step."""
    fields: dict[str, Any] = {
        "index": step.index,
        "line": step.line or None,
        "stage": step.stage or None,
        "platform": step.platform or None,
        "instruction": step.instruction,
        "prediction": step.prediction.value,
        "reason": step.reason or None,
        "causes": [cause_fields(cause) for cause in step.causes],
        "seconds": rounded(step.seconds),
        "age_s": rounded(step.age_s),
        "age_is_least": step.age_is_least,
        "over_age": step.over_age,
    }
    return fields if step.cache is None else {**fields, "cache": plain(step.cache)}


def rounded(seconds: float | None) -> float | None:
    """To milliseconds."""
    return None if seconds is None else round(seconds, 3)


# Predicted builds of commits as JSON: ``layerfork/predict-git/1``.


def render_histories(histories: Sequence[HistoryPrediction], look: Look) -> str:
    """One document for each history."""
    return "".join(dumps(_history(each), indent=2) + "\n" for each in histories)


def _history(history: HistoryPrediction) -> dict[str, Any]:
    return {
        "schema": HISTORY_SCHEMA,
        "range": history.wanted,
        "against": plain(history.against),
        "commits": [_commit(each) for each in history.commits],
        "blamed": [_blamed(each) for each in history.blamed],
        "assumes": list(history.assumes),
    }


def _commit(commit: CommitPrediction) -> dict[str, Any]:
    prediction = commit.prediction
    return {
        "id": commit.id,
        "committed_at": commit.committed_at,
        "subject": commit.subject,
        "problem": commit.problem or None,
        "steps_missed": commit.count(PredictedStatus.MISS),
        "steps_unknown": commit.count(PredictedStatus.UNKNOWN),
        "seconds_lost": rounded(commit.seconds_lost),
        "steps": [] if prediction is None else [step_fields(each) for each in prediction.steps],
        "answers": [] if prediction is None else [answer_fields(each) for each in prediction.answers],
        "unmodelled": [{"path": path, "reason": reason} for path, reason in commit.unmodelled],
    }


def _blamed(blamed: Blamed) -> dict[str, Any]:
    return {
        "name": blamed.name,
        "code": blamed.code,
        "commits": list(blamed.commits),
        "seconds": rounded(blamed.seconds),
    }


# Fixes as JSON: ``layerfork/fix/1``.


def render_fixes(reports: Sequence[FixReport], look: Look) -> str:
    """One document with all builds."""
    document = {
        "schema": FIX_SCHEMA,
        "exit": int(exit_code_of_fixes(tuple(reports))),
        "builds": [
            {
                "build": report.build or None,
                "directory": report.directory,
                "command": report.command,
                "recorded_at": report.recorded_at,
                "proposals": [_proposal(each) for each in report.proposals],
                "untreated": [answer_fields(each) for each in report.hopeless],
                "costliest_left": report.costliest_left is not None,
            }
            for report in reports
        ],
    }
    return dumps(document, indent=2) + "\n"


def _proposal(proposal: Proposal) -> dict[str, Any]:
    return {
        "answer": answer_fields(proposal.answer),
        "way": proposal.remedy.way.value,
        "patch": proposal.shown or None,
        "files": [{"path": patch.path, "new": patch.before is None} for patch in proposal.patches],
        "command": proposal.remedy.command or None,
        "warnings": list(proposal.remedy.warnings),
        "left": list(proposal.remedy.left),
        "problem": proposal.problem or None,
        "predicted": _predicted(proposal.predicted),
        "fate": proposal.fate.value,
        "reason": proposal.reason or None,
        "before": _spent(proposal.before),
        "after": _spent(proposal.after) if proposal.after is not None else None,
        "reused": [_reused(step) for step in proposal.reused],
        "seconds_saved": rounded(proposal.saved_s),
    }


def _predicted(found: PredictedReuse) -> dict[str, Any]:
    return {"reused": [_reused(step) for step in found.reused], "unknown": found.unknown or None}


def _spent(spent: RebuildCost) -> dict[str, Any]:
    return {**plain(spent), "seconds": rounded(spent.seconds)}


def _reused(step: Reused) -> dict[str, Any]:
    return {**plain(step), "line": step.line or None, "seconds": rounded(step.seconds)}


def render_studies(reports: Sequence[StudyReport], look: Look) -> str:
    """One document for each repository."""
    return "".join(dumps({"schema": STUDY_SCHEMA, **_study(report)}, indent=2) + "\n" for report in reports)


def _study(report: StudyReport) -> dict[str, Any]:
    fields = plain(report)
    for shown, studied in zip(fields["dockerfiles"], report.dockerfiles, strict=True):
        shown["counts"] = _counts(studied.counts)
        shown["traps"] = dict(studied.traps)
        for edit, tried in zip(shown["edits"], studied.edits, strict=True):
            edit["saving"]["counts"] = _counts(tried.saving.counts)
    return dict(fields)


def _counts(counts: Counts) -> dict[str, Any]:
    """With groups as objects: what is counted is text."""
    fields = plain(counts)
    return {
        name: {str(key): number for key, number in value.items()} if isinstance(value, Mapping) else value
        for name, value in fields.items()
    }
