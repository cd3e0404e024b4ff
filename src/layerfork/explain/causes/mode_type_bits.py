"""File-type bits in a mode: 0100644 and 0644 are one permission and two keys."""

from collections.abc import Iterator

from layerfork.explain.claims.entryrule import entry_findings
from layerfork.explain.claims.rule import Case, CauseRule, Finding
from layerfork.explain.claims.wording import parse_mode
from layerfork.explain.compare.differences import Difference

CODE = "mode-type-bits"
REMEDY = (
    "use docker CLI 24 or newer everywhere: 17.12 to 23.0 add the file-type bits "
    "(0100000 for a file, 040000 for a directory)"
)


def find(case: Case, open_: tuple[Difference, ...]) -> Iterator[Finding]:
    """Own differences, shown with what type the bits mean."""
    own = [each for each in open_ if each.cause == CODE]
    yield from entry_findings(case, own, code=CODE, noun="mode", remedy=REMEDY, show=_shown, absent="0")


def _shown(value: str) -> str:
    number = parse_mode(value)
    if number is None:
        return value
    kinds = {0o10: "a file", 0o4: "a directory", 0o12: "a link", 0o2: "a device", 0o6: "a device"}
    kind = kinds.get(number >> 12, "an unknown type")
    return f"type bits 0{number & ~0o7777:o} ({kind})" if number >> 12 else "no type bits"


RULE = CauseRule(code=CODE, builders=("classic",), find=find)
