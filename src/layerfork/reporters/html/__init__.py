"""The page: one file of HTML that needs no network, and no script to be read.

`view` gathers what is shown, `templates/` says how it looks; everything is escaped there.
"""

from layerfork.reporters.reporter import Reporter, late

_HERE = "layerfork.reporters.html.page"
HTML = Reporter(name="html", runs=late(_HERE, "render_runs"), diffs=late(_HERE, "render_diffs"))
