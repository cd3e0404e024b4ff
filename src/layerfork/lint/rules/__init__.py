"""The rules, by family: the table is what lint asks, in this order."""

from layerfork.lint.rule import Rule
from layerfork.lint.rules.arguments import ARGUMENTS
from layerfork.lint.rules.bases import BASES
from layerfork.lint.rules.copying import COPYING
from layerfork.lint.rules.exporting import EXPORTING
from layerfork.lint.rules.ignoring import IGNORING
from layerfork.lint.rules.importing import IMPORTING
from layerfork.lint.rules.keys import KEYS
from layerfork.lint.rules.modes import MODES
from layerfork.lint.rules.overwriting import OVERWRITING

RULES: tuple[Rule, ...] = (
    *(*COPYING, *ARGUMENTS, *BASES, *MODES, *IGNORING),
    *(*OVERWRITING, *IMPORTING, *EXPORTING, *KEYS),
)
