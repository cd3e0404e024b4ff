"""GitHub's cache service of a repository, for a person."""

from collections.abc import Iterator, Sequence

from layerfork.record.actionscache import ActionsCacheReport, Budget, CacheExport, Readers, RefCaches
from layerfork.record.visible import visible_line
from layerfork.report.rendering import Look, Renderers
from layerfork.report.text.layout import fitted, table
from layerfork.report.views.sentences import counted

_MOST_ROWS = 12
"""At most this many rows are listed without --verbose: the largest."""
_SEVERAL = 3
"""From this many refs with the same readers on, they are one row."""
_EXPORTS = 5
_UNITS = ("B", "KB", "MB", "GB", "TB")
_SPANS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


def render_actions_caches(reports: Sequence[ActionsCacheReport], look: Look) -> str:
    """How full it is, the refs with their readers, and what to do."""
    blocks = (fitted(map(visible_line, _lines(report, look)), look.width) for report in reports)
    return "\n".join("\n".join(lines) + "\n" for lines in blocks)


def _lines(report: ActionsCacheReport, look: Look) -> Iterator[str]:
    budget = report.budget
    limit = _size(budget.limit_bytes) + ("" if budget.limit_is_known else " (GitHub's default)")
    share = f"{budget.used_bytes / max(budget.limit_bytes, 1):.0%}"
    entries = counted(report.entries, "entry", "entries")
    yield f"{report.name}: {entries}, {_size(budget.used_bytes)} of {limit}, {share}"
    yield (
        f"BuildKit wrote {report.buildkit_entries:,} of them, {_size(report.buildkit_bytes)}; {_rate(budget)}"
    )
    yield from (f"note: {note}" for note in report.notes)
    if report.refs:
        yield ""
        yield from _refs(report, look)
    for finding in report.findings:
        yield ""
        yield f"{_size(finding.size_bytes)}  {finding.what}  [{finding.code.value}]"
        yield f"  do: {finding.fix}"


def _rate(budget: Budget) -> str:
    if budget.written_bytes_a_day is None:
        return "too young to say how much is written a day"
    rate = f"at least {_size(budget.written_bytes_a_day)} written a day"
    if budget.days_until_full is None:
        return rate
    full = "full now" if not budget.days_until_full else f"full in {budget.days_until_full:.1f} days"
    return f"{rate}; {full}"


def _refs(report: ActionsCacheReport, look: Look) -> Iterator[str]:
    groups = [(each,) for each in report.refs] if look.verbose else _groups(report.refs)
    shown = groups if look.verbose else groups[:_MOST_ROWS]
    rows: list[tuple[str, ...]] = [("ref", "entries", "size", "BuildKit", "last use", "who can read it")]
    rows += [_row(each, report.read_s) for each in shown]
    for number, lines in enumerate(table(rows, look.width)):
        yield from lines
        if look.verbose and number:
            yield from _details(shown[number - 1][0], report.read_s)
    rest = [each for group in groups[len(shown) :] for each in group]
    if rest:
        yield f"{len(rest):,} more refs with {_size(sum(each.size_bytes for each in rest))} (-v lists them)"


def _groups(refs: Sequence[RefCaches]) -> list[tuple[RefCaches, ...]]:
    """Refs with the same readers are one row where there are several; the largest row comes first."""
    by_readers: dict[Readers, list[RefCaches]] = {}
    for each in refs:
        by_readers.setdefault(each.readers, []).append(each)
    groups: list[tuple[RefCaches, ...]] = []
    for readers, own in by_readers.items():
        alike = len(own) >= _SEVERAL and readers is not Readers.BRANCH
        groups += [tuple(own)] if alike else [(each,) for each in own]
    return sorted(groups, key=lambda group: -sum(each.size_bytes for each in group))


def _row(group: tuple[RefCaches, ...], now_s: float) -> tuple[str, ...]:
    name = group[0].ref if len(group) == 1 else f"{len(group):,} refs such as {group[0].ref}"
    return (
        name,
        f"{sum(each.entries for each in group):,}",
        _size(sum(each.size_bytes for each in group)),
        _size(sum(each.buildkit_bytes for each in group)),
        f"{_span(now_s - max(each.used_s for each in group))} ago",
        group[0].readers.value,
    )


def _details(ref: RefCaches, now_s: float) -> Iterator[str]:
    if ref.reads:
        yield f"    its runs also read {', '.join(ref.reads)}"
    yield from (f"    {_export(each, now_s)}" for each in ref.exports[:_EXPORTS])
    if len(ref.exports) > _EXPORTS:
        yield f"    {counted(len(ref.exports) - _EXPORTS, 'older export')}"


def _export(export: CacheExport, now_s: float) -> str:
    new = counted(export.blobs, "new blob")
    return (
        f"export {export.number} of scope {export.scope}, {_span(now_s - export.created_s)} ago: "
        f"{new}, {_size(export.size_bytes)}"
    )


def _size(count: int) -> str:
    """As GitHub's pages count: 1 KB is 1,024 bytes."""
    value, unit = float(count), 0
    while value >= 1024 and unit < len(_UNITS) - 1:
        value, unit = value / 1024, unit + 1
    return f"{value:.1f} {_UNITS[unit]}" if unit else f"{count} B"


def _span(seconds: float) -> str:
    seconds = max(seconds, 0.0)
    length, unit = next((each for each in _SPANS if seconds >= each[0]), _SPANS[-1])
    return f"{int(seconds / length)} {unit}"


RENDERERS: Renderers = {"actions_caches": render_actions_caches}
