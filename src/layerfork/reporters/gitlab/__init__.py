"""GitLab's code quality report."""

from layerfork.model.visible import visible_in_json
from layerfork.reporters.reporter import Reporter, late

_HERE = "layerfork.reporters.gitlab.report"
GITLAB = Reporter(
    name="gitlab",
    visible=visible_in_json,
    runs=late(_HERE, "render_runs"),
    diffs=late(_HERE, "render_diffs"),
    checks=late(_HERE, "render_checks"),
    lints=late(_HERE, "render_lints"),
)
