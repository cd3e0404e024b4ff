"""Output for a person at a terminal: one file for each kind of report."""

from layerfork.reporters.reporter import Reporter
from layerfork.reporters.text.diff import render_diffs
from layerfork.reporters.text.listing import render_clients, render_engines, render_stored
from layerfork.reporters.text.pages import render_causes, render_pages
from layerfork.reporters.text.plan import render_plans
from layerfork.reporters.text.record import render_records
from layerfork.reporters.text.run import render_runs, render_tables

TEXT = Reporter(
    name="text",
    runs=render_runs,
    plans=render_plans,
    diffs=render_diffs,
    records=render_records,
    engines=render_engines,
    stored=render_stored,
    clients=render_clients,
    causes=render_causes,
    pages=render_pages,
    colored=("runs", "diffs", "causes", "pages"),
)

TABLE = Reporter(name="table", runs=render_tables, colored=("runs",))
"""The table of 2015, for any number of clients."""
