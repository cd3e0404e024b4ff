"""The recorder's own check that it changes nothing."""

import os
import socket
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from layerfork.builders.engines import RunningEngine
from layerfork.builders.recording.recorder import VERIFY_VARIABLE, ForwardingError, Recorder
from layerfork.wire.proxy import connection


@pytest.mark.parametrize("verify", ["", "1"])
def test_a_changed_byte_is_noticed_where_that_is_asked_for(
    verify: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VERIFY_VARIABLE, verify)

    class Garbles(connection._Digests):
        """Sees another byte than the one that is forwarded."""

        def receive(self, data: memoryview) -> None:
            super().receive(memoryview(bytes(data[:-1]) + b"?"))

    monkeypatch.setattr(connection, "_Digests", Garbles)
    engine = cast("RunningEngine", SimpleNamespace(way=tmp_path / "e"))
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(os.fspath(tmp_path / "e"))
        listener.listen()

        def serve() -> None:
            sock, _ = listener.accept()
            sock.recv(100)
            sock.close()

        server = threading.Thread(target=serve)
        server.start()

        def use() -> None:
            with Recorder(engine, tmp_path / "s", b"key"), socket.socket(socket.AF_UNIX) as client:
                client.connect(os.fspath(tmp_path / "s"))
                client.sendall(b"GET / HTTP/1.1\r\n\r\n")
                client.recv(1)

        if verify:
            with pytest.raises(ForwardingError):
                use()
        else:
            use()
        server.join(10)
