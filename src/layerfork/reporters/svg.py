"""The fork graph alone, as a picture of its own."""

from layerfork.reporters.reporter import Reporter, late

_HERE = "layerfork.reporters.picture.panels"
SVG = Reporter(name="svg", runs=late(_HERE, "render_runs"), diffs=late(_HERE, "render_diffs"))
