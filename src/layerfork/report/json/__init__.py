"""A report as one JSON document, by the contract in docs/output.md."""

from layerfork.report.json.documents import (
    render_actions_caches,
    render_caches,
    render_causes,
    render_checks,
    render_clients,
    render_diffs,
    render_doctors,
    render_engines,
    render_found,
    render_lints,
    render_pages,
    render_plans,
    render_records,
    render_runs,
    render_sendings,
    render_settings,
    render_stored,
)
from layerfork.report.json.predictions import (
    render_fixes,
    render_histories,
    render_predictions,
    render_studies,
)
from layerfork.report.json.scenarios import render_catalogues, render_scenarios, render_upgrades
from layerfork.report.rendering import Renderers

RENDERERS: Renderers = {
    "runs": render_runs,
    "plans": render_plans,
    "diffs": render_diffs,
    "checks": render_checks,
    "lints": render_lints,
    "doctors": render_doctors,
    "sendings": render_sendings,
    "records": render_records,
    "engines": render_engines,
    "stored": render_stored,
    "found": render_found,
    "clients": render_clients,
    "causes": render_causes,
    "pages": render_pages,
    "caches": render_caches,
    "actions_caches": render_actions_caches,
    "settings": render_settings,
    "fixes": render_fixes,
    "predictions": render_predictions,
    "histories": render_histories,
    "scenarios": render_scenarios,
    "catalogues": render_catalogues,
    "upgrades": render_upgrades,
    "studies": render_studies,
}
