"""Files that never end, and those that nobody writes to, are refused at once."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from layerfork.context.projectfiles import MOST_BYTES, UnreadableFileError, read_regular

LAYERFORK = (sys.executable, "-c", "from layerfork.cli import main; main()")


def unfit(path: Path, kind: str) -> None:
    """Make a file of a kind."""
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "sparse":
        path.touch()
        os.truncate(path, MOST_BYTES + 1)
    else:
        path.symlink_to(kind)


UNFIT = ("pipe", "sparse", "/dev/zero", "/dev/urandom")


@pytest.mark.parametrize("kind", UNFIT)
def test_what_is_no_regular_file_is_refused(tmp_path: Path, kind: str) -> None:
    unfit(tmp_path / "Dockerfile", kind)
    with pytest.raises(UnreadableFileError):
        read_regular(tmp_path / "Dockerfile")


def test_other_files_are_read(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x\r\n")
    assert read_regular(tmp_path / "a") == b"x\r\n"
    with pytest.raises(IsADirectoryError):
        read_regular(tmp_path)
    with pytest.raises(FileNotFoundError):
        read_regular(tmp_path / "gone")


@pytest.mark.parametrize("name", ["Dockerfile", ".dockerignore"])
@pytest.mark.parametrize("kind", ["pipe", "/dev/zero", "/dev/urandom"])
def test_no_command_waits_for_one(tmp_path: Path, name: str, kind: str) -> None:
    """Nor is one read to an end that there is none of."""
    if name != "Dockerfile":
        (tmp_path / "Dockerfile").write_text("FROM alpine\n")
    unfit(tmp_path / name, kind)
    done = subprocess.run(
        [*LAYERFORK, "pack", str(tmp_path), "-o", str(tmp_path / "out.tar")],
        capture_output=True, text=True, timeout=20, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert name in done.stderr


def test_a_pipe_that_a_person_names_is_packed(tmp_path: Path) -> None:
    (tmp_path / "context").mkdir()
    script = '"$@" -f <(echo FROM alpine)'
    words = [*LAYERFORK, "pack", str(tmp_path / "context")]
    done = subprocess.run(["bash", "-c", script, "bash", *words], capture_output=True, timeout=20, check=True)
    assert b"FROM alpine" in done.stdout
