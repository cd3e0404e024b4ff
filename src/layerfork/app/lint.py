"""`layerfork lint`: cache traps that files show by themselves; also in the files that a check has built."""

import difflib
import os
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from layerfork.builders.recording.redactionkey import redaction_key
from layerfork.errors import UsageError
from layerfork.lint.dockerfiles import context_at
from layerfork.lint.linter import lint, shown
from layerfork.record.answer import Edit, Fix
from layerfork.record.lint import LintReport, Trap, TrapCode
from layerfork.record.record import BuildRecord
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


# What `layerfork lint` says of the files that a check has built.


def trap_hints(built: Sequence[BuildRecord], rules: Sequence[str], ignored: Sequence[str]) -> Iterator[str]:
    """One line where there are traps in what was built, with the command that shows them. ``rules`` and
    ``ignored`` as for `lint`."""
    paths = list(dict.fromkeys(path for record in built for path in _files(record)))
    if not paths:
        return
    try:
        count = len(find_traps(paths, rules, ignored).traps)
    except UsageError:  # a rule that there is not: `lint` itself says so
        return
    if count:
        words = shlex.join(("layerfork", "lint", *paths))
        files = "this file" if len(paths) == 1 else "these files"
        yield f"lint finds {count} {'problem' if count == 1 else 'problems'} in {files}: run `{words}`"


def _files(record: BuildRecord) -> Iterator[str]:
    """The Dockerfile, and the ignore file that counts, as a person types them; nothing where the Dockerfile
    is not known to be on disk."""
    # `layerfork lint` starts in half the time without what reads a context
    from layerfork.app.predict.tree import dockerfile_path  # late: start-up

    directory = record.place.directory
    root = Path(directory) if os.path.isabs(directory) else None  # noqa: PTH117
    file = dockerfile_path(record, record.place.dockerfile, root)
    if file is None or not _is_what_was_built(file, record):
        return
    yield shown(file)
    name = context_at(root, file).ignore_file if root is not None else ""
    if root is not None and name and (root / name).is_file():
        yield shown(root / name)


def _is_what_was_built(file: Path, record: BuildRecord) -> bool:
    """Records often have the file's name only, and another may have it."""
    if record.place.dockerfile:
        return file.is_file()
    try:
        return file.read_bytes().decode() == record.request.dockerfile
    except (OSError, UnicodeDecodeError):
        return False
