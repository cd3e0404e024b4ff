"""`layerfork doctor`: what can run here, what is missing, what would tint results."""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

from layerfork.harness.machine.places import examine_places
from layerfork.harness.machine.programs import examine_programs
from layerfork.harness.machine.settings import examine_settings, without_passwords
from layerfork.model.health import DoctorReport, Health, HealthRow
from layerfork.model.listing import ClientRow, EngineRow
from layerfork.pipeline.machine.clients import list_clients
from layerfork.pipeline.machine.engines import list_engines

ENGINES, CLIENTS = "engines", "clients"


def examine() -> DoctorReport:
    """The whole machine, looked at side by side. Starts no engine, fetches and changes nothing."""
    parts: tuple[Callable[[], list[HealthRow]], ...] = (
        lambda: list(examine_places()),
        lambda: list(_engines(list_engines())),
        lambda: list(_clients(list_clients())),
        lambda: list(examine_programs()),
        lambda: list(examine_settings(os.environ)),
    )
    with ThreadPoolExecutor(len(parts)) as pool:
        found = [each.result() for each in [pool.submit(part) for part in parts]]
    return DoctorReport(rows=tuple(row for part in found for row in part))


def _engines(rows: tuple[EngineRow, ...]) -> Iterator[HealthRow]:
    """Each engine; where none can run, that is what is missing."""
    for row in rows:
        yield _engine(row)
    if not any(row.ready for row in rows):
        first = next((row for row in rows if row.obstacles and row.obstacles[0].remedy), rows[0])
        yield HealthRow(
            area=ENGINES,
            name="any engine",
            health=Health.MISSING,
            what="none can run here",
            remedy=f"{first.obstacles[0].remedy} (for {first.id})" if first.obstacles else "",
        )


def _engine(row: EngineRow) -> HealthRow:
    if row.obstacles:
        obstacle = row.obstacles[0]
        what = without_passwords(obstacle.what)
        return HealthRow(area=ENGINES, name=row.id, health=Health.ABSENT, what=what, remedy=obstacle.remedy)
    version = f"{row.title} {row.version}".strip() if row.version not in row.title else row.title
    if row.id == "host" and row.image_store == "containerd":
        what = f"{version}, containerd image store: image ids are others than with graph drivers"
        return HealthRow(area=ENGINES, name=row.id, health=Health.NOTE, what=what)
    return HealthRow(area=ENGINES, name=row.id, health=Health.OK, what=version)


def _clients(rows: tuple[ClientRow, ...]) -> Iterator[HealthRow]:
    """How many are ready, and each that is not."""
    ready = sum(row.ready for row in rows)
    yield HealthRow(area=CLIENTS, name="ready", health=Health.OK, what=f"{ready} of {len(rows)}")
    for row in rows:
        for obstacle in row.obstacles[:1]:
            yield HealthRow(
                area=CLIENTS, name=row.id, health=Health.ABSENT, what=obstacle.what, remedy=obstacle.remedy
            )
