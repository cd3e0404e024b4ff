"""Small directories for lint, and what it says of them."""

from collections.abc import Sequence
from pathlib import Path

from layerfork.app.lint import find_traps
from layerfork.record.lint import LintReport


def write(root: Path, **files: str) -> Path:
    """Files by their paths, in which two underscores stand for a slash, under umask 022."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o644)
    for directory in (root, *(path for path in root.rglob("*") if path.is_dir())):
        directory.chmod(0o755)
    return root


def lint(root: Path, rules: Sequence[str] = (), ignored: Sequence[str] = ()) -> LintReport:
    return find_traps([str(root)], rules, ignored)


def found(root: Path, *rules: str) -> list[str]:
    """``Dockerfile:3 repository-copied``, by file and line."""
    report = lint(root, rules)
    assert report.bad == ()
    return [f"{Path(trap.path).relative_to(root)}:{trap.line} {trap.code}" for trap in report.traps]
