"""The bytes of a file."""

from collections.abc import Iterator

from layerfork.diagnose.causes.forms import EVIDENCE_LIMIT, distinct_paths, show_value, where
from layerfork.diagnose.causes.rule import Case, CauseRule, Finding
from layerfork.diagnose.causes.wording import count_by_directory
from layerfork.diagnose.compare.differences import Difference
from layerfork.diagnose.undo.request import undo_content
from layerfork.record.cause import CauseCode
from layerfork.record.record import BuildRecord

CONTENT_REMEDY = (
    "if the change is not wanted: fix line endings (.gitattributes, core.autocrlf), leave generated "
    "files out of the context; else copy what changes often last"
)


def find_content(case: Case, unclaimed: tuple[Difference, ...]) -> Iterator[Finding]:
    """Own differences of all files together: content has no value that files could share."""
    own = [each for each in unclaimed if each.cause == CauseCode.CONTENT]
    if not own:
        return
    paths = distinct_paths(own)
    first = next((each for each in own if "size" not in each.field), own[0])
    yield Finding(
        code=CauseCode.CONTENT,
        path=first.path,
        field=first.field,
        writer=show_value(first.writer),
        reader=show_value(first.reader),
        what=f"{case.reader_name} sent other content than {case.writer_name}"
        + (where(case, paths) or f" ({_sizes(case, first)})"),
        evidence=tuple(_evidence(case, own, paths)),
        remedy=CONTENT_REMEDY,
        more=len(paths) - 1,
        claims=tuple(own),
    )


def _evidence(case: Case, own: list[Difference], paths: list[str]) -> Iterator[str]:
    for each in own[:EVIDENCE_LIMIT]:
        label = each.field or CauseCode.CONTENT
        yield (
            f"{label} of {each.path or '.'}: {case.reader_name} {show_value(each.reader)}, "
            f"{case.writer_name} {show_value(each.writer)}"
        )
    if len(own) == 1:
        yield f"size of {paths[0]}: {_sizes(case, own[0])}"
    if len(own) > EVIDENCE_LIMIT:
        yield f"… {len(paths):,} files in all, by directory:"
        yield from count_by_directory(paths, EVIDENCE_LIMIT)


def _sizes(case: Case, difference: Difference) -> str:
    reader, writer = (
        _size(case.reader.record, difference.reader),
        _size(case.writer.record, difference.writer),
    )
    if reader is None or writer is None:
        return "sizes unknown"
    if reader == writer:
        return f"both {reader:,} bytes"
    return f"{case.reader_name} {reader:,} bytes, {case.writer_name} {writer:,} bytes"


def _size(record: BuildRecord, content: str | None) -> int | None:
    entries = record.context.entries if record.context and content else ()
    return next((entry.size for entry in entries if entry.content == content), None)


CONTENT = CauseRule(code=CauseCode.CONTENT, find=find_content, undo=undo_content)
"""The bytes of a file."""


RULES = (CONTENT,)
