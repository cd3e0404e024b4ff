"""What a cache cost and saved, in the one sentence that all formats share."""

from collections.abc import Iterator, Sequence

from layerfork.record.balance import Balance, Transfer, TransferKind, UnreadExport
from layerfork.report.views.sentences import counted

_NAMES = {
    TransferKind.IMPORT: "import",
    TransferKind.PULL: "layers pulled",
    TransferKind.EXPORT: "export",
    TransferKind.LOAD: "image to the client",
    TransferKind.CONTEXT: "context",
}
_LEAST_S = 0.05
"""Shorter parts are left out where a longer one is shown."""
_LEAST_BESIDE_S = 1.0
"""What has nothing to do with the cache is said from this length on."""
_UNITS = ("B", "kB", "MB", "GB", "TB")


def balance_sentence(balance: Balance | None) -> str:
    """``saved about 12 s, cost 222 s (export 207 s, 1.9 GB): not worth it here``, to follow ``cache:``.

    Empty where the build moved no cache, and nothing else for long.
    """
    if balance is None:
        return ""
    beside = "; ".join(_parts([each for each in _beside(balance) if (each.seconds or 0) >= _LEAST_BESIDE_S]))
    if not balance.has_cost:
        return f"none was moved; {beside}" if beside else ""
    verdict = ": not worth it here" if balance.costs_more else ""
    return f"{_saved(balance)}, {_cost(balance)}{verdict}" + (f"; besides: {beside}" if beside else "")


def unread_sentence(unread: Sequence[UnreadExport]) -> str:
    """``2 exports of a cache, 414 s, that no later known build imported; the last: …``; empty for none."""
    if not unread:
        return ""
    seconds = [each.seconds for each in unread if each.seconds is not None]
    took = f", {_seconds(sum(seconds))}" if len(seconds) == len(unread) else ""
    last = unread[0]
    which = f"build {last.id[:12]} to {last.place}"
    which = f"the last was {which}" if len(unread) > 1 else which
    exports = counted(len(unread), "export of a cache", "exports of a cache")
    later = counted(last.later, "later build is", "later builds are")
    return f"{exports}{took}, that no later known build imported: {which} ({later} known)"


def _beside(balance: Balance) -> list[Transfer]:
    return [each for each in balance.transfers if not each.kind.is_of_cache]


def _saved(balance: Balance) -> str:
    if not balance.reused:
        return "saved nothing (no step was reused)"
    steps = counted(balance.reused, "reused step")
    if balance.saved_s is None:
        return f"saved an unknown time ({steps})"
    if balance.untimed:
        unknown = counted(balance.untimed, "reused step")
        return f"saved at least {_seconds(balance.saved_s)} ({unknown}: time unknown)"
    about = "about " if balance.saved_s >= _LEAST_S else ""
    return f"saved {about}{_seconds(balance.saved_s)} ({steps})"


def _cost(balance: Balance) -> str:
    costs = [each for each in balance.transfers if each.kind.is_of_cache]
    parts = "; ".join(_parts(costs))
    if balance.cost_s is None:
        return f"cost an unknown time ({parts})"
    most = "at most " if balance.cost_is_most else ""
    return f"cost {most}{_seconds(balance.cost_s)} ({parts})"


def _parts(transfers: Sequence[Transfer]) -> Iterator[str]:
    """The longest first."""
    shown = [each for each in transfers if each.seconds is None or each.seconds >= _LEAST_S or each.failed]
    for each in sorted(shown or transfers, key=lambda each: -(each.seconds or 0)):
        several = sum(other.kind is each.kind for other in transfers) > 1
        name = f"{_NAMES[each.kind]} {each.name}" if several and each.name else _NAMES[each.kind]
        name = f"failed {name}" if each.failed else name
        time = "time unknown" if each.seconds is None else _seconds(each.seconds)
        size = f", {_size(each.size_bytes)}" if each.size_bytes is not None else ""
        stored = f", a cache of {_size(each.stored_bytes)}" if each.stored_bytes is not None else ""
        yield f"{name} {time}{size}{stored}"


def _seconds(seconds: float) -> str:
    """``1.3 s``, ``222 s``, ``12 min``, ``1 h 58 min``."""
    if seconds < _LEAST_S:
        return "under 0.1 s"
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    if seconds < 599.5:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 120 else f"{minutes} min"


def _size(size_bytes: int) -> str:
    value, unit = float(size_bytes), 0
    while value >= 999.5 and unit < len(_UNITS) - 1:
        value, unit = value / 1000, unit + 1
    return f"{value:.1f} {_UNITS[unit]}" if unit and value < 9.95 else f"{value:.0f} {_UNITS[unit]}"
