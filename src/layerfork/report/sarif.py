"""SARIF 2.1.0, for code scanning and editors."""

import os.path
from collections.abc import Sequence
from importlib.metadata import version
from json import dumps
from typing import Any
from urllib.parse import quote

from layerfork.record.answer import Edit
from layerfork.record.check import CheckReport
from layerfork.record.lint import LintReport
from layerfork.record.run import DiffReport, RunReport
from layerfork.report.findings import CodeFinding, Findings, Place, of_checks, of_diffs, of_lints, of_runs
from layerfork.report.rendering import Look, Renderers

# Where files are, as SARIF says it.

ROOT = "%SRCROOT%"
"""Names the root of the sources, wherever whoever reads the log has them (3.4.4)."""


def artifact(path: str) -> dict[str, Any]:
    """Where a file is: below the root, or a URI of its own (3.4)."""
    if os.path.isabs(path):  # noqa: PTH117 - a path of any machine, not to be touched
        return {"uri": f"file://{_quoted(path)}"}
    return {"uri": _quoted(path), "uriBaseId": ROOT}


def _quoted(path: str) -> str:
    """The bytes of a name that is not UTF-8; a lone surrogate that stands for none is taken as it is."""
    try:
        return quote(path.encode("utf-8", "surrogateescape"))
    except UnicodeEncodeError:
        return quote(path.encode("utf-8", "surrogatepass"))


# Edits as SARIF replacements: those whose lines are known.


def fixes_of(finding: CodeFinding) -> list[dict[str, Any]]:
    """One fix, of all edits of an answer; none where one of them names no line.

    A replacement needs a region (3.57.3), and the number of lines of a file is not known here:
    an edit at the end of a file is only in the message.
    """
    if not finding.edits or any(not edit.line for _, edit in finding.edits):
        return []
    changes: dict[str, list[dict[str, Any]]] = {}
    for path, edit in finding.edits:
        changes.setdefault(path, []).append(_replacement(edit))
    return [
        {
            "description": {"text": finding.fix},
            "artifactChanges": [
                {"artifactLocation": artifact(path), "replacements": replacements}
                for path, replacements in changes.items()
            ],
        }
    ]


def _replacement(edit: Edit) -> dict[str, Any]:
    """Whole lines. A region that ends before its first column ends with the line above (3.30)."""
    inserted = {"text": _text(edit.after)}
    region = {
        "startLine": edit.line,
        "startColumn": 1,
        "endLine": edit.line + len(edit.before),
        "endColumn": 1,
    }
    return {"deletedRegion": region, **({"insertedContent": inserted} if edit.after else {})}


def _text(lines: Sequence[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


# A SARIF log: one run of layerfork, a rule for each cause, a result for each fork.
#
# Source: OASIS, Static Analysis Results Interchange Format (SARIF) Version 2.1.0 Plus Errata 01; sections are
# named where a rule comes from one.

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


def _result(finding: CodeFinding, rule: int) -> dict[str, Any]:
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


RENDERERS: Renderers = {
    "runs": render_runs,
    "diffs": render_diffs,
    "checks": render_checks,
    "lints": render_lints,
}
