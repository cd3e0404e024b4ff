"""The fork graph, or the grid of scenarios, alone: a picture of its own."""

from layerfork.report.reporter import Reporter, compared, late

_HERE = "layerfork.report.picture.panels"
_RUNS, _DIFFS = late(_HERE, "render_runs"), late(_HERE, "render_diffs")
SVG = Reporter(
    name="svg",
    runs=_RUNS,
    diffs=_DIFFS,
    checks=compared(_RUNS, _DIFFS),
    catalogues=late("layerfork.report.picture.grid", "render_catalogues"),
)
