"""A SARIF log: one run of layerfork, a rule for each cause, a result for each fork.

Source: OASIS, Static Analysis Results Interchange Format (SARIF) Version 2.1.0 Plus Errata 01; sections are
named where a rule comes from one.
"""

from collections.abc import Sequence
from importlib.metadata import version
from json import dumps
from typing import Any

from layerfork.record.check import CheckReport
from layerfork.record.lint import LintReport
from layerfork.record.run import DiffReport, RunReport
from layerfork.report.findings import Finding, Findings, of_checks, of_diffs, of_lints, of_runs
from layerfork.report.findings.finding import Place
from layerfork.report.rendering import Look
from layerfork.report.sarif.files import artifact
from layerfork.report.sarif.fixes import fixes_of

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
FINGERPRINT = "layerforkFork/v1"


def render_runs(reports: Sequence[RunReport], look: Look) -> str:
    """Forks of relays."""
    return _log(of_runs(reports, look.root), look)


def render_diffs(reports: Sequence[DiffReport], look: Look) -> str:
    """Forks of builds that were compared."""
    return _log(of_diffs(reports, look.root), look)


def render_checks(reports: Sequence[CheckReport], look: Look) -> str:
    """What makes checks fail."""
    return _log(of_checks(reports, look.root), look)


def render_lints(reports: Sequence[LintReport], look: Look) -> str:
    """Traps."""
    return _log(of_lints(reports, look.root), look)


def _log(findings: Findings, look: Look) -> str:
    codes = sorted({each.code for each in findings.found})
    driver = {
        "name": "layerfork",
        "semanticVersion": version("layerfork"),
        "rules": [_rule(code, look) for code in codes],
    }
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "invocations": [_invocation(findings.problems)],
        "results": [_result(each, codes.index(each.code)) for each in findings.found],
    }
    return dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _rule(code: str, look: Look) -> dict[str, Any]:
    """The cause, with its page of the manual."""
    page = look.page(code)
    if page is None:
        return {"id": code}
    return {
        "id": code,
        "shortDescription": {"text": page.row.summary},
        "help": {"text": page.text, "markdown": page.text},
    }


def _invocation(problems: Sequence[str]) -> dict[str, Any]:
    """What went wrong beside any line (3.20.14, 3.20.21)."""
    notifications = [{"level": "error", "message": {"text": problem}} for problem in problems]
    return {
        "executionSuccessful": not problems,
        **({"toolExecutionNotifications": notifications} if notifications else {}),
    }


def _result(finding: Finding, rule: int) -> dict[str, Any]:
    fixes = fixes_of(finding)
    return {
        "ruleId": finding.code,
        "ruleIndex": rule,
        "level": finding.level.value,
        "message": {"text": "\n".join((finding.sentence, *finding.details))},
        "locations": [{"physicalLocation": _location(finding.place)}],
        "partialFingerprints": {FINGERPRINT: finding.fingerprint},
        **({"fixes": fixes} if fixes else {}),
    }


def _location(place: Place) -> dict[str, Any]:
    region = {"region": {"startLine": place.line}} if place.line else {}
    return {"artifactLocation": artifact(place.path), **region}
