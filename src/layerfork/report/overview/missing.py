"""Clients without a result, folded by the reason."""

from dataclasses import dataclass

from layerfork.record.record import BuildOutcome
from layerfork.report.overview.folding import fold_clients
from layerfork.report.overview.overview import Overview


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
