"""The page: one file of HTML that needs no network, and no script to be read.

`view` gathers what is shown, `templates/` says how it looks; everything is escaped there.
"""

from layerfork.report.reporter import Reporter, compared, late

_HERE = "layerfork.report.html.page"
_RUNS, _DIFFS = late(_HERE, "render_runs"), late(_HERE, "render_diffs")
HTML = Reporter(
    name="html",
    runs=_RUNS,
    diffs=_DIFFS,
    checks=compared(_RUNS, _DIFFS),
    catalogues=late("layerfork.report.html.catalogue", "render_catalogues"),
)
