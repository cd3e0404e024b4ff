"""The output formats: one file for each, and a line here."""

from layerfork.report.github import GITHUB
from layerfork.report.gitlab import GITLAB
from layerfork.report.html import HTML
from layerfork.report.json import JSON
from layerfork.report.junit import JUNIT
from layerfork.report.markdown import MARKDOWN
from layerfork.report.reporter import Kind, Reporter
from layerfork.report.sarif import SARIF
from layerfork.report.svg import SVG
from layerfork.report.text import TABLE, TEXT

FORMATS: tuple[Reporter, ...] = (
    TEXT,
    TABLE,
    JSON,
    HTML,
    SVG,
    MARKDOWN,
    JUNIT,
    SARIF,
    GITLAB,
    GITHUB,
)
"""The first is what a person gets who asks for none."""


def formats_for(*kinds: Kind) -> dict[str, Reporter]:
    """The formats that have something to say about one of these kinds of reports, by name."""
    return {reporter.name: reporter for reporter in FORMATS if any(map(reporter.renders, kinds))}
