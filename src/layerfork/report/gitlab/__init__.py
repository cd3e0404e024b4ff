"""GitLab's code quality report."""

from layerfork.report.gitlab.report import render_checks, render_diffs, render_lints, render_runs
from layerfork.report.rendering import Renderers

RENDERERS: Renderers = {
    "runs": render_runs,
    "diffs": render_diffs,
    "checks": render_checks,
    "lints": render_lints,
}
