"""The page: one file of HTML that needs no network, and no script to be read.

`view` gathers what is shown, `templates/` says how it looks; everything is escaped there.
"""

from layerfork.report.html.history import render_found
from layerfork.report.html.page import render_diffs, render_runs
from layerfork.report.html.scenarios import render_catalogues
from layerfork.report.rendering import Renderers, compared

RENDERERS: Renderers = {
    "runs": render_runs,
    "diffs": render_diffs,
    "checks": compared(render_runs, render_diffs),
    "catalogues": render_catalogues,
    "found": render_found,
}
