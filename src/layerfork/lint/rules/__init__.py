"""The rules, by family: the table is what lint asks, in this order."""

from layerfork.lint.rule import LintRule
from layerfork.lint.rules.actions_cache import KEYS
from layerfork.lint.rules.caches import EXPORTING, IMPORTING, OVERWRITING
from layerfork.lint.rules.copying import COPYING, MODES
from layerfork.lint.rules.ignore_files import IGNORING
from layerfork.lint.rules.instructions import ARGUMENTS, BASES, INDEXES

RULES: tuple[LintRule, ...] = (
    *(*COPYING, *ARGUMENTS, *BASES, *INDEXES, *MODES, *IGNORING),
    *(*OVERWRITING, *IMPORTING, *EXPORTING, *KEYS),
)
