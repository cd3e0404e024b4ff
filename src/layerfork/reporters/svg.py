"""The fork graph, or the grid of scenarios, alone: a picture of its own."""

from layerfork.reporters.reporter import Reporter, compared, late

_HERE = "layerfork.reporters.picture.panels"
_RUNS, _DIFFS = late(_HERE, "render_runs"), late(_HERE, "render_diffs")
SVG = Reporter(
    name="svg",
    runs=_RUNS,
    diffs=_DIFFS,
    checks=compared(_RUNS, _DIFFS),
    catalogues=late("layerfork.reporters.picture.grid", "render_catalogues"),
)
