"""Annotations of GitHub Actions."""

from layerfork.report.reporter import Reporter, late

_HERE = "layerfork.report.github.commands"
GITHUB = Reporter(
    name="github",
    runs=late(_HERE, "render_runs"),
    diffs=late(_HERE, "render_diffs"),
    checks=late(_HERE, "render_checks"),
    lints=late(_HERE, "render_lints"),
)
