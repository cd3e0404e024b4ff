"""Predicted builds of commits as JSON: ``layerfork/predict-git/1``."""

from collections.abc import Sequence
from json import dumps
from typing import Any

from layerfork.record.prediction import (
    HISTORY_SCHEMA,
    Blamed,
    CommitPrediction,
    HistoryPrediction,
    PredictedStatus,
)
from layerfork.report.json.prediction import rounded, step_fields
from layerfork.report.json.report import answer_fields, plain
from layerfork.report.rendering import Look


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
