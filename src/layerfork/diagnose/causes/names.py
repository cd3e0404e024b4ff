"""The name of an entry as sent: `./a`, `/a` and `a` are three names to the classic builder."""

from collections import defaultdict
from collections.abc import Iterator

from layerfork.diagnose.causes.forms import distinct_paths, evidence_lines
from layerfork.diagnose.causes.rule import Case, CauseRule, Finding
from layerfork.diagnose.causes.wording import name_paths, show_name
from layerfork.diagnose.compare.differences import Difference, is_name, name_change
from layerfork.diagnose.undo.entries import undo_attribute
from layerfork.record.cause import CauseCode

REMEDY = (
    "make the tar without a prefix: `tar -C context -cf context.tar $(ls -A context)`, "
    "or strip it; directories end in `/`"
)


def find(case: Case, unclaimed: tuple[Difference, ...]) -> Iterator[Finding]:
    """Own differences, together when one change turns all names of the writer into the reader's."""
    groups: dict[tuple[str, ...], list[Difference]] = defaultdict(list)
    for each in unclaimed:
        if is_name(each):
            groups[name_change(each)].append(each)
    for group in groups.values():
        first = group[0]
        paths = distinct_paths(group)
        yield Finding(
            code=CauseCode.ENTRY_NAME,
            path=first.path,
            field=first.field,
            writer=first.writer or "",
            reader=first.reader or "",
            what=(
                f"{case.reader_name} sent the name {_shown(first.reader)}, "
                f"{case.writer_name} sent the name {_shown(first.writer)}"
                + (f"; likewise for {name_paths(paths[1:])}" if len(paths) > 1 else "")
            ),
            evidence=evidence_lines(case, group, "name", _shown),
            remedy=REMEDY,
            more=len(paths) - 1,
            claims=tuple(group),
        )


def _shown(value: str | None) -> str:
    return "no name" if value is None else show_name(value)


ENTRY_NAME = CauseRule(code=CauseCode.ENTRY_NAME, find=find, undo=undo_attribute)


RULES = (ENTRY_NAME,)
