"""What clients send otherwise than a canonical tar has it, a paragraph for each way to send."""

from collections.abc import Iterator, Sequence

from layerfork.record.context import Sending, SendingReport, SentDifference
from layerfork.record.visible import visible_line
from layerfork.report.rendering import Look
from layerfork.report.text.columns import hung


def render_sendings(reports: Sequence[SendingReport], look: Look) -> str:
    """Each way to send with its clients and builder, and what differs."""
    return "".join("\n".join(map(visible_line, _lines(report, look))) + "\n" for report in reports)


def _lines(report: SendingReport, look: Look) -> Iterator[str]:
    for sending in report.sendings:
        yield from hung(f"{', '.join(sending.clients)} ({sending.builder})", look.width, rest=2)
        yield from _differences(sending, look)
        yield ""
    if report.unknown:
        yield from hung(f"not known what they send: {', '.join(report.unknown)}", look.width, rest=2)
        yield ""
    if not report.sendings:
        names = " ".join(f"--client {each}" for each in report.unknown)
        yield from hung(
            f"building with them shows it: layerfork run {report.context} {names}", look.width, rest=2
        )
        return
    count = sum(bool(sending.differences) for sending in report.sendings)
    ways = f"{len(report.sendings)} way{'s' * (len(report.sendings) != 1)} to send {report.context}"
    yield f"{count} of {ways} differ from `layerfork pack`"


def _differences(sending: Sending, look: Look) -> Iterator[str]:
    for each in sending.differences:
        yield from hung(_words(each), look.width, f"  {each.cause}: ", 4)
    if not sending.differences:
        yield "  as packed"
    for note in sending.notes:
        yield from hung(note, look.width, "  note: ", 4)


def _words(difference: SentDifference) -> str:
    first, more = difference.path, difference.entries - 1
    others = f", and {more} more" if more else ""
    if not difference.sent:
        return f"{first} is not sent ({difference.packed}){others}"
    if not difference.packed:
        return f"{first} is sent, and not packed ({difference.sent}){others}"
    return f"{first} is sent as {difference.sent}, packed as {difference.packed}{others}"
