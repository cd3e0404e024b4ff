"""Annotations of GitHub Actions."""

from collections.abc import Iterator, Mapping, Sequence

from layerfork.record.check import CheckReport
from layerfork.record.lint import LintReport
from layerfork.record.run import DiffReport, RunReport
from layerfork.record.visible import visible
from layerfork.report.findings import CodeFinding, Findings, of_checks, of_diffs, of_lints, of_runs
from layerfork.report.rendering import Look, Renderers
from layerfork.report.views.checks import sentence

# Workflow commands that GitHub Actions shows as annotations, one line each.
#
# Source: actions/runner src/Runner.Common/ActionCommand.cs (TryParseV2, UnescapeProperty, UnescapeData) @
# 079cdb1d05fe.

_DATA = {"%": "%25", "\r": "%0D", "\n": "%0A"}
_PROPERTY = {**_DATA, ":": "%3A", ",": "%2C"}


def render_runs(reports: Sequence[RunReport], look: Look) -> str:
    """Forks of relays."""
    return _commands(of_runs(reports, look.root), "no fork")


def render_diffs(reports: Sequence[DiffReport], look: Look) -> str:
    """Forks of builds that were compared."""
    return _commands(of_diffs(reports, look.root), "no fork")


def render_checks(reports: Sequence[CheckReport], look: Look) -> str:
    """What makes checks fail, and what came of them."""
    return _commands(of_checks(reports, look.root), "; ".join(map(sentence, reports)))


def render_lints(reports: Sequence[LintReport], look: Look) -> str:
    """Traps."""
    return _commands(of_lints(reports, look.root), "no cache trap found")


def _commands(findings: Findings, calm: str) -> str:
    lines = [*map(_annotation, findings.found), *_problems(findings.problems)]
    return "".join(f"{line}\n" for line in lines or [command("notice", calm, title="layerfork")])


def _annotation(finding: CodeFinding) -> str:
    place = finding.place
    return command(
        finding.level.value,
        "\n".join((finding.sentence, *finding.details)),
        file=place.path,
        **({"line": str(place.line)} if place.line else {}),
        title=f"layerfork: {finding.code}",
    )


def _problems(problems: Sequence[str]) -> Iterator[str]:
    return (command("error", problem, title="layerfork") for problem in problems)


def command(name: str, text: str, **properties: str) -> str:
    """One line that the runner takes for a command, whatever is in it."""
    attributes = ",".join(f"{key}={_escaped(value, _PROPERTY)}" for key, value in properties.items())
    return f"::{name} {attributes}::{_escaped(text, _DATA)}"


def _escaped(text: str, table: Mapping[str, str]) -> str:
    return visible(text.replace("\r", "\n")).translate({ord(key): value for key, value in table.items()})


RENDERERS: Renderers = {
    "runs": render_runs,
    "diffs": render_diffs,
    "checks": render_checks,
    "lints": render_lints,
}
