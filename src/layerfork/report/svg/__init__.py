"""The fork graph: caches as lines that run together, and part at the step where they fork.

`graph` says what is drawn, `order` and `layout` where, `draw` how. All are pure functions of values.
"""

from layerfork.report.rendering import Renderers, compared
from layerfork.report.svg.draw import render_diffs, render_runs
from layerfork.report.svg.grid import render_catalogues

RENDERERS: Renderers = {
    "runs": render_runs,
    "diffs": render_diffs,
    "checks": compared(render_runs, render_diffs),
    "catalogues": render_catalogues,
}
