"""The output formats: one file for each, and a line here."""

from layerfork.reporters.github import GITHUB
from layerfork.reporters.gitlab import GITLAB
from layerfork.reporters.html import HTML
from layerfork.reporters.json import JSON
from layerfork.reporters.junit import JUNIT
from layerfork.reporters.markdown import MARKDOWN
from layerfork.reporters.reporter import Kind, Reporter
from layerfork.reporters.sarif import SARIF
from layerfork.reporters.svg import SVG
from layerfork.reporters.text import TABLE, TEXT

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
