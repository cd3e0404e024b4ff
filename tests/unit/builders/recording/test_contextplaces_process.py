"""The process behind a connection: here it is always this one, and what is known of it lies in files."""

import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from layerfork.builders.recording.contextplaces import process_behind


@pytest.fixture
def connection() -> Iterator[socket.socket]:
    first, second = socket.socketpair(socket.AF_UNIX)
    with first, second:
        yield first


def test_it_is_known_by_its_directory_and_its_command_line(connection: socket.socket) -> None:
    found = process_behind(connection)
    assert found is not None
    assert found.directory == Path.cwd()
    assert found.argv == tuple(sys.orig_argv)


def test_one_that_sees_other_files_is_none(connection: socket.socket, tmp_path: Path) -> None:
    """Its directory has a name that means another directory here."""
    place = tmp_path / str(os.getpid())
    place.mkdir()
    (place / "cmdline").write_bytes(b"docker\0build\0")
    (tmp_path / "here").mkdir()
    (place / "cwd").symlink_to(tmp_path / "here")
    assert process_behind(connection, tmp_path) is not None
    (tmp_path / "here").rmdir()
    assert process_behind(connection, tmp_path) is None


def test_one_that_has_gone_is_none(connection: socket.socket, tmp_path: Path) -> None:
    assert process_behind(connection, tmp_path) is None


def test_one_on_another_machine_is_none() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname()),
        server.accept()[0] as accepted,
    ):
        assert process_behind(accepted) is None
