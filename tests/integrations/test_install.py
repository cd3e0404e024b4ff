"""What the GitHub Action installs, really installed."""

import os
import subprocess
import sys
from pathlib import Path

import layerfork

TOP = Path(__file__).parents[2]


def install(temp: Path, path: Path, programs: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        ["bash", "-e", TOP / "integrations" / "github" / "install.sh"],
        env={
            **{name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"},
            "GITHUB_ACTION_PATH": str(TOP),
            "GITHUB_PATH": str(path),
            "PATH": f"{programs}:{os.environ['PATH']}",
            "RUNNER_TEMP": str(temp),
        },
        cwd="/",
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


def test_the_job_gets_the_command_and_nothing_else(tmp_path: Path) -> None:
    path, programs = tmp_path / "path", tmp_path / "programs"
    programs.mkdir()
    (programs / "uv").symlink_to(Path(sys.prefix) / "bin" / "uv")
    first = install(tmp_path, path, programs)
    assert first.returncode == 0, first.stderr
    directory = Path(path.read_text().rstrip("\n"))
    (program,) = directory.iterdir()
    said = subprocess.run([program, "--version"], cwd="/", capture_output=True, text=True, check=False)
    assert said.stdout == f"layerfork {layerfork.__version__}\n", said.stderr
    started = program.resolve().read_bytes().splitlines()[0]
    assert str(tmp_path).encode() in started  # an environment of its own, not the one of these tests
    (programs / "uv").unlink()
    again = install(tmp_path, path, programs)
    assert again.returncode == 0, again.stderr
    assert path.read_text() == f"{directory}\n" * 2
