"""Markdown for job summaries and comments."""

from layerfork.report.reporter import Reporter, late

_HERE = "layerfork.report.markdown.report"
MARKDOWN = Reporter(
    name="markdown",
    runs=late(_HERE, "render_runs"),
    diffs=late(_HERE, "render_diffs"),
    checks=late(_HERE, "render_checks"),
    catalogues=late("layerfork.report.markdown.catalogue", "render_catalogues"),
    upgrades=late("layerfork.report.markdown.upgrade", "render_upgrades"),
)
