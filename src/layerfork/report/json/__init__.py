"""A report as one JSON document, by the contract in docs/output.md."""

from layerfork.record.visible import visible_in_json
from layerfork.report.reporter import Reporter, late

_HERE = "layerfork.report.json"
JSON = Reporter(
    name="json",
    visible=visible_in_json,
    runs=late(f"{_HERE}.report", "render_runs"),
    plans=late(f"{_HERE}.report", "render_plans"),
    diffs=late(f"{_HERE}.report", "render_diffs"),
    checks=late(f"{_HERE}.report", "render_checks"),
    lints=late(f"{_HERE}.report", "render_lints"),
    doctors=late(f"{_HERE}.report", "render_doctors"),
    sendings=late(f"{_HERE}.report", "render_sendings"),
    records=late(f"{_HERE}.report", "render_records"),
    engines=late(f"{_HERE}.report", "render_engines"),
    stored=late(f"{_HERE}.report", "render_stored"),
    clients=late(f"{_HERE}.report", "render_clients"),
    causes=late(f"{_HERE}.report", "render_causes"),
    pages=late(f"{_HERE}.report", "render_pages"),
    caches=late(f"{_HERE}.report", "render_caches"),
    settings=late(f"{_HERE}.report", "render_settings"),
    fixes=late(f"{_HERE}.fix", "render_fixes"),
    predictions=late(f"{_HERE}.prediction", "render_predictions"),
    histories=late(f"{_HERE}.history", "render_histories"),
    scenarios=late(f"{_HERE}.catalogue", "render_scenarios"),
    catalogues=late(f"{_HERE}.catalogue", "render_catalogues"),
    upgrades=late(f"{_HERE}.upgrade", "render_upgrades"),
)
