"""What was found in files, for a person: by `lint`, in an exported cache, in contexts that clients send."""

from collections.abc import Iterator, Sequence

from rich.text import Text

from layerfork.record.context import SendingGroup, SendingReport, SentDifference, short_digest
from layerfork.record.exportedcache import CacheReport, CacheRole, CacheSizes, ExportedRecord, RecordUse
from layerfork.record.lint import LintReport, Trap
from layerfork.record.visible import visible_line
from layerfork.report.rendering import Look, Renderers
from layerfork.report.text.layout import cut, fitted, hung, print_lines
from layerfork.report.views.sentences import counted

_ON_A_LINE = 120
"""Columns of the first line where no width is known."""
_LEAST = 40
"""Columns that the subject always gets."""


def render_lints(reports: Sequence[LintReport], look: Look) -> str:
    """Where, what it costs, what to do; bad files; a last line that begins with ``lint:``."""
    return "".join(print_lines(_lint_lines(report, look), look) for report in reports)


def _lint_lines(report: LintReport, look: Look) -> Iterator[Text]:
    for trap in report.traps:
        yield from _trap(trap, look)
    for bad in report.bad:
        place = f"{bad.file}:{bad.line}" if bad.line else bad.file
        lines = hung(f"{place}: {bad.reason}", look.width, "", 4)
        yield from (Text(line, style="bold red") for line in lines)
    style = "bold red" if report.traps or report.bad else "bold cyan"
    yield Text(f"lint: {_sentence(report)}", style=style)


def _trap(trap: Trap, look: Look) -> Iterator[Text]:
    place = f"{trap.file}:{trap.line}  "
    room = (look.width or _ON_A_LINE) - len(place) - len(trap.code) - 2
    subject = cut(trap.subject, max(_LEAST, room))
    yield Text.assemble((f"{place}{subject}", "bold"), "  ", (trap.code, "yellow"))
    yield from map(Text, hung(trap.cost, look.width, "  ", 2))
    yield from map(Text, hung(f"fix: {trap.fix.sentence}", look.width, "  ", 7))
    if trap.fix.warning:
        yield from map(Text, hung(f"warning: {trap.fix.warning}", look.width, "  ", 7))


def _sentence(report: LintReport) -> str:
    count = len(report.traps)
    files = f"{report.files} {'file' if report.files == 1 else 'files'}"
    parts = [f"{count or 'no'} {'trap' if count == 1 else 'traps'} in {files}"]
    if report.ignored:
        parts.append(f"{report.ignored} ignored by comments")
    if report.bad:
        bad = len({each.path for each in report.bad})
        parts.append(f"{bad} bad {'file' if bad == 1 else 'files'}")
    return ", ".join(parts)


# An exported cache, readably.

_UNITS = ("B", "KB", "MB", "GB", "TB")
_AGES = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


def render_caches(reports: Sequence[CacheReport], look: Look) -> str:
    """Records with what they build on and the steps that they match; then what is unused."""
    blocks = (fitted(map(visible_line, _cache_lines(report, look.verbose)), look.width) for report in reports)
    return "\n".join("\n".join(lines) + "\n" for lines in blocks)


def _cache_lines(report: CacheReport, verbose: bool) -> Iterator[str]:
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
        yield "! older than --max-age: an import would still reuse it"
    gone = [layer for layer in cache.layers if layer.gone]
    if gone:
        yield ""
        yield "layers that no longer exist"
        yield from (f"  {layer.digest}" for layer in gone)
    yield from _unused(report)
    if report.sizes is not None and report.sizes.steps:
        yield ""
        yield from _sizes(report.sizes)
    if report.record:
        yield ""
        yield from _missing(report)


def _record(report: CacheReport, number: int, record: ExportedRecord, verbose: bool) -> Iterator[str]:
    result = record.result
    digest = record.digest if verbose else short_digest(record.digest)
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
            str(link.record) + (f" ({short_digest(link.selector)})" if link.selector else "")
            for link in links
        )
        yield f"        input {place}: {listed}"


