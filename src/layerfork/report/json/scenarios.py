"""Runs of scenarios, and two runs compared, as JSON."""

from collections.abc import Sequence
from json import dumps
from typing import Any

from layerfork.record.scenarioresults import (
    CATALOGUE_SCHEMA,
    SCENARIOS_SCHEMA,
    UPGRADE_SCHEMA,
    CatalogueReport,
    Cell,
    CellPhase,
    Met,
    ScenarioRow,
    UpgradeReport,
)
from layerfork.report.json.documents import answer_fields, plain
from layerfork.report.rendering import Look


def render_scenarios(rows: Sequence[ScenarioRow], look: Look) -> str:
    """What there is to run."""
    return _text({"schema": SCENARIOS_SCHEMA, "scenarios": [plain(row) for row in rows]})


def render_catalogues(reports: Sequence[CatalogueReport], look: Look) -> str:
    """Every cell with its phases."""
    runs = [_report(report) for report in reports]
    return _text(runs[0] if len(runs) == 1 else {"schema": CATALOGUE_SCHEMA, "runs": runs})


def _report(report: CatalogueReport) -> dict[str, Any]:
    return {
        "schema": CATALOGUE_SCHEMA,
        "counts": {met.value: report.count(met) for met in Met},
        "scenarios": [plain(row) for row in report.scenarios],
        "engines": [plain(engine) for engine in report.engines],
        "cells": [_cell(cell) for cell in report.cells],
        "problems": [plain(problem) for problem in report.problems],
        "seconds": report.seconds,
        "interrupted": report.interrupted,
    }


def _cell(cell: Cell) -> dict[str, Any]:
    return {**plain(cell), "met": cell.met.value, "phases": [phase_fields(phase) for phase in cell.phases]}


def phase_fields(phase: CellPhase) -> dict[str, Any]:
    """What became of a phase, with the answer to its fork."""
    return {**plain(phase), "answer": answer_fields(phase.answer) if phase.answer else None}


def _text(document: dict[str, Any]) -> str:
    return dumps(document, indent=2) + "\n"


# What an upgrade changed, as one JSON document.


def render_upgrades(reports: Sequence[UpgradeReport], look: Look) -> str:
    """The one report of the command."""
    (report,) = reports
    document = {"schema": UPGRADE_SCHEMA, "alike": report.is_alike, **plain(report)}
    for engine, fields in zip(report.engines, document["engines"], strict=True):
        for scenario, mine in zip(engine.scenarios, fields["scenarios"], strict=True):
            mine["phases"] = [
                {"clients": list(each.clients), "old": phase_fields(each.old), "new": phase_fields(each.new)}
                for each in scenario.phases
            ]
    return dumps(document, indent=2) + "\n"
