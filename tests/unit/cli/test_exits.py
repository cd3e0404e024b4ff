"""The exit code says what happened, whatever becomes of the output and of the place it is called in."""

import errno
import importlib
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from layerfork.cli import call
from layerfork.errors import EngineError, ExitCode
from layerfork.record.build import Builder
from layerfork.record.record import BuildOutcome, BuildRecord, BuildResult, StepRecord, StepStatus
from layerfork.record.store.recordfile import RecordFile

LAYERFORK = (sys.executable, "-c", "from layerfork.cli import main; main()")
BUILDING = (("run", "."), ("record", "-o", "x.jsonl", "--", "true"), ("why", "--", "true"))
LONG = "RUN " + "a long instruction " * 20_000


def record(name: str, instruction: str = LONG) -> BuildRecord:
    return BuildRecord(
        id=name,
        recorded_at="2026-01-02T03:04:05Z",
        builder=Builder.CLASSIC,
        steps=(StepRecord(index=1, instruction=instruction, status=StepStatus.MISS),),
        result=BuildResult(outcome=BuildOutcome.SUCCEEDED),
    )


@pytest.fixture
def records(tmp_path: Path) -> Path:
    path = tmp_path / "records.jsonl"
    with RecordFile(path) as file:
        file.add(record("one"))
    return path


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is kept goes with the test."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


def layerfork(*words: str | Path, **options: Any) -> "subprocess.CompletedProcess[bytes]":
    environment = {"PATH": os.defpath, "HOME": os.environ["XDG_STATE_HOME"], **options.pop("env", {})}
    if "PYTHONPATH" in os.environ:
        environment["PYTHONPATH"] = os.environ["PYTHONPATH"]
    argv = [*LAYERFORK, *map(str, words)]
    return subprocess.run(argv, env=environment, timeout=60, check=False, **options)


def through_shell(line: str, *words: str | Path) -> "subprocess.CompletedProcess[bytes]":
    """A line of bash in which ``"$@"`` is layerfork with its words."""
    argv = ["bash", "-c", f"set -o pipefail; {line}", "bash", *LAYERFORK, *map(str, words)]
    return subprocess.run(argv, capture_output=True, timeout=60, check=False)


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ('"$@" | head -c 10 > /dev/null', 0),
        ('"$@" | true', 0),
        ('"$@" > /dev/full', 3),
        ('"$@" >&-', 3),
        ('"$@" 2>&- > /dev/null', 0),
        ('"$@" 2> /dev/full > /dev/null', 0),
        ('"$@" <&- > /dev/null', 0),
    ],
)
def test_output_that_goes_nowhere(records: Path, line: str, code: int) -> None:
    done = through_shell(line, "show", records)
    assert done.returncode == code, done.stderr
    assert b"Traceback" not in done.stderr
    assert b"Exception ignored" not in done.stderr


@pytest.mark.parametrize("words", [("--help",), ("--version",), ("run", "--help")])
def test_help_of_which_nobody_reads_the_rest(words: Sequence[str]) -> None:
    done = through_shell('"$@" | true', *words)
    assert (done.returncode, done.stderr) == (0, b"")


