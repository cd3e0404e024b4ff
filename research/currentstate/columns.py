"""Engines as columns: those on which every client uses the same cache are one, the newest first."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from layerfork.record.engine import EngineInfo
from layerfork.report.views.overview import Overview

DOCKER = "Docker"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """Engines that agree about every client."""

    name: str
    engines: tuple[int, ...]
    """Places in the overview, the newest first."""
    kind: str
    """``Docker`` or ``podman``."""


def columns(overview: Overview) -> tuple[Column, ...]:
    """Docker's before podman's."""
    groups: dict[tuple[str, tuple[str, ...]], list[int]] = {}
    for place in newest_first(overview, range(len(overview.engines))):
        cells = tuple(row.cells[place] for row in overview.rows)
        groups.setdefault((_kind(overview, place), cells), []).append(place)
    return tuple(
        Column(name=named(overview, places), engines=tuple(places), kind=kind)
        for (kind, _), places in groups.items()
    )


def named(overview: Overview, engines: Iterable[int]) -> str:
    """``Docker 28.5.2, 26.1.5 graphdriver``: the image store where only one of a version's is meant."""
    parts: list[str] = []
    kinds: dict[str, dict[str, list[int]]] = {}
    for place in newest_first(overview, engines):
        kinds.setdefault(_kind(overview, place), {}).setdefault(_version(overview, place), []).append(place)
    for kind, versions in kinds.items():
        labels = [
            version
            if len(places) == _stores(overview, kind, version)
            else f"{version} {_store(overview, places)}"
            for version, places in versions.items()
        ]
        parts.append(f"{kind} {', '.join(labels)}")
    return ", ".join(parts)


def number(version: str) -> tuple[int, ...]:
    """A version to sort by."""
    return tuple(map(int, re.findall(r"\d+", version.partition("+")[0])))


def newest_first(overview: Overview, engines: Iterable[int]) -> Sequence[int]:
    """Places of engines: Docker's before podman's."""

    def order(place: int) -> tuple[bool, tuple[int, ...], str]:
        version = tuple(-each for each in number(_version(overview, place)))
        return _kind(overview, place) != DOCKER, version, _store(overview, [place])

    return sorted(engines, key=order)


def _stores(overview: Overview, kind: str, version: str) -> int:
    """How many image stores there are of a version."""
    places = range(len(overview.engines))
    return sum((_kind(overview, each), _version(overview, each)) == (kind, version) for each in places)


def _store(overview: Overview, places: Sequence[int]) -> str:
    return _info(overview, places[0]).image_store


def _version(overview: Overview, place: int) -> str:
    return re.split(r"[+~]", _info(overview, place).version, maxsplit=1)[0]


def _kind(overview: Overview, place: int) -> str:
    kind = _info(overview, place).kind
    return kind if kind == "podman" else DOCKER


def _info(overview: Overview, place: int) -> EngineInfo:
    engine = overview.reports[place].engine
    if engine is None:
        raise ValueError(f"engine {place} did not come up")
    return engine
