"""`layerfork lint`: cache traps that files show by themselves."""

import difflib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from layerfork.builders.secrets.redactionkey import redaction_key
from layerfork.errors import UsageError
from layerfork.lint.linter import lint
from layerfork.record.answer import Edit, Fix
from layerfork.record.trap import LintReport, Trap, TrapCode
from layerfork.wire.redact import Redactor


def find_traps(paths: Sequence[str], only: Sequence[str], ignored: Sequence[str]) -> LintReport:
    """What rules find in files, and in those below directories: all rules, or ``only`` these, without the
    ``ignored`` ones. What looks secret in a line is hidden.

    Raises: UsageError for a path that is not there, and for a rule that there is not.
    """
    wanted = _rules(only) or frozenset(TrapCode)
    report = lint([Path(path) for path in paths], wanted - _rules(ignored))
    redactor = Redactor(redaction_key())
    return replace(report, traps=tuple(_shown(trap, redactor) for trap in report.traps))


def _shown(trap: Trap, redactor: Redactor) -> Trap:
    return replace(
        trap,
        subject=redactor.clean(trap.subject),
        cost=redactor.clean(trap.cost),
        fix=_shown_fix(trap.fix, redactor),
    )


def _shown_fix(fix: Fix, redactor: Redactor) -> Fix:
    def clean(edit: Edit) -> Edit:
        before, after = (tuple(map(redactor.clean, lines)) for lines in (edit.before, edit.after))
        return replace(edit, before=before, after=after)

    return replace(fix, sentence=redactor.clean(fix.sentence), edits=tuple(map(clean, fix.edits)))


def _rules(names: Sequence[str]) -> frozenset[TrapCode]:
    for name in names:
        if name not in set(TrapCode):
            nearest = difflib.get_close_matches(name, list(TrapCode), n=1)
            hint = f"perhaps {nearest[0]}; " if nearest else ""
            raise UsageError(f"there is no rule {name!r}", hint=f"{hint}layerfork explain lists all of them")
    return frozenset(map(TrapCode, names))
