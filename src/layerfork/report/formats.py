"""The output formats: a line for each, with the kinds of reports that it is available for.

A format's module is imported when the format is used: ``--help``, errors and completion need only what
stands here, and templates and pictures take longer to import than a command line takes to read. A contract
test compares the kinds declared here with those that the module renders.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, get_args

from layerfork.errors import UsageError
from layerfork.record.visible import visible, visible_but_colors, visible_in_json
from layerfork.report.rendering import Kind, Look, Renderer, Renderers

_NOUNS: dict[Kind, str] = {
    "runs": "run",
    "plans": "run --plan",
    "diffs": "compared builds",
    "checks": "check",
    "fixes": "fix",
    "lints": "lint",
    "doctors": "doctor",
    "sendings": "pack --check",
    "stored": "lists of records",
    "found": "history",
    "causes": "lists of causes",
    "pages": "pages about causes",
    "predictions": "predict",
    "histories": "predict --git",
    "studies": "history --predict",
    "caches": "cache inspect",
    "actions_caches": "cache github",
    "settings": "config",
    "catalogues": "runs of scenarios",
    "upgrades": "report --diff",
}
"""What a kind is called in errors, where its own name is not the word."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """One output format."""

    name: str
    """What to write after ``--format``."""
    load: Callable[[Kind], Renderers]
    """Imports the format's module for a kind of report, and returns its table."""
    kinds: frozenset[Kind]
    """The kinds of reports that it is available for: the keys of its tables."""
    visible: Callable[[str], str] = visible
    """Escapes what a report quotes from others, in the way of the format."""
    colored: frozenset[Kind] = frozenset()
    """Kinds whose lines are escaped already, and may have colours."""

    def renders(self, kind: Kind) -> bool:
        """Whether it is available for a kind of report."""
        return kind in self.kinds

    def check(self, kind: Kind) -> None:
        """Raises: UsageError that names the formats which are available for such reports."""
        if not self.renders(kind):
            raise UsageError(
                f"`--format {self.name}` is not available for {_NOUNS.get(kind, kind)}",
                f"--format {', '.join(formats_for(kind))}",
            )

    def render(self, kind: Kind, reports: Sequence[Any], look: Look) -> str:
        """All reports of a command as text. Raises: UsageError where it is not available for them."""
        self.check(kind)
        renderer: Renderer[Any] = self.load(kind)[kind]
        harmless = visible_but_colors if look.color and kind in self.colored else self.visible
        return harmless(renderer(reports, look))


def _text(kind: Kind) -> Renderers:
    # Each module needs the values of its reports: all of them would take as long as a short command.
    match kind:
        case "diffs" | "checks":
            from layerfork.report.text.builds import RENDERERS  # late: only its own kind or format
        case "fixes":
            from layerfork.report.text.fix import RENDERERS  # late: only its own kind or format
        case "doctors" | "engines" | "stored" | "clients" | "causes" | "pages" | "settings":
            from layerfork.report.text.listing import RENDERERS  # late: only its own kind or format
        case "lints" | "sendings" | "caches":
            from layerfork.report.text.files import RENDERERS  # late: only its own kind or format
        case "actions_caches":
            from layerfork.report.text.actionscache import RENDERERS  # late: only its own kind or format
        case "records":
            from layerfork.report.text.record import RENDERERS  # late: only its own kind or format
        case "found":
            from layerfork.report.text.history import RENDERERS  # late: only its own kind or format
        case "studies":
            from layerfork.report.text.study import RENDERERS  # late: only its own kind or format
        case "predictions" | "histories":
            from layerfork.report.text.predictions import RENDERERS  # late: only its own kind or format
        case "scenarios" | "catalogues" | "upgrades":
            from layerfork.report.text.scenarios import RENDERERS  # late: only its own kind or format
        case _:
            from layerfork.report.text.run import RENDERERS  # late: only its own kind or format

    return RENDERERS


def _table(kind: Kind) -> Renderers:
    from layerfork.report.text.run import TABLES  # late: only its own kind or format

    return TABLES


def _json(kind: Kind) -> Renderers:
    from layerfork.report.json import RENDERERS  # late: only its own kind or format

    return RENDERERS


def _html(kind: Kind) -> Renderers:
    from layerfork.report.html import RENDERERS  # late: only its own kind or format

    return RENDERERS


def _svg(kind: Kind) -> Renderers:
    from layerfork.report.svg import RENDERERS  # late: only its own kind or format

    return RENDERERS


def _markdown(kind: Kind) -> Renderers:
    from layerfork.report.markdown import RENDERERS  # late: only its own kind or format

    return RENDERERS


def _junit(kind: Kind) -> Renderers:
    from layerfork.report.junit import RENDERERS  # late: only its own kind or format

    return RENDERERS


def _sarif(kind: Kind) -> Renderers:
    from layerfork.report.sarif import RENDERERS  # late: only its own kind or format

    return RENDERERS


def _gitlab(kind: Kind) -> Renderers:
    from layerfork.report.gitlab import RENDERERS  # late: only its own kind or format

    return RENDERERS


def _github(kind: Kind) -> Renderers:
    from layerfork.report.github import RENDERERS  # late: only its own kind or format

    return RENDERERS


_BUILDS: frozenset[Kind] = frozenset(("runs", "diffs", "checks"))
"""Builds that were compared, in one way or another."""
_EVERY: frozenset[Kind] = frozenset(get_args(Kind))

TEXT = Format(
    name="text",
    load=_text,
    kinds=_EVERY,
    colored=_BUILDS | {"fixes", "lints", "doctors", "predictions", "histories", "causes", "pages"},
)
TABLE = Format(name="table", load=_table, kinds=frozenset(("runs",)), colored=frozenset(("runs",)))
"""The table of 2015, for any number of clients."""
JSON = Format(name="json", load=_json, kinds=_EVERY, visible=visible_in_json)
"""One document, by the contract in docs/output.md."""
HTML = Format(name="html", load=_html, kinds=_BUILDS | {"catalogues", "found"})
SVG = Format(name="svg", load=_svg, kinds=_BUILDS | {"catalogues"})
MARKDOWN = Format(name="markdown", load=_markdown, kinds=_BUILDS | {"catalogues", "upgrades", "found"})
JUNIT = Format(name="junit", load=_junit, kinds=_BUILDS | {"lints", "catalogues"})
SARIF = Format(name="sarif", load=_sarif, kinds=_BUILDS | {"lints"}, visible=visible_in_json)
GITLAB = Format(name="gitlab", load=_gitlab, kinds=_BUILDS | {"lints"}, visible=visible_in_json)
"""GitLab's code quality report."""
GITHUB = Format(name="github", load=_github, kinds=_BUILDS | {"lints"})
"""Annotations of GitHub Actions."""

FORMATS: tuple[Format, ...] = (
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
"""The first is the default."""


def formats_for(*kinds: Kind) -> dict[str, Format]:
    """The formats that are available for at least one of these kinds of reports, by name."""
    return {form.name: form for form in FORMATS if not form.kinds.isdisjoint(kinds)}
