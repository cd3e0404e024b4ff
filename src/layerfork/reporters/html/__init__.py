"""The page: one file of HTML that needs no network, and no script to be read.

`view` gathers what is shown, `templates/` says how it looks; everything is escaped there.
"""

from collections.abc import Sequence

from layerfork.model.report import DiffReport, RunReport
from layerfork.reporters.reporter import Look, Reporter


def render_runs(reports: Sequence[RunReport], look: Look) -> str:
    """Every scenario with its graphs, answers and clients."""
    from layerfork.reporters.html.page import page
    from layerfork.reporters.html.view import view_runs

    return page("run.html.j2", look, view=view_runs(reports))


def render_diffs(reports: Sequence[DiffReport], look: Look) -> str:
    """Every pair of builds with its graph, answers and steps."""
    from layerfork.reporters.html.page import page
    from layerfork.reporters.html.view import view_diffs

    return page("diff.html.j2", look, view=view_diffs(reports))


HTML = Reporter(name="html", runs=render_runs, diffs=render_diffs)
