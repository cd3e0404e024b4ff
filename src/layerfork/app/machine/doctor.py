"""`layerfork doctor`: what can run here, what is missing, what would tint results."""

import os
from collections.abc import Iterator

from layerfork.app.machine.clients import list_clients
from layerfork.app.machine.engines import list_engines
from layerfork.builders.machine.places import examine_places
from layerfork.builders.machine.programs import examine_programs
from layerfork.builders.machine.settings import examine_settings, without_passwords
from layerfork.record.health import DoctorReport, Health, HealthRow
from layerfork.record.listing import ClientRow, EngineRow

_ENGINES = "engines"
_CLIENTS = "clients"


def examine() -> DoctorReport:
    """The whole machine, one thing after the other: what has to answer in time has it for itself.

    Starts no engine, fetches and changes nothing.
    """
    rows = (
        *examine_places(),
        *_engines(list_engines()),
        *_clients(list_clients()),
        *examine_programs(os.environ),
        *examine_settings(os.environ),
    )
    return DoctorReport(rows=rows)


def _engines(rows: tuple[EngineRow, ...]) -> Iterator[HealthRow]:
    """Each engine; where none can run, that is what is missing."""
    for row in rows:
        yield _engine(row)
    if not any(row.ready for row in rows):
        first = next((row for row in rows if row.obstacles and row.obstacles[0].remedy), rows[0])
        yield HealthRow(
            area=_ENGINES,
            name="any engine",
            health=Health.MISSING,
            what="none can run here",
            remedy=f"{first.obstacles[0].remedy} (for {first.id})" if first.obstacles else "",
        )


def _engine(row: EngineRow) -> HealthRow:
    if row.obstacles:
        obstacle = row.obstacles[0]
        what = without_passwords(obstacle.what)
        return HealthRow(area=_ENGINES, name=row.id, health=Health.ABSENT, what=what, remedy=obstacle.remedy)
    version = f"{row.title} {row.version}".strip() if row.version not in row.title else row.title
    if row.id == "host" and row.image_store == "containerd":
        what = f"{version}, containerd image store: image ids are others than with graph drivers"
        return HealthRow(area=_ENGINES, name=row.id, health=Health.NOTE, what=what)
    return HealthRow(area=_ENGINES, name=row.id, health=Health.OK, what=version)


def _clients(rows: tuple[ClientRow, ...]) -> Iterator[HealthRow]:
    """Each client, with the first thing that it lacks."""
    for row in rows:
        if row.ready:
            yield HealthRow(area=_CLIENTS, name=row.id, health=Health.OK, what=row.version)
        for obstacle in row.obstacles[:1]:
            yield HealthRow(
                area=_CLIENTS, name=row.id, health=Health.ABSENT, what=obstacle.what, remedy=obstacle.remedy
            )
