"""`layerfork pack` as a person types it."""

import io
import os
import pty
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

LAYERFORK = Path(sys.executable).with_name("layerfork")


@pytest.fixture
def context(tmp_path: Path) -> Path:
    (tmp_path / "Dockerfile").write_text("FROM alpine\n")
    (tmp_path / "data").write_text("data\n")
    return tmp_path


def pack(
    *words: str | Path, stdin: bytes = b"", cwd: Path | None = None
) -> "subprocess.CompletedProcess[bytes]":
    argv = [str(LAYERFORK), "pack", *map(str, words)]
    return subprocess.run(argv, input=stdin, capture_output=True, cwd=cwd, timeout=60, check=False)


def names(data: bytes) -> list[str]:
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        return tar.getnames()


def test_to_standard_output_and_to_a_file_are_the_same(
    context: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    place = tmp_path_factory.mktemp("out") / "context.tar"

    piped, saved = pack(context), pack(context, "-o", place)

    assert (piped.returncode, saved.returncode, saved.stdout, piped.stderr) == (0, 0, b"", b"")
    assert names(piped.stdout) == ["Dockerfile", "data"]
    assert place.read_bytes() == piped.stdout
    assert [each.name for each in place.parent.iterdir()] == ["context.tar"]


def test_a_file_in_the_context_does_not_pack_itself(context: Path) -> None:
    first = pack(".", "-o", "context.tar", cwd=context)
    one = (context / "context.tar").read_bytes()
    again = pack(".", "-o", "context.tar", cwd=context)
    with (context / "shell.tar").open("wb") as out:
        subprocess.run([LAYERFORK, "pack", "."], stdout=out, cwd=context, timeout=60, check=True)

    assert (first.returncode, again.returncode) == (0, 0)
    assert b"context.tar is left out: it is the tar itself" in again.stderr
    assert (context / "context.tar").read_bytes() == one
    assert names((context / "shell.tar").read_bytes()) == ["Dockerfile", "context.tar", "data"]


def test_a_file_stays_what_it_was_when_packing_fails(
    context: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    place = tmp_path_factory.mktemp("out") / "context.tar"
    place.write_text("older")
    (context / ".dockerignore").write_text("a[\n")

    failed = pack(context, "-o", place)

    assert failed.returncode == 2
    assert failed.stdout == b""
    assert [each.name for each in place.parent.iterdir()] == ["context.tar"]
    assert place.read_text() == "older"


def test_what_is_no_file_is_not_replaced(context: Path, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    (context / ".dockerignore").write_text("fifo\n")
    with subprocess.Popen([LAYERFORK, "pack", context, "-o", tmp_path / "fifo"]) as process:
        data = (tmp_path / "fifo").read_bytes()

    assert process.returncode == 0
    assert names(data) == [".dockerignore", "Dockerfile", "data"]
    assert (tmp_path / "fifo").is_fifo()


def test_a_dockerfile_from_standard_input(context: Path) -> None:
    done = pack(context, "-f", "-", stdin=b"FROM scratch\n")

    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as tar:
        dockerfile = tar.extractfile("Dockerfile")
        assert dockerfile is not None
        assert dockerfile.read() == b"FROM scratch\n"
        assert tar.getnames() == ["Dockerfile", "data"]


def test_f_starts_from_the_working_directory(context: Path) -> None:
    (context / "ci").mkdir()
    (context / "ci" / "prod").write_text("FROM scratch\n")

    inside, wrong = (
        pack("..", "-f", "prod", cwd=context / "ci"),
        pack(context, "-f", "ci/prod", cwd=Path("/")),
    )

    assert inside.returncode == 0
    assert names(inside.stdout) == ["Dockerfile", "ci", "ci/prod", "data"]
    assert wrong.returncode == 2
    assert f"-f {context}/ci/prod".encode() in wrong.stderr


@pytest.mark.parametrize("what", ["missing", "file", "empty"])
def test_what_is_no_context_is_refused(tmp_path: Path, what: str) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "empty").mkdir()

    refused = pack(tmp_path / what)

    assert refused.returncode == 2
    assert refused.stdout == b""
    assert what.encode() in refused.stderr
    assert b"hint:" in refused.stderr


def test_a_terminal_gets_no_tar(context: Path) -> None:
    leader, follower = pty.openpty()
    try:
        done = subprocess.run(
            [LAYERFORK, "pack", context], stdout=follower, stderr=subprocess.PIPE, timeout=60, check=False
        )
    finally:
        os.close(leader)
        os.close(follower)

    assert done.returncode == 2
    assert b"a tar does not belong on a terminal" in done.stderr


def test_a_closed_standard_output_is_an_error(context: Path) -> None:
    argv = ["sh", "-c", 'exec "$0" pack "$1" >&-', str(LAYERFORK), str(context)]

    done = subprocess.run(argv, stderr=subprocess.PIPE, timeout=60, check=False)

    assert done.returncode == 3
    assert done.stderr == b"layerfork: cannot write the output: Bad file descriptor\n"


def test_who_stops_reading_is_told_by_the_exit_code(context: Path) -> None:
    (context / "big").write_bytes(bytes(3 << 20))
    with subprocess.Popen(
        [LAYERFORK, "pack", context], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.read(10)
        process.stdout.close()
        said = process.stderr.read()

    assert process.returncode == 3
    assert said == b"layerfork: cannot write the output: Broken pipe\n"
