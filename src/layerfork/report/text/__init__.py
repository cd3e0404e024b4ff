"""Output for a person at a terminal: one file for each kind of report."""

from layerfork.report.rendering import Renderers
from layerfork.report.text.cache import render_caches
from layerfork.report.text.catalogue import render_catalogues, render_scenarios
from layerfork.report.text.check import render_checks
from layerfork.report.text.diff import render_diffs
from layerfork.report.text.doctor import render_doctors
from layerfork.report.text.fix import render_fixes
from layerfork.report.text.history import render_histories
from layerfork.report.text.lint import render_lints
from layerfork.report.text.listing import render_clients, render_engines, render_stored
from layerfork.report.text.pages import render_causes, render_pages
from layerfork.report.text.plan import render_plans
from layerfork.report.text.prediction import render_predictions
from layerfork.report.text.record import render_records
from layerfork.report.text.run import render_runs, render_tables
from layerfork.report.text.sendings import render_sendings
from layerfork.report.text.settings import render_settings
from layerfork.report.text.upgrade import render_upgrades

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
