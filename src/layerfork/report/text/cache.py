"""An exported cache, readably."""

from collections.abc import Iterator, Sequence

from layerfork.record.exportedcache import CacheReport, CacheRole, ExportedRecord, RecordUse
from layerfork.record.visible import visible_line
from layerfork.report.overview.words import counted
from layerfork.report.rendering import Look
from layerfork.report.text.columns import fitted

_DIGITS = 12
_UNITS = ("B", "KB", "MB", "GB", "TB")
_AGES = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


def render_caches(reports: Sequence[CacheReport], look: Look) -> str:
    """Records with what they build on and what they stand for; then what nothing uses."""
    blocks = (fitted(map(visible_line, _lines(report, look.verbose)), look.width) for report in reports)
    return "\n".join("\n".join(lines) + "\n" for lines in blocks)


def _lines(report: CacheReport, verbose: bool) -> Iterator[str]:
    cache = report.cache
    kind = "inline cache" if cache.inline else "cache"
    sizes = [layer.size_bytes for layer in cache.layers if layer.size_bytes is not None]
    yield f"{kind} {cache.source}" + (f", manifest {cache.manifest}" if cache.manifest else "")
    yield f"{len(cache.records)} records, {len(cache.layers)} layers with {_size(sum(sizes))}"
    yield from (f"note: {note}" for note in cache.notes)
    yield ""
    yield "records"
    for number, record in enumerate(cache.records):
        yield from _record(report, number, record, verbose)
    if any(map(report.is_over_age, cache.records)):
        yield "! older than --max-age: an import would reuse it all the same"
    gone = [layer for layer in cache.layers if layer.gone]
    if gone:
        yield ""
        yield "layers that are not there any more"
        yield from (f"  {layer.digest}" for layer in gone)
    yield from _unused(report)
    if report.record:
        yield ""
        yield from _missing(report)


def _record(report: CacheReport, number: int, record: ExportedRecord, verbose: bool) -> Iterator[str]:
    result = record.result
    digest = record.digest if verbose else record.digest.removeprefix("sha256:")[:_DIGITS]
    facts = []
    if result is not None:
        sizes = [report.cache.layers[place].size_bytes or 0 for place in result.layers]
        facts = [
            f"{counted(len(sizes), 'layer')}, {_size(sizes[-1] if sizes else 0)} on top",
            _age(report, record),
        ]
    elif record.inputs:
        facts = ["no layers"]
    use = report.uses.get(number)
    words = "  ".join(filter(None, [*facts, _use(use)]))
    yield f"{number:4}  {digest}  {words}".rstrip()
    for place, links in enumerate(record.inputs):
        listed = ", ".join(
            str(link.record) + (f" ({link.selector[7 : 7 + _DIGITS]})" if link.selector else "")
            for link in links
        )
        yield f"        input {place}: {listed}"


def _use(use: RecordUse | None) -> str:
    if use is None:
        return ""
    doubt = "" if use.certain else "perhaps "
    role = "content for " if use.role is CacheRole.CONTENT else ""
    return f"{role}{doubt}step {use.step}: {use.instruction}"


def _unused(report: CacheReport) -> Iterator[str]:
    cache = report.cache
    idle = (
        [number for number in range(len(cache.records)) if number not in report.uses] if report.record else []
    )
    rows = (
        ("layers that no record stands for", [cache.layers[place].digest for place in cache.unused_layers]),
        ("records without layers that nothing builds on", [str(number) for number in cache.dead_ends]),
        (f"records that no step of {report.record} is", [str(number) for number in idle]),
    )
    for title, found in rows:
        if found:
            yield ""
            yield f"{title}: {', '.join(found)}"


def _missing(report: CacheReport) -> Iterator[str]:
    if not report.missing:
        yield f"no step of {report.record} is known to be missing"
        return
    yield f"steps of {report.record} that it lacks"
    yield from (f"  {step:3} {instruction}: {reason}" for step, instruction, reason in report.missing)


def _size(count: int) -> str:
    value, unit = float(count), 0
    while value >= 1000 and unit < len(_UNITS) - 1:
        value, unit = value / 1000, unit + 1
    return f"{value:.1f} {_UNITS[unit]}" if unit else f"{count} B"


def _age(report: CacheReport, record: ExportedRecord) -> str:
    seconds = report.age_s(record)
    if seconds is None:
        return ""
    return f"{'! ' if report.is_over_age(record) else ''}{_span(seconds)} old"


def _span(seconds: float) -> str:
    length, unit = next((each for each in _AGES if seconds >= each[0]), _AGES[-1])
    return f"{int(seconds / length)} {unit}"
