"""Finds the page of a cause, and the line that tells what it is."""

import difflib
import re
from pathlib import Path

from layerfork.errors import LayerforkError, UsageError
from layerfork.model.cause import CauseCode
from layerfork.model.causepage import CausePage, CauseRow

HERE = Path(__file__).parent
PLACES = (HERE / "causes", HERE.parents[2] / "docs" / "causes")
"""In a wheel, and in a checkout that is installed in place."""
_NEAREST = 3
_LIKENESS = 0.5
"""From 0 to 1, as `difflib.get_close_matches` counts."""


def cause_rows() -> tuple[CauseRow, ...]:
    """Every cause, in the order of blame, with what the overview's table says of it.

    Raises: LayerforkError when the pages are not there.
    """
    overview = _read("README.md")
    lines = dict(re.findall(r"^\| \[([a-z-]+)\]\(\1\.md\) \| .* \| (.*) \|$", overview, flags=re.MULTILINE))
    return tuple(
        CauseRow(
            code=str(code),
            builders=tuple(builder.value for builder in code.builders),
            summary=re.sub(r"[`*]", "", lines[code]),
        )
        for code in CauseCode
    )


def cause_page(word: str) -> CausePage:
    """The page of a cause, by its code in any case, or by a pattern that may stand for it.

    Raises: UsageError with the nearest codes when there is no such cause, LayerforkError when the pages are
    not there.
    """
    wanted = word.strip().lower()
    rows = {row.code: row for row in cause_rows()}
    patterns = _patterns()
    if wanted in patterns:
        code = patterns[wanted]
        return CausePage(row=rows[code], text=_read(f"{code}.md"), pattern=wanted)
    wanted = wanted.replace("_", "-")
    if wanted not in rows:
        nearest = _nearest(wanted, [*rows, *patterns])
        hint = f"perhaps {' or '.join(nearest)}; " if nearest else ""
        raise UsageError(f"there is no cause {word!r}", hint=f"{hint}layerfork explain lists all of them")
    return CausePage(row=rows[wanted], text=_read(f"{wanted}.md"))


def _patterns() -> dict[str, str]:
    """The first cause that each pattern stands for."""
    table = _read("README.md").partition("\n## Patterns\n")[2]
    return dict(re.findall(r"^\| ([a-z_-]+) \| \[([a-z-]+)\]\(", table, flags=re.MULTILINE))


def _nearest(word: str, codes: list[str]) -> list[str]:
    """Codes that a person may have meant: those that hold the word, then those that are spelt alike."""
    holding = sorted((code for code in codes if len(word) > 1 and word in code), key=len)
    alike = difflib.get_close_matches(word, codes, n=_NEAREST, cutoff=_LIKENESS)
    return list(dict.fromkeys(holding + alike))[:_NEAREST]


def _read(name: str) -> str:
    place = next((each for each in PLACES if (each / name).is_file()), None)
    if place is None:
        raise LayerforkError(
            f"the page {name} did not come with this installation", hint="install layerfork from its wheel"
        )
    return (place / name).read_text("utf-8")
