"""The Python API, as programs use it."""

import doctest
import io
import logging
import os
import shutil
import socket
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

import layerfork
from layerfork.app import pythonapi as programs
from layerfork.app.check.checking import CheckOptions
from layerfork.errors import LayerforkError, UsageError
from layerfork.record.progress import Say

RECORDS = Path(__file__).parents[1] / "golden" / "records" / "seed-buildkit.jsonl"


def test_its_examples_are_true(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copy(RECORDS, tmp_path / "laptop.jsonl")
    monkeypatch.chdir(tmp_path)

    failed, tried = doctest.testmod(layerfork)

    assert (failed, tried) == (0, 12)


def test_importing_it_imports_nothing_of_ours() -> None:
    program = "import sys, layerfork; print([name for name in sys.modules if 'layerfork' in name])"

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout == "['layerfork']\n"


@pytest.fixture
def context(tmp_path: Path) -> Path:
    (tmp_path / "Dockerfile").write_text("FROM alpine\n")
    (tmp_path / "data").write_bytes(os.urandom(1_000_000))
    return tmp_path


def test_a_context_is_a_file_object(context: Path) -> None:
    whole = layerfork.context_tar(context).read()
    with layerfork.context_tar(os.fspath(context), dockerfile="Dockerfile") as fileobj:
        parts = [fileobj.read(1), fileobj.read(700_000), fileobj.read(), fileobj.read()]
    pieces = list(layerfork.context_tar(context))

    assert fileobj.closed
    assert b"".join(part or b"" for part in parts) == b"".join(pieces) == whole
    assert max(map(len, pieces)) < len(whole) / 2
    with tarfile.open(fileobj=io.BytesIO(whole)) as tar:
        assert tar.getnames() == ["Dockerfile", "data"]
    with pytest.raises(ValueError, match="closed"):
        fileobj.read()


def test_nobody_takes_it_for_something_with_a_length(context: Path) -> None:
    """requests sends a body without a length in chunks."""
    with layerfork.context_tar(context) as fileobj:
        assert not hasattr(fileobj, "__len__")
        with pytest.raises(io.UnsupportedOperation):
            fileobj.fileno()
        with pytest.raises(io.UnsupportedOperation):
            fileobj.tell()


def test_what_is_wrong_with_the_call_is_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no Dockerfile"):
        layerfork.context_tar(tmp_path)


def test_what_is_left_out_goes_to_the_log(context: Path, caplog: pytest.LogCaptureFixture) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(os.fspath(context / "s"))
        with caplog.at_level(logging.WARNING, "layerfork"):
            layerfork.context_tar(context).read()

    assert [(each.name, each.message) for each in caplog.records] == [
        ("layerfork", "s is left out: a tar cannot have sockets")
    ]


def test_a_build_is_a_directory_or_a_command(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    asked: list[tuple[str, ...]] = []

    def stop(options: CheckOptions, say: Say) -> None:
        asked.append(options.argv)
        say("a line for people")
        raise UsageError("enough")

    monkeypatch.setattr(programs, "check_command", stop)
    caplog.set_level(logging.INFO, "layerfork")
    for build in ("app", Path("app"), ["make", "image"], (), "", [""]):
        with pytest.raises(UsageError):
            layerfork.check(build)

    assert asked == [("docker", "build", "app"), ("docker", "build", "app"), ("make", "image")]
    assert caplog.messages == ["a line for people"] * 3


def test_what_is_wrong_is_raised(tmp_path: Path) -> None:
    with pytest.raises(LayerforkError, match="No such file or directory"):
        layerfork.diff(tmp_path / "a.jsonl", tmp_path / "b.jsonl")
    with pytest.raises(LayerforkError, match="was recorded yet"):
        layerfork.predict(tmp_path, store=tmp_path / "store")
