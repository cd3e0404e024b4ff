"""What happens to an engine between two phases, asked of an engine that only answers."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from layerfork.app.experiment import phases as events
from layerfork.app.experiment.phases import EventRefusedError, lifetime
from layerfork.builders.engines import RunningEngine
from layerfork.builders.engines.baseimage import base_archive, image_id
from layerfork.record.scenario import Event

USUAL = base_archive(b"\x7fELF not really", ("bin/sh",), "amd64")


class Answering(BaseHTTPRequestHandler):
    """Writes down what is asked, and refuses builder prunes as podman does."""

    asked: list[str]

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.answer()

    def do_DELETE(self) -> None:
        self.answer()

    def do_GET(self) -> None:
        self.answer()

    def answer(self) -> None:
        self.asked.append(f"{self.command} {self.path}")
        self.send_response(404 if "build/prune" in self.path else 200)
        self.end_headers()
        self.wfile.write(b'{"stream": "Loaded image: mine:1\\n"}\n' if "load" in self.path else b"archive")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is inherited
        """Nothing."""


@pytest.fixture
def asked() -> list[str]:
    return []


@pytest.fixture
def engine(asked: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RunningEngine]:
    """Its loads and resets are among what was asked."""
    usual = tmp_path / "usual.tar"
    usual.write_bytes(USUAL)
    monkeypatch.setattr(events, "ensure_base_archive", lambda environment, say: usual)
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Mine", (Answering,), {"asked": asked}))
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()

    def load(archive: Path) -> None:
        is_usual = image_id(archive.read_bytes()) == image_id(USUAL)
        asked.append("load the usual base" if is_usual else "load another base")

    fake = SimpleNamespace(
        docker_host=f"tcp://127.0.0.1:{server.server_port}",
        load=load,
        reset=lambda: asked.append("reset"),
        is_alive=lambda: True,
        daemons=None,
    )
    yield cast("RunningEngine", fake)
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (Event.PRUNE_IMAGES, ["POST /images/prune"]),
        (Event.REMOVE_IMAGE, ["DELETE /images/mine%3A1"]),
        (Event.CLEAN, ["reset"]),
        (Event.SHIP_IMAGE, ["GET /images/mine%3A1/get", "reset", "POST /images/load?quiet=1"]),
        (Event.BASE_MOVED, ["load another base", "load the usual base"]),
        (Event.BASE_RECONFIGURED, ["load another base", "load the usual base"]),
        (Event.BASE_REBUILT, ["load another base", "load the usual base"]),
        (Event.BASE_RESTORED, ["load the usual base"]),
    ],
)
def test_what_an_engine_is_asked(
    engine: RunningEngine, asked: list[str], tmp_path: Path, event: Event, expected: list[str]
) -> None:
    with lifetime(engine, tmp_path) as life:
        life.let(event, "mine:1")
    assert asked == expected


def test_a_refusal_names_the_event_and_the_base_comes_back_all_the_same(
    engine: RunningEngine, asked: list[str], tmp_path: Path
) -> None:
    with lifetime(engine, tmp_path) as life:
        life.let(Event.BASE_MOVED, "mine:1")
        with pytest.raises(EventRefusedError, match=r"prune: the engine says .*404"):
            life.let(Event.PRUNE, "mine:1")
    assert asked == ["load another base", "POST /build/prune?all=1", "load the usual base"]


def test_only_an_engine_of_ours_is_restarted(engine: RunningEngine, asked: list[str], tmp_path: Path) -> None:
    with lifetime(engine, tmp_path) as life, pytest.raises(EventRefusedError, match="that layerfork started"):
        life.let(Event.RESTART, "mine:1")
    assert asked == []
