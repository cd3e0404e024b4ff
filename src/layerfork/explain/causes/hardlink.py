"""One client sends a second name of a file as a hard link, the other as a file of its own."""

from collections.abc import Iterator

from layerfork.explain.claims.rule import Case, CauseRule, Finding
from layerfork.explain.claims.typechange import type_findings
from layerfork.explain.compare.differences import Difference
from layerfork.explain.compare.signature import is_name

CODE = "hardlink"
_LINK = frozenset({"1", "hardlink"})


def find(case: Case, open_: tuple[Difference, ...]) -> Iterator[Finding]:
    """Own differences, and type differences with a hard link on one side."""
    own = [
        each
        for each in open_
        if (each.cause == CODE and not is_name(each))
        or (each.cause == "entry-type" and _LINK & {each.writer, each.reader})
    ]
    yield from type_findings(
        case, open_, own, code=CODE, remedy="break hard links in the context (`cp --remove-destination`)"
    )


RULE = CauseRule(code=CODE, builders=("classic", "buildah"), find=find)
