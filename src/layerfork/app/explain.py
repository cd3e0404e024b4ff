"""`layerfork explain`: the pages about causes and about rules of lint, which a wheel brings along."""

import difflib
import re
from pathlib import Path

from layerfork.errors import LayerforkError, UsageError
from layerfork.record.cause import CauseCode, CausePage, CauseRow
from layerfork.record.lint import TrapCode

_PACKAGE = Path(__file__).parents[1]
PLACES = (_PACKAGE / "docs", _PACKAGE.parents[1] / "docs")
"""In a wheel, and in a checkout that is installed in place."""
CAUSES = "causes"
RULES = "lint"
"""Directories of pages below one of the places."""
_NEAREST = 3
_LIKENESS = 0.5
"""From 0 to 1, as `difflib.get_close_matches` counts."""


def list_pages() -> tuple[CauseRow, ...]:
    """Every cause in a line, then every rule. Raises: LayerforkError when the pages are not there."""
    return cause_rows() + rule_rows()


def cause_rows() -> tuple[CauseRow, ...]:
    """Every cause, in the order of blame, with what the overview's table says of it.

    Raises: LayerforkError when the pages are not there.
    """
    lines = _lines(CAUSES)
    return tuple(
        CauseRow(
            code=str(code),
            builders=tuple(builder.value for builder in code.builders),
            summary=lines[code],
        )
        for code in CauseCode
    )


def rule_rows() -> tuple[CauseRow, ...]:
    """Every rule of lint, in order. Raises: LayerforkError when the pages are not there."""
    lines = _lines(RULES)
    return tuple(CauseRow(code=code, builders=(), summary=lines[code], kind="rule") for code in TrapCode)


def _lines(pages: str) -> dict[str, str]:
    """What an overview's table says, by code."""
    table = re.findall(
        r"^\| \[([a-z-]+)\]\(\1\.md\) \| (?:.* \| )?(.*) \|$", _read(pages, "README.md"), flags=re.MULTILINE
    )
    return {code: re.sub(r"[`*]", "", summary) for code, summary in table}


def page_of(word: str) -> CausePage:
    """The page of a cause or a rule, by its code in any case, or by a pattern that may stand for a cause.

    Raises: UsageError with the nearest codes when there is none, LayerforkError when the pages are not there.
    """
    wanted = word.strip().lower()
    rows = {row.code: row for row in list_pages()}
    patterns = _patterns()
    if wanted in patterns:
        code = patterns[wanted]
        return CausePage(row=rows[code], text=_read(CAUSES, f"{code}.md"), pattern=wanted)
    wanted = wanted.replace("_", "-")
    if wanted not in rows:
        nearest = _nearest(wanted, [*rows, *patterns])
        hint = f"perhaps {' or '.join(nearest)}; " if nearest else ""
        raise UsageError(
            f"there is no cause or rule {word!r}", hint=f"{hint}layerfork explain lists all of them"
        )
    row = rows[wanted]
    return CausePage(row=row, text=_read(CAUSES if row.kind == "cause" else RULES, f"{wanted}.md"))


def _patterns() -> dict[str, str]:
    """The first cause that each pattern stands for."""
    table = _read(CAUSES, "README.md").partition("\n## Patterns\n")[2]
    return dict(re.findall(r"^\| ([a-z_-]+) \| \[([a-z-]+)\]\(", table, flags=re.MULTILINE))


def _nearest(word: str, codes: list[str]) -> list[str]:
    """Codes that a person may have meant: those that hold the word, then those that are spelt alike."""
    holding = sorted((code for code in codes if len(word) > 1 and word in code), key=len)
    alike = difflib.get_close_matches(word, codes, n=_NEAREST, cutoff=_LIKENESS)
    return list(dict.fromkeys(holding + alike))[:_NEAREST]


def _read(pages: str, name: str) -> str:
    place = next((each for each in PLACES if (each / pages / name).is_file()), None)
    if place is None:
        raise LayerforkError(
            f"the page {name} did not come with this installation", hint="install layerfork from its wheel"
        )
    return (place / pages / name).read_text("utf-8")
