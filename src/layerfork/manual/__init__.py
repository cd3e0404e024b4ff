"""The pages about causes: docs/causes of the checkout, which a wheel brings along."""

from layerfork.manual.pages import cause_page, cause_rows

__all__ = ["cause_page", "cause_rows"]
