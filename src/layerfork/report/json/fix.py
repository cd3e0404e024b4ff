"""Fixes as JSON: ``layerfork/fix/1``."""

from collections.abc import Sequence
from json import dumps
from typing import Any

from layerfork.record.fixing import (
    FIX_SCHEMA,
    FixReport,
    Predicted,
    Proposal,
    Reused,
    Spent,
    exit_code_of_fixes,
)
from layerfork.report.json.prediction import rounded
from layerfork.report.json.report import answer_fields, plain
from layerfork.report.rendering import Look


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


def _predicted(found: Predicted) -> dict[str, Any]:
    return {"reused": [_reused(step) for step in found.reused], "unknown": found.unknown or None}


def _spent(spent: Spent) -> dict[str, Any]:
    return {**plain(spent), "seconds": rounded(spent.seconds)}


def _reused(step: Reused) -> dict[str, Any]:
    return {**plain(step), "line": step.line or None, "seconds": rounded(step.seconds)}
