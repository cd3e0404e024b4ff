"""What an upgrade changed, as one JSON document."""

from collections.abc import Sequence
from json import dumps

from layerfork.record.scenarioresults import UPGRADE_SCHEMA, UpgradeReport
from layerfork.report.json.catalogue import phase_fields
from layerfork.report.json.report import plain
from layerfork.report.rendering import Look


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
