"""`layerfork explain`: what the manual says about causes."""

from layerfork.manual import cause_page, cause_rows
from layerfork.model.causepage import CausePage, CauseRow


def list_causes() -> tuple[CauseRow, ...]:
    """Every cause in a line. Raises: LayerforkError when the pages are not there."""
    return cause_rows()


def show_cause(code: str) -> CausePage:
    """The page of a cause. Raises: UsageError when there is no such cause."""
    return cause_page(code)
