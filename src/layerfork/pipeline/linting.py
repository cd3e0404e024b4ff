"""`layerfork lint`: cache traps that files show by themselves."""

import difflib
from collections.abc import Sequence
from pathlib import Path

from layerfork.errors import UsageError
from layerfork.model.trap import LintReport, TrapCode
from layerfork.traps.linting import lint


def find_traps(paths: Sequence[str], only: Sequence[str], ignored: Sequence[str]) -> LintReport:
    """What rules find in files, and in those below directories: all rules, or ``only`` these, without the
    ``ignored`` ones.

    Raises: UsageError for a path that is not there, and for a rule that there is not.
    """
    wanted = _rules(only) or frozenset(TrapCode)
    return lint([Path(path) for path in paths], wanted - _rules(ignored))


def _rules(names: Sequence[str]) -> frozenset[TrapCode]:
    for name in names:
        if name not in set(TrapCode):
            nearest = difflib.get_close_matches(name, list(TrapCode), n=1)
            hint = f"perhaps {nearest[0]}; " if nearest else ""
            raise UsageError(f"there is no rule {name!r}", hint=f"{hint}layerfork explain lists all of them")
    return frozenset(map(TrapCode, names))
