"""Edits as SARIF replacements: those whose lines are known."""

from collections.abc import Sequence
from typing import Any

from layerfork.record.answer import Edit
from layerfork.report.findings import Finding
from layerfork.report.sarif.files import artifact


def fixes_of(finding: Finding) -> list[dict[str, Any]]:
    """One fix, of all edits of an answer; none where one of them names no line.

    A replacement needs a region (3.57.3), and nobody here knows how many lines a file has: what is put at the
    end of a file is only said in the message.
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
