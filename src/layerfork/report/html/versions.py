"""The versions used, each once however many runs name it."""

from collections.abc import Sequence
from dataclasses import dataclass

from layerfork.report.overview.overview import Overview

FACTS = (
    "Storage Driver",
    "Backing Filesystem",
    "Kernel Version",
    "Operating System",
    "Architecture",
    "containerd",
    "runc",
)
"""Lines of ``docker info`` that decide most; JSON has all of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Versions:
    engines: tuple[tuple[str, str], ...]
    """Version, and facts with commas."""
    clients: tuple[tuple[str, tuple[str, ...]], ...]
    """Client, and its versions: that of its engine where it belongs to one."""
    packages: tuple[tuple[str, tuple[str, ...]], ...]
    """Client environment and what is installed there."""


def versions_of(overviews: Sequence[Overview]) -> Versions:
    """Of all runs, each once."""
    engines: dict[tuple[str, str], None] = {}
    clients: dict[str, dict[str, None]] = {}
    packages: dict[tuple[str, tuple[str, ...]], None] = {}
    for overview in overviews:
        for report in overview.reports:
            facts, engine = dict(report.versions.engine), report.engine
            told = (f"{name}: {facts[name]}" for name in FACTS if name in facts)
            kind = (f"{engine.kind}, API {engine.api_version}", engine.image_store) if engine else ()
            engines[(engine.version if engine else "", ", ".join(filter(None, (*kind, *told))))] = None
            for client, version in report.versions.clients:
                clients.setdefault(client, {})[version] = None
            packages |= dict.fromkeys(report.versions.packages)
    return Versions(
        engines=tuple(engines),
        clients=tuple((client, tuple(versions)) for client, versions in clients.items()),
        packages=tuple(packages),
    )
