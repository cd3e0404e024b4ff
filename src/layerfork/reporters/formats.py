"""The output formats: one file for each, and a line here."""

from layerfork.reporters.json_report import JSON
from layerfork.reporters.reporter import Kind, Reporter
from layerfork.reporters.text import TEXT

FORMATS: tuple[Reporter, ...] = (
    TEXT,
    JSON,
)
"""The first is what a person gets who asks for none."""


def formats_for(kind: Kind) -> dict[str, Reporter]:
    """The formats that have something to say about a kind of report, by name."""
    return {reporter.name: reporter for reporter in FORMATS if reporter.renders(kind)}
