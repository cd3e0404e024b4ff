"""Where there is no room for a record, the command ends as it ends without us, and what is lost is said."""

import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes.programs import posts_its_context
from fakes.sockets import Socket, listening

from layerfork.errors import LayerforkError
from layerfork.record.store.recordfile import RecordFile, read_records

CORPUS = Path(__file__).parents[2] / "corpus" / "records"
LAYERFORK = (sys.executable, "-c", "from layerfork.cli import main; main()")
NO_ROOM = "not every build was recorded: cannot write"


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Socket]:
    for name in ("STATE", "CACHE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))  # not those of whoever runs the tests
    with tempfile.TemporaryDirectory(dir="/tmp") as directory, listening(Path(directory)) as socket:
        monkeypatch.setenv("DOCKER_HOST", socket.docker_host)
        yield socket


def layerfork(tmp_path: Path, *words: str, code: int = 0, limit: int | None = None) -> tuple[int, str]:
    """What becomes of two builds of a command that ends with a code; no file may be larger than the limit."""
    context = tmp_path / "context"
    context.mkdir(exist_ok=True)
    (context / "Dockerfile").write_text("FROM alpine\nRUN true\n")
    docker = posts_its_context(tmp_path / "bin", f"sys.exit({code})", times=2)

    def limited() -> None:
        if limit is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    done = subprocess.run(
        [*LAYERFORK, *words, "--engine", "host", "--", docker, "build", "-t", "x", context],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        preexec_fn=limited,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stderr


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("code", [0, 7])
def test_record_ends_as_its_command_does(tmp_path: Path, code: int) -> None:
    output = tmp_path / "out.jsonl"
    ended, said = layerfork(tmp_path, "record", "-o", str(output), code=code)
    assert (ended, said.splitlines()[-1]) == (code, f"layerfork: 2 recorded in {output}")
    size = output.stat().st_size
    output.unlink()
    for limit in (10, size // 3):
        ended, said = layerfork(tmp_path, "record", "-o", str(output), code=code, limit=limit)
        assert ended == code
        assert NO_ROOM in said
        assert "Traceback" not in said
        assert not output.exists()
        assert list((tmp_path / "STATE" / "layerfork" / "unfinished").iterdir()) == []


@pytest.mark.usefixtures("engine")
def test_what_was_written_before_stays(tmp_path: Path) -> None:
    output = tmp_path / "out.jsonl"
    layerfork(tmp_path, "record", "-o", str(output))
    size = output.stat().st_size
    output.unlink()
    ended, said = layerfork(tmp_path, "record", "-o", str(output), limit=size * 3 // 4)
    assert (ended, said.count(NO_ROOM)) == (0, 1)
    assert len(read_records(output)) == 1


@pytest.mark.usefixtures("engine")
def test_check_and_why_say_it_too(tmp_path: Path) -> None:
    layerfork(tmp_path, "why")
    ended, said = layerfork(tmp_path, "why", limit=10)
    assert (ended, said.count(NO_ROOM)) == (0, 2)  # each build has a file of its own
    ended, said = layerfork(tmp_path, "check", "-o", str(tmp_path / "out.jsonl"), limit=10)
    assert ended == 0
    assert NO_ROOM in said
    assert not (tmp_path / "out.jsonl").exists()


def test_a_smaller_record_still_fits(tmp_path: Path) -> None:
    """What was not written whole leaves nothing, neither in the file nor in buffers."""
    small, large = (
        read_records(CORPUS / f"{name}.jsonl")[0] for name in ("classic-content", "buildkit-mount")
    )
    path = tmp_path / "records"
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    with RecordFile(path) as file:
        file.add(small)
        resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 300, before[1]))
        try:
            with pytest.raises(LayerforkError, match="cannot write"):
                file.add(large)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
        file.add(small)
    assert read_records(path) == (small, small)


def test_nothing_is_left_where_nothing_fits(tmp_path: Path) -> None:
    path = tmp_path / "records"
    path.write_text("what was here")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, before[1]))
    try:
        with RecordFile(path) as file, pytest.raises(LayerforkError, match="cannot write"):
            file.add(read_records(CORPUS / "classic-content.jsonl")[0])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert not path.exists()
