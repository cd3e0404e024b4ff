"""Markdown for job summaries and comments."""

from layerfork.report.markdown.catalogue import render_catalogues
from layerfork.report.markdown.report import render_checks, render_diffs, render_runs
from layerfork.report.markdown.upgrade import render_upgrades
from layerfork.report.rendering import Renderers

RENDERERS: Renderers = {
    "runs": render_runs,
    "diffs": render_diffs,
    "checks": render_checks,
    "catalogues": render_catalogues,
    "upgrades": render_upgrades,
}
