"""`layerfork doctor` as a person and a program read it."""

import json

import pytest

from layerfork.app import machine as doctor
from layerfork.cli import call
from layerfork.errors import ExitCode
from layerfork.record.machine import ClientRow, DoctorReport, EngineRow, Health, HealthRow, Obstacle

WELL = HealthRow(area="machine", name="umask", health=Health.OK, what="022")
NOTE = HealthRow(
    area="settings", name="DOCKER_BUILDKIT", health=Health.NOTE, what="0: classic", remedy="unset it"
)
SILENT = HealthRow(
    area="programs",
    name="buildx",
    health=Health.UNKNOWN,
    what="no answer in 10 s",
    remedy="ask it yourself",
)
BROKEN = EngineRow(
    id="private",
    title="Engine",
    obstacles=(Obstacle(what="running it needs root", remedy="sudo"), Obstacle(what="more")),
)
READY = EngineRow(id="host", title="Docker Engine", version="29.0.1", image_store="containerd")


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> list[EngineRow]:
    """The engines of a machine on which nothing else is looked at."""
    engines: list[EngineRow] = []
    clients = (
        ClientRow(id="a", title="A", builders=(), obstacles=(Obstacle(what="no", remedy="get a"),)),
        ClientRow(id="b", title="B", version="2.0", builders=()),
    )
    monkeypatch.setattr(doctor, "list_engines", lambda: tuple(engines))
    monkeypatch.setattr(doctor, "list_clients", lambda: clients)
    monkeypatch.setattr(doctor, "examine_places", lambda: [WELL])
    monkeypatch.setattr(doctor, "examine_programs", lambda environment: [SILENT])
    monkeypatch.setattr(doctor, "examine_settings", lambda environment: [NOTE])
    return engines


TEXT = """\
machine: 1 ok
engines: 1 of 2 ready
  note     host             Docker Engine 29.0.1, containerd image store: image ids are others than with graph drivers
  absent   private          running it needs root
                            sudo
clients: 1 of 2 ready
  absent   a                no
                            get a
programs: 1 unknown
  unknown  buildx           no answer in 10 s
                            ask it yourself
settings: 1 note
  note     DOCKER_BUILDKIT  0: classic
                            unset it
doctor: this machine can build; 2 things would distort results
"""  # noqa: E501


def test_what_is_well_is_left_out(machine: list[EngineRow], capsys: pytest.CaptureFixture[str]) -> None:
    machine += [READY, BROKEN]
    assert call(["doctor"]) == ExitCode.AS_HOPED
    assert capsys.readouterr().out == TEXT
    assert call(["doctor", "-v"]) == ExitCode.AS_HOPED
    assert "ok       umask" in capsys.readouterr().out


def test_no_engine_is_what_is_missing(machine: list[EngineRow], capsys: pytest.CaptureFixture[str]) -> None:
    machine += [BROKEN]
    assert call(["doctor"]) == ExitCode.FORKED
    out = capsys.readouterr().out
    assert (
        "  missing  any engine       none can run here\n                            sudo (for private)\n"
        in out
    )
    assert out.endswith("doctor: cannot build on this machine: any engine is missing\n")


def test_programs_get_a_document(machine: list[EngineRow], capsys: pytest.CaptureFixture[str]) -> None:
    machine += [READY]
    assert call(["doctor", "--format", "json"]) == ExitCode.AS_HOPED
    document = json.loads(capsys.readouterr().out)
    assert (document["schema"], document["ready"]) == ("layerfork/doctor/1", True)
    assert document["rows"][-1] == {
        "area": "settings",
        "name": "DOCKER_BUILDKIT",
        "health": "note",
        "what": "0: classic",
        "remedy": "unset it",
    }


def test_this_machine_is_looked_at_without_a_change() -> None:
    report = doctor.examine()
    assert isinstance(report, DoctorReport)
    assert {"machine", "engines", "clients", "programs"} <= {row.area for row in report.rows}