def test_a_connection_that_breaks_is_no_fork(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(path: str, max_age_s: float | None) -> None:
        raise BrokenPipeError(errno.EPIPE, "Broken pipe")

    monkeypatch.setattr("layerfork.app.records.show_records", broken)

    assert call(["show", "a.jsonl"]) == ExitCode.COULD_NOT_RUN
    assert "went away" in capsys.readouterr().err


@pytest.mark.parametrize("line", ['"$@" 2> /dev/full', '"$@" 2>&-', '"$@" >&- 2>&-', '"$@" < /dev/null'])
def test_an_error_that_cannot_be_said_is_one_all_the_same(line: str) -> None:
    assert through_shell(line, "show", "/nonexistent/file").returncode == 2


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_closed_descriptor_is_nobodys_file(tmp_path: Path, closed: str) -> None:
    """What warns on descriptor 2, or takes 1 for a terminal, must not write into a file of ours."""
    program = (
        "import sys; from layerfork.cli.output import keep_descriptors; keep_descriptors();"
        "sys.exit(open(sys.argv[1], 'w').fileno())"
    )
    argv = ["bash", "-c", f'"$@" {closed}', "bash", sys.executable, "-c", program, str(tmp_path / "written")]
    assert subprocess.run(argv, timeout=60, check=False).returncode > 2


@pytest.mark.parametrize("words", [*BUILDING, ("run",)])
def test_a_working_directory_that_is_gone(tmp_path: Path, words: Sequence[str]) -> None:
    place = tmp_path / "gone"
    place.mkdir()
    line = f'cd {place} && rmdir {place} && exec "$@"'
    done = through_shell(line, *words)
    assert done.returncode in (2, 3), done.stderr
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize(
    "address", ["tcp://h:999999", "tcp://[", "unix://relative", "nonsense://x", "ssh://"]
)
@pytest.mark.parametrize(
    "words", [("run", "."), ("record", "-o", "x.jsonl", "--", "true"), ("why", "--", "true")]
)
def test_an_address_that_is_none(tmp_path: Path, address: str, words: Sequence[str]) -> None:
    (tmp_path / "Dockerfile").write_text("FROM alpine\n")
    done = layerfork(*words, env={"DOCKER_HOST": address}, cwd=tmp_path, capture_output=True)
    assert done.returncode == 3, done.stderr
    assert address.encode() in done.stderr


def test_engines_lists_them_all_the_same(tmp_path: Path) -> None:
    done = layerfork("engines", env={"DOCKER_HOST": "tcp://h:999999"}, cwd=tmp_path, capture_output=True)
    assert done.returncode == 0, done.stderr
    assert b"tcp://h:999999" in done.stdout


def test_a_temporary_directory_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM alpine\n")
    missing = tmp_path / "missing"
    words = ("run", ".", "--engine", "private")
    done = layerfork(*words, env={"TMPDIR": str(missing)}, cwd=tmp_path, capture_output=True)
    assert done.returncode == 3, done.stderr
    assert str(missing).encode() in done.stderr


def test_interrupted_is_130_even_where_the_interrupt_was_ignored_before(tmp_path: Path) -> None:
    """As in ``make test &``: tests that interrupt what they start do not inherit that."""
    program = "import signal, os; os.kill(os.getpid(), signal.SIGINT); print('it was ignored')"
    test = tmp_path / "test_it.py"
    test.write_text(
        "import signal, subprocess, sys\n"
        "def test_it():\n"
        f"    done = subprocess.run([sys.executable, '-c', {program!r}], capture_output=True)\n"
        "    assert done.returncode != 0 and b'ignored' not in done.stdout\n"
    )
    (tmp_path / "conftest.py").write_text((Path(__file__).parents[2] / "conftest.py").read_text())
    argv = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(test)]
    ignoring = lambda: signal.signal(signal.SIGINT, signal.SIG_IGN)  # noqa: E731
    done = subprocess.run(argv, preexec_fn=ignoring, cwd=tmp_path, capture_output=True, check=False)
    assert done.returncode == 0, done.stdout


FORGED = "x\nlayerfork: everything was reused"


@pytest.mark.parametrize(
    "words",
    [
        ("show", FORGED),
        ("predict", FORGED),
        ("pack", FORGED),
        ("explain", FORGED),
        ("setup", "--engine", FORGED),
        ("engines", "get", FORGED),
        ("why", "--no-such", FORGED),
        ("why", f"--{FORGED}"),
        (FORGED,),
    ],
)
def test_a_line_feed_in_a_word_begins_no_line_of_an_error(
    words: Sequence[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert call([*words]) in (2, 3)
    written = capsys.readouterr()
    assert "\nlayerfork: everything" not in written.out + written.err


def test_output_of_others_keeps_its_lines(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*words: object) -> None:
        raise EngineError("no\nengine", hint="go\non", details="one\ntwo\x1b\n")

    monkeypatch.setattr(importlib.import_module("layerfork.app.records"), "show_records", fail)
    assert call(["show", "x"]) == 3
    assert capsys.readouterr().err == "layerfork: no\\nengine\nhint: go\\non\none\ntwo\\x1b\n"
