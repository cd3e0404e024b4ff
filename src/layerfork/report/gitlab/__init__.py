"""GitLab's code quality report."""

from layerfork.record.visible import visible_in_json
from layerfork.report.reporter import Reporter, late

_HERE = "layerfork.report.gitlab.report"
GITLAB = Reporter(
    name="gitlab",
    visible=visible_in_json,
    runs=late(_HERE, "render_runs"),
    diffs=late(_HERE, "render_diffs"),
    checks=late(_HERE, "render_checks"),
    lints=late(_HERE, "render_lints"),
)
