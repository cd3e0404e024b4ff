"""The pages about causes and rules: docs/causes and docs/lint of the checkout, which a wheel brings along."""

from layerfork.manual.pages import cause_rows, page_of, rule_rows

__all__ = ["cause_rows", "page_of", "rule_rows"]
