"""The rules, by family: the table is what lint asks, in this order."""

from layerfork.traps.rule import Rule
from layerfork.traps.rules.arguments import ARGUMENTS
from layerfork.traps.rules.bases import BASES
from layerfork.traps.rules.copying import COPYING
from layerfork.traps.rules.exporting import EXPORTING
from layerfork.traps.rules.ignoring import IGNORING
from layerfork.traps.rules.importing import IMPORTING
from layerfork.traps.rules.keys import KEYS
from layerfork.traps.rules.modes import MODES
from layerfork.traps.rules.overwriting import OVERWRITING

RULES: tuple[Rule, ...] = (
    *(*COPYING, *ARGUMENTS, *BASES, *MODES, *IGNORING),
    *(*OVERWRITING, *IMPORTING, *EXPORTING, *KEYS),
)
