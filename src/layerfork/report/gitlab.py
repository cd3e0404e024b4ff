"""GitLab's code quality report."""

from collections.abc import Sequence
from json import dumps
from typing import Any

from layerfork.record.check import CheckReport
from layerfork.record.lint import LintReport
from layerfork.record.run import DiffReport, RunReport
from layerfork.report.findings import CodeFinding, Findings, Level, of_checks, of_diffs, of_lints, of_runs
from layerfork.report.rendering import Look, Renderers

# GitLab's code quality report, shown in merge requests.
#
# Source: gitlabhq/gitlabhq doc/ci/testing/code_quality.md (Implement a custom tool) @ 01eae359257f: an array
# of objects with these properties; findings of one fingerprint are shown as one.


def render_runs(reports: Sequence[RunReport], look: Look) -> str:
    """Forks of relays."""
    return _report(of_runs(reports, look.root))


def render_diffs(reports: Sequence[DiffReport], look: Look) -> str:
    """Forks of builds that were compared."""
    return _report(of_diffs(reports, look.root))


def render_checks(reports: Sequence[CheckReport], look: Look) -> str:
    """What makes checks fail."""
    return _report(of_checks(reports, look.root))


def render_lints(reports: Sequence[LintReport], look: Look) -> str:
    """Traps."""
    return _report(of_lints(reports, look.root))


def _report(findings: Findings) -> str:
    return dumps([_issue(each) for each in findings.found], indent=2) + "\n"


def _issue(finding: CodeFinding) -> dict[str, Any]:
    return {
        "description": ". ".join((finding.sentence, *finding.details)),
        "check_name": finding.code,
        "fingerprint": finding.fingerprint,
        "severity": "major" if finding.level is Level.ERROR else "minor",
        "location": {"path": finding.place.path, "lines": {"begin": finding.place.line or 1}},
    }


RENDERERS: Renderers = {
    "runs": render_runs,
    "diffs": render_diffs,
    "checks": render_checks,
    "lints": render_lints,
}
