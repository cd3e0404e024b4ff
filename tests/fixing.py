"""Makes the edits of an answer, as a person would who does exactly what it says."""

from collections.abc import Sequence
from pathlib import Path

from layerfork.record.answer import Edit


def apply_edits(edits: Sequence[Edit], place: Path) -> None:
    """Change the files below a directory. The lines that an edit takes out must be there."""
    for name in dict.fromkeys(edit.file for edit in edits):
        path = place / name
        text = path.read_text() if path.exists() else ""
        path.write_text(edited(text, [edit for edit in edits if edit.file == name]))


def edited(text: str, edits: Sequence[Edit]) -> str:
    """A text with all its edits made, from the last line up: lines are numbered as before the first."""
    lines = text.splitlines()
    for edit in sorted(edits, key=lambda edit: edit.line or len(lines) + 1, reverse=True):
        place = edit.line - 1 if edit.line else len(lines)
        if not edit.line and edit.before:
            place = next(
                at for at in range(len(lines)) if tuple(lines[at : at + len(edit.before)]) == edit.before
            )
        end = place + len(edit.before)
        assert tuple(lines[place:end]) == edit.before
        lines[place:end] = edit.after
    return "".join(f"{line}\n" for line in lines)
