"""What the manual says about a cause, or about a rule of lint."""

from dataclasses import dataclass
from typing import Literal

CAUSES_SCHEMA = "layerfork/causes/1"
CAUSE_SCHEMA = "layerfork/cause/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class CauseRow:
    """One cause, or one rule of lint, in a line."""

    code: str
    builders: tuple[str, ...]
    """Of a cause: those whose cache it can fork."""
    summary: str
    kind: Literal["cause", "rule"] = "cause"


@dataclass(frozen=True, slots=True, kw_only=True)
class CausePage:
    """The page of one cause or rule."""

    row: CauseRow
    text: str
    """Markdown, as it stands in docs/causes or docs/lint."""
    pattern: str = ""
    """The pattern that was asked for, which stands for causes of this code; empty for the code itself."""
