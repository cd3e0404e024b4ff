"""What each client sent for a path, and steps that a build does not have."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from layerfork.record.context import ContextEntry, ContextManifest, EntryType, short_digest
from layerfork.record.record import BuildOutcome
from layerfork.record.run import TrialBuild
from layerfork.report.views.overview import Overview, fold_clients

MOST_ENTRIES = 2000
"""Larger contexts are left out: two recorded builds of them are compared by ``layerfork diff``."""
MOST_FIELDS = 40
FEW_SENDERS = 6
"""Up to this many clients are named even where they are the majority."""
NOT_SENT = "not sent"
Sender = tuple[str, int]
"""Client, and place of the engine."""
Facts = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class SentField:
    """One field of one path, or of several where all is alike."""

    paths: tuple[str, ...]
    field: str
    values: tuple[tuple[str, tuple[str, ...]], ...]
    """Value, and names of the clients that sent it; of the value that most sent, how many they are."""
    causes: tuple[str, ...]
    """Codes of the forks that name it."""


def sent_fields(overview: Overview) -> tuple[SentField, ...]:
    """Of all builds of a scenario whose context is on record; fields that some fork names come first."""
    sent = dict(_sent(overview))
    named = {
        (part.path, part.field): str(cause.code)
        for report in overview.reports
        for fork in report.judgement.forks
        for cause in fork.causes
        for part in cause.parts or (cause,)
    }
    names = _Names(overview, sent)
    paths = dict.fromkeys(path for facts in sent.values() for path in facts)
    alike: dict[tuple[str, tuple[tuple[str, tuple[str, ...]], ...], tuple[str, ...]], list[str]] = {}
    for path in paths:
        for field, values in _different(path, sent):
            senders = _senders_by_value(values, names)
            codes = tuple(filter(None, (named.get((path, field)),)))
            alike.setdefault((field, senders, codes), []).append(path)
    found = [
        SentField(paths=tuple(group), field=field, values=values, causes=causes)
        for (field, values, causes), group in alike.items()
    ]
    return tuple(sorted(found, key=lambda each: not each.causes)[:MOST_FIELDS])


def _sent(overview: Overview) -> Iterator[tuple[Sender, Mapping[str, Facts]]]:
    known: dict[tuple[ContextEntry, ...], Mapping[str, Facts]] = {}
    for place, report in enumerate(overview.reports):
        for build in report.builds:
            manifest = _manifest(build)
            if manifest is not None:
                entries = tuple(manifest.entries)
                if entries not in known:
                    known[entries] = {_path(each): _facts(each) for each in entries}
                yield (build.client, place), known[entries]


def _manifest(build: TrialBuild) -> ContextManifest | None:
    manifest = build.record.context if build.record is not None else None
    if manifest is None or not (manifest.complete and 0 < len(manifest.entries) <= MOST_ENTRIES):
        return None
    return manifest


def _path(entry: ContextEntry) -> str:
    return entry.name.removeprefix("./").rstrip("/") or "."


def _facts(entry: ContextEntry) -> Facts:
    """As they were sent, by the names that the key models use."""
    facts = {
        "name": entry.name,
        "type": entry.type.value,
        "mode": f"{entry.mode:07o}",
        "uid": str(entry.uid),
        "gid": str(entry.gid),
        "uname": entry.uname,
        "gname": entry.gname,
        "linkname": entry.linkname,
        "xattrs": ", ".join(name for name, _ in entry.xattrs),
    }
    if entry.type is EntryType.FILE and entry.content is not None:
        facts["content"] = short_digest(entry.content)
    return facts


def _different(
    path: str, sent: Mapping[Sender, Mapping[str, Facts]]
) -> Iterator[tuple[str, Mapping[str, Sequence[Sender]]]]:
    """Fields of a path that have several values. One that not everyone sent is a difference of its own."""
    present = {sender: facts[path] for sender, facts in sent.items() if path in facts}
    if len(present) < len(sent):
        without = [sender for sender in sent if sender not in present]
        yield "entry", {"sent": list(present), NOT_SENT: without}
    for field in dict.fromkeys(field for facts in present.values() for field in facts):
        values: dict[str, list[Sender]] = {}
        for sender, facts in present.items():
            if field in facts:
                values.setdefault(facts[field], []).append(sender)
        if len(values) > 1:
            yield field, values


def _senders_by_value(
    values: Mapping[str, Sequence[Sender]], names: "_Names"
) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Few senders by name, the many last and only counted."""
    order = sorted(values, key=lambda value: len(values[value]))
    named = [(value, names.of(tuple(values[value]))) for value in order]
    most, senders = order[-1], values[order[-1]]
    clients = len(dict.fromkeys(client for client, _ in senders))
    if clients > FEW_SENDERS:
        named[-1] = (most, (f"all others ({clients} clients)",))
    return tuple(named)


class _Names:
    """Names of senders, folded. Those that did not do the same everywhere come last, behind their engines."""

    def __init__(self, overview: Overview, senders: Iterable[Sender]) -> None:
        self._overview = overview
        self._places: dict[str, list[int]] = {}
        for client, place in senders:
            self._places.setdefault(client, []).append(place)
        self._known: dict[tuple[Sender, ...], tuple[str, ...]] = {}

    def of(self, senders: tuple[Sender, ...]) -> tuple[str, ...]:
        """Of many fields the senders are the same: each group is named once."""
        if senders not in self._known:
            self._known[senders] = tuple(self._named(senders))
        return self._known[senders]

    def _named(self, senders: Iterable[Sender]) -> Iterator[str]:
        engines: dict[str, list[int]] = {}
        for client, place in senders:
            engines.setdefault(client, []).append(place)
        groups: dict[tuple[int, ...], list[str]] = {}
        for client, places in engines.items():
            everywhere = places == self._places[client]
            groups.setdefault(() if everywhere else tuple(places), []).append(client)
        for group, clients in sorted(groups.items()):
            names = fold_clients(clients, self._overview.known)
            where = ", ".join(self._overview.engines[place] for place in group)
            yield from (f"on {where}: {names[0]}", *names[1:]) if group else names


# Clients without a result, folded by the reason.


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """Clients that ended in the same way for the same reason."""

    names: tuple[str, ...]
    """Folded."""
    count: int
    """How many clients they are."""
    engines: tuple[str, ...]
    """Where; empty when it was so on all engines."""
    outcome: str
    reason: str
    """Its first line."""


def missing_of(overview: Overview) -> tuple[Missing, ...]:
    """In the order of their builds."""
    found: dict[tuple[str, str], dict[str, dict[str, None]]] = {}
    for engine, report in zip(overview.engines, overview.reports, strict=True):
        for build in report.builds:
            if build.outcome is not BuildOutcome.SUCCEEDED:
                reason = (build.reason or "no reason given").splitlines()[0]
                clients = found.setdefault((build.outcome.value, reason), {})
                clients.setdefault(build.client, {})[engine] = None
    return tuple(
        Missing(
            names=fold_clients(list(clients), overview.known),
            count=len(clients),
            engines=_engines(overview, clients),
            outcome=outcome,
            reason=reason,
        )
        for (outcome, reason), clients in found.items()
    )


def _engines(overview: Overview, clients: dict[str, dict[str, None]]) -> tuple[str, ...]:
    engines = dict.fromkeys(engine for each in clients.values() for engine in each)
    return () if len(engines) == len(overview.engines) else tuple(engines)
