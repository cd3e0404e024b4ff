"""`layerfork explain`: what the manual says about causes, and about the rules of lint."""

from layerfork.manual import cause_rows, page_of, rule_rows
from layerfork.record.causepage import CausePage, CauseRow


def list_causes() -> tuple[CauseRow, ...]:
    """Every cause in a line, then every rule. Raises: LayerforkError when the pages are not there."""
    return cause_rows() + rule_rows()


def show_cause(code: str) -> CausePage:
    """The page of a cause or a rule. Raises: UsageError when there is none."""
    return page_of(code)