def _use(use: RecordUse | None) -> str:
    if use is None:
        return ""
    doubt = "" if use.certain else "possibly "
    role = "content for " if use.role is CacheRole.CONTENT else ""
    return f"{role}{doubt}step {use.step}: {use.instruction}"


def _unused(report: CacheReport) -> Iterator[str]:
    cache = report.cache
    idle = (
        [number for number in range(len(cache.records)) if number not in report.uses] if report.record else []
    )
    rows = (
        ("layers without a record", [cache.layers[place].digest for place in cache.unused_layers]),
        ("records without layers that no record builds on", [str(number) for number in cache.dead_ends]),
        (f"records that match no step of {report.record}", [str(number) for number in idle]),
    )
    for title, found in rows:
        if found:
            yield ""
            yield f"{title}: {', '.join(found)}"


def _sizes(sizes: CacheSizes) -> Iterator[str]:
    """Where the bytes come from: the steps, then what the two modes of an export make of them."""
    yield "layers by step"
    stages = max(len(each.stage) for each in sizes.steps)
    for each in sizes.steps:
        size = "?" if each.size_bytes is None else _size(each.size_bytes)
        place = {True: "in the image", False: "other stage", None: ""}[each.in_image]
        yield f"  {each.step:3}  {each.stage:{stages}}  {size:>9}  {place:12}  {each.instruction}"
    parts = [f"base images {_size(sizes.base_bytes)}"] if sizes.base_bytes else []
    if all(each.in_image is not None for each in sizes.steps):
        parts.append(f"steps of the image {_size(sizes.image_bytes)}")
        parts.append(f"steps of other stages {_size(sizes.beyond_image_bytes)}, which mode=max adds")
    if sizes.other_bytes:
        parts.append(f"other builds {_size(sizes.other_bytes)}")
    yield "; ".join(parts)


def _missing(report: CacheReport) -> Iterator[str]:
    if not report.missing:
        yield f"no step of {report.record} is missing, as far as known"
        return
    yield f"steps of {report.record} that the cache lacks"
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


# How what clients send differs from a canonical tar, a paragraph for each way to send.


def render_sendings(reports: Sequence[SendingReport], look: Look) -> str:
    """Each way to send with its clients and builder, and what differs."""
    return "".join("\n".join(map(visible_line, _sending_lines(report, look))) + "\n" for report in reports)


def _sending_lines(report: SendingReport, look: Look) -> Iterator[str]:
    for sending in report.sendings:
        yield from hung(f"{', '.join(sending.clients)} ({sending.builder})", look.width, rest=2)
        yield from _differences(sending, look)
        yield ""
    if report.unknown:
        yield from hung(f"unknown what these clients send: {', '.join(report.unknown)}", look.width, rest=2)
        yield ""
    if not report.sendings:
        names = " ".join(f"--client {each}" for each in report.unknown)
        yield from hung(
            f"to find out, build with them: layerfork run {report.context} {names}", look.width, rest=2
        )
        return
    count = sum(bool(sending.differences) for sending in report.sendings)
    ways = f"{len(report.sendings)} way{'s' * (len(report.sendings) != 1)} to send {report.context}"
    yield f"{count} of {ways} differ from `layerfork pack`"


def _differences(sending: SendingGroup, look: Look) -> Iterator[str]:
    for each in sending.differences:
        yield from hung(_words(each), look.width, f"  {each.cause}: ", 4)
    if not sending.differences:
        yield "  the same as packed"
    for note in sending.notes:
        yield from hung(note, look.width, "  note: ", 4)


def _words(difference: SentDifference) -> str:
    first, more = difference.path, difference.entries - 1
    others = f", and {more} more" if more else ""
    if not difference.sent:
        return f"{first} is not sent ({difference.packed}){others}"
    if not difference.packed:
        return f"{first} is sent but not packed ({difference.sent}){others}"
    return f"{first} is sent as {difference.sent}, packed as {difference.packed}{others}"


RENDERERS: Renderers = {
    "lints": render_lints,
    "sendings": render_sendings,
    "caches": render_caches,
}
