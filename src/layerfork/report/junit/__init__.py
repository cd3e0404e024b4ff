"""JUnit XML, as CI systems show it."""

from layerfork.report.reporter import Reporter, late

_HERE = "layerfork.report.junit.report"
JUNIT = Reporter(
    name="junit",
    runs=late(_HERE, "render_runs"),
    diffs=late(_HERE, "render_diffs"),
    checks=late(_HERE, "render_checks"),
    lints=late(_HERE, "render_lints"),
    catalogues=late("layerfork.report.junit.catalogue", "render_catalogues"),
)
