"""JUnit XML, as CI systems show it."""

from layerfork.report.junit.catalogue import render_catalogues
from layerfork.report.junit.report import render_checks, render_diffs, render_lints, render_runs
from layerfork.report.rendering import Renderers

RENDERERS: Renderers = {
    "runs": render_runs,
    "diffs": render_diffs,
    "checks": render_checks,
    "lints": render_lints,
    "catalogues": render_catalogues,
}
