"""SARIF 2.1.0, for code scanning and editors."""

from layerfork.report.rendering import Renderers
from layerfork.report.sarif.log import render_checks, render_diffs, render_lints, render_runs

RENDERERS: Renderers = {
    "runs": render_runs,
    "diffs": render_diffs,
    "checks": render_checks,
    "lints": render_lints,
}
