"""Predicted builds as JSON: ``layerfork/predict/1``."""

from collections.abc import Sequence
from json import dumps
from typing import Any

from layerfork.record.prediction import PREDICT_SCHEMA, PREDICTIONS_SCHEMA, PredictedStep, Prediction
from layerfork.report.json.report import answer_fields, cause_fields, fork_fields, plain
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
