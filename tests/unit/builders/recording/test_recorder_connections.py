"""What a recorder remembers does not grow with connections that are no builds."""

import socket
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from layerfork.builders.engines import RunningEngine
from layerfork.builders.recording import recorder as recorders
from layerfork.builders.recording.contextplaces import ClientProcess
from layerfork.builders.recording.recorder import Recorder
from layerfork.record.context import Digest
from layerfork.wire.proxy import connection as keptfacts
from layerfork.wire.proxy.connection import ConnectionFacts, KeptFacts

PING = b"GET /_ping HTTP/1.1\r\nHost: x\r\n\r\n"
BUILD = b"POST /v1.45/build HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"


@pytest.fixture
def place() -> Iterator[Path]:
    """A directory with an engine that answers one request of each connection."""
    with tempfile.TemporaryDirectory(dir="/tmp") as directory, socket.socket(socket.AF_UNIX) as listener:
        listener.bind(f"{directory}/engine")
        listener.listen(100)

        def serve() -> None:
            while True:
                try:
                    sock, _ = listener.accept()
                except OSError:
                    return
                with sock:
                    sock.recv(1000)
                    sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nOK")

        threading.Thread(target=serve, daemon=True).start()
        yield Path(directory)
        listener.shutdown(socket.SHUT_RDWR)


def ask(recorder: Recorder, question: bytes) -> None:
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(recorder.docker_host.removeprefix("unix://"))
        client.sendall(question)
        while client.recv(1000):
            pass


def test_only_who_builds_is_remembered(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each connection comes from another process, as the pings of a script do."""
    numbers = iter(range(1_000))
    monkeypatch.setattr(
        recorders,
        "process_behind",
        lambda _: ClientProcess(directory=place, argv=("curl", str(next(numbers)))),
    )
    monkeypatch.setattr(keptfacts, "KEPT", 10)
    monkeypatch.setattr(recorders, "MOST_CLIENTS", 3)
    engine = cast("RunningEngine", SimpleNamespace(way=place / "engine"))
    with Recorder(engine, place / "recorder", b"key") as recorder:
        for number in range(60):
            ask(recorder, BUILD if number in (10, 20, 30, 40) else PING)
        assert [each.argv[1] for each in recorder.clients] == ["20", "30", "40"]


def test_facts_of_connections_have_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keptfacts, "KEPT", 3)
    facts = KeptFacts()
    changed = ConnectionFacts(engine_bytes=1, client_received=Digest("a"), client_forwarded=Digest("b"))
    for number in range(10):
        facts.add(ConnectionFacts(engine_bytes=1, client_bytes=number))
        facts.add(ConnectionFacts(problem=str(number)))
    facts.add(changed)
    assert [each.problem for each in facts.all() if each.problem] == ["0", "1", "2"]
    assert facts.all()[-1] is changed
    assert len(facts.all()) == 3 + 3 + 1
