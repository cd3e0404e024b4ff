"""Markdown for job summaries and comments."""

from layerfork.reporters.reporter import Reporter, late

_HERE = "layerfork.reporters.markdown.report"
MARKDOWN = Reporter(
    name="markdown",
    runs=late(_HERE, "render_runs"),
    diffs=late(_HERE, "render_diffs"),
    checks=late(_HERE, "render_checks"),
    catalogues=late("layerfork.reporters.markdown.catalogue", "render_catalogues"),
    upgrades=late("layerfork.reporters.markdown.upgrade", "render_upgrades"),
)
