"""Output for a person at a terminal: one file for each kind of report."""

from layerfork.report.reporter import Reporter, late

_HERE = "layerfork.report.text"
TEXT = Reporter(
    name="text",
    runs=late(f"{_HERE}.run", "render_runs"),
    plans=late(f"{_HERE}.plan", "render_plans"),
    diffs=late(f"{_HERE}.diff", "render_diffs"),
    checks=late(f"{_HERE}.check", "render_checks"),
    fixes=late(f"{_HERE}.fix", "render_fixes"),
    doctors=late(f"{_HERE}.doctor", "render_doctors"),
    lints=late(f"{_HERE}.lint", "render_lints"),
    sendings=late(f"{_HERE}.sendings", "render_sendings"),
    records=late(f"{_HERE}.record", "render_records"),
    engines=late(f"{_HERE}.listing", "render_engines"),
    stored=late(f"{_HERE}.listing", "render_stored"),
    clients=late(f"{_HERE}.listing", "render_clients"),
    caches=late(f"{_HERE}.cache", "render_caches"),
    causes=late(f"{_HERE}.pages", "render_causes"),
    pages=late(f"{_HERE}.pages", "render_pages"),
    settings=late(f"{_HERE}.settings", "render_settings"),
    predictions=late(f"{_HERE}.prediction", "render_predictions"),
    histories=late(f"{_HERE}.history", "render_histories"),
    colored=(
        "runs",
        "diffs",
        "checks",
        "fixes",
        "lints",
        "doctors",
        "predictions",
        "histories",
        "causes",
        "pages",
    ),
    scenarios=late(f"{_HERE}.catalogue", "render_scenarios"),
    catalogues=late(f"{_HERE}.catalogue", "render_catalogues"),
    upgrades=late(f"{_HERE}.upgrade", "render_upgrades"),
)

TABLE = Reporter(name="table", runs=late(f"{_HERE}.run", "render_tables"), colored=("runs",))
"""The table of 2015, for any number of clients."""
