"""Output for a person at a terminal: one file for each kind of report."""

from layerfork.report.rendering import Renderers
from layerfork.report.text.builds import render_checks, render_diffs
from layerfork.report.text.files import render_caches, render_lints, render_sendings
from layerfork.report.text.fix import render_fixes
from layerfork.report.text.listing import (
    render_causes,
    render_clients,
    render_doctors,
    render_engines,
    render_pages,
    render_settings,
    render_stored,
)
from layerfork.report.text.predictions import render_histories, render_predictions
from layerfork.report.text.record import render_records
from layerfork.report.text.run import render_plans, render_runs, render_tables
from layerfork.report.text.scenarios import render_catalogues, render_scenarios, render_upgrades

RENDERERS: Renderers = {
    "runs": render_runs,
    "plans": render_plans,
    "diffs": render_diffs,
    "checks": render_checks,
    "fixes": render_fixes,
    "doctors": render_doctors,
    "lints": render_lints,
    "sendings": render_sendings,
    "records": render_records,
    "engines": render_engines,
    "stored": render_stored,
    "clients": render_clients,
    "caches": render_caches,
    "causes": render_causes,
    "pages": render_pages,
    "settings": render_settings,
    "predictions": render_predictions,
    "histories": render_histories,
    "scenarios": render_scenarios,
    "catalogues": render_catalogues,
    "upgrades": render_upgrades,
}

TABLES: Renderers = {
    "runs": render_tables,
}
"""The table of 2015, for any number of clients."""
