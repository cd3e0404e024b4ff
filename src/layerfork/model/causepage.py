"""What the manual says about a cause."""

from dataclasses import dataclass

CAUSES_SCHEMA = "layerfork/causes/1"
CAUSE_SCHEMA = "layerfork/cause/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class CauseRow:
    """One cause in a line."""

    code: str
    builders: tuple[str, ...]
    summary: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CausePage:
    """The page of one cause."""

    row: CauseRow
    text: str
    """Markdown, as it stands in docs/causes."""
    pattern: str = ""
    """The pattern that was asked for, which stands for causes of this code; empty for the code itself."""
